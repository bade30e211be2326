/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The two scripts that start the program: that for Windows is judged by the rules of its interpreter, as builds run on Linux. */
class LaunchScriptsTest {

    private static final Path SCRIPTS = Path.of("src/main/scripts");

    private static String read(String name) throws IOException {
        return Files.readString(SCRIPTS.resolve(name), StandardCharsets.UTF_8);
    }

    private static Set<String> found(String pattern, String text) {
        Set<String> found = new TreeSet<>();
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }

    private static List<String> commands() throws IOException {
        return read("lora4j.bat")
                .lines()
                .filter(line -> !line.startsWith("rem"))
                .toList();
    }

    @Test
    void both_startJavaInTheSameWay() throws IOException {
        String options = "(?m)(?<=[\\s\"])(--?[A-Za-z][\\w:+=.,-]*)";
        String unix = read("lora4j").substring(read("lora4j").indexOf("exec \"$java\""));
        String windows = commands().stream()
                .filter(line -> line.startsWith("\"%JAVA%\" -XX"))
                .reduce("", String::concat);
        Set<String> ofUnix = found(options, unix);
        assertThat(ofUnix).contains("-XX:MaxRAMPercentage=50", "--enable-native-access=ALL-UNNAMED", "-jar");
        assertThat(found(options, windows)).isEqualTo(ofUnix);
        assertThat(windows).contains("%JAVA_OPTS% -jar");
    }

    @Test
    void windows_getsItsEndsOfLinesAndCharactersOfEveryCodePage() throws IOException {
        // With other ends it does not find labels.
        String script = read("lora4j.bat");
        assertThat(script).endsWith("\r\n");
        assertThat(script.replace("\r\n", "").chars()).allMatch(c -> c >= ' ' && c < 127);
    }

    @Test
    void windows_hasNoBlocks() throws IOException {
        // A parenthesis in the value of a variable, as in "Program Files (x86)", would end them.
        assertThat(commands()).noneMatch(line -> line.contains("(") || line.contains(")"));
    }

    @Test
    void windows_quotesEveryPath() throws IOException {
        for (String line : commands()) {
            String outside = line.replaceAll("\"[^\"]*\"", "");
            assertThat(outside).as(line).doesNotContain("%HERE%").doesNotContain("%JAVA%");
        }
    }

    @Test
    void windows_knowsEveryVariableAndLabel() throws IOException {
        String script = String.join("\n", commands());
        Set<String> known = found("(?i)set \"?(\\w+)=", script);
        known.addAll(Set.of("JAVA_HOME", "JAVA_OPTS", "ERRORLEVEL", "OMP_WAIT_POLICY"));
        assertThat(known).containsAll(found("%(\\w+)%", script));
        assertThat(found("(?m)^:(\\w+)$", script)).isNotEmpty().isEqualTo(found("goto (\\w+)", script));
    }

    @Test
    void windows_passesArgumentsOnAndTheExitCodeBack() throws IOException {
        List<String> lines = commands();
        assertThat(lines.get(0)).isEqualTo("@echo off");
        assertThat(lines.get(1)).as("variables stay inside").isEqualTo("setlocal");
        int start = lines.indexOf(lines.stream()
                .filter(line -> line.endsWith(" -jar \"%HERE%lora4j.jar\" %*"))
                .findFirst()
                .orElseThrow());
        assertThat(lines.get(start + 1)).isEqualTo("exit /b %ERRORLEVEL%");
    }
}
