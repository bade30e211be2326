@echo off
rem lora4j: from a table of texts to a model in use. Needs Java 17 or newer, from JAVA_HOME or the path.
rem
rem   JAVA_OPTS      options for Java, such as -Xmx8g
rem   LORA4J_CACHE   where native libraries are unpacked to, as --cache
setlocal
set "HERE=%~dp0"
set "JAVA=java"
if defined JAVA_HOME set "JAVA=%JAVA_HOME%\bin\java.exe"
if defined JAVA_HOME if not exist "%JAVA%" goto missing
if not defined JAVA_HOME where java >nul 2>nul || goto missing
if not defined OMP_WAIT_POLICY set "OMP_WAIT_POLICY=PASSIVE"
set "SHARED="
if exist "%HERE%lora4j.jsa" set SHARED="-XX:SharedArchiveFile=%HERE%lora4j.jsa"
rem Half of the memory for Java, as much again for what multiplies; JAVA_OPTS wins, as it comes later.
"%JAVA%" -XX:MaxRAMPercentage=50 -XX:+UseSerialGC -XX:+IgnoreUnrecognizedVMOptions --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -Xshare:auto -Xlog:disable %SHARED% %JAVA_OPTS% -jar "%HERE%lora4j.jar" %*
exit /b %ERRORLEVEL%
:missing
>&2 echo lora4j: there is no Java: "%JAVA%". Install Java 17 or newer, or set JAVA_HOME.
exit /b 1
