/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A test that is skipped says why: whoever reads the log must see whether it matters here. */
class SkippedTestsTest {

    private static final Pattern SKIPPING =
            Pattern.compile("(?<![\\w.\"])(?:Assumptions\\.)?(assumeTrue|assumeFalse|assumeThat|assumingThat)\\("
                    + "|@((?:Disabled|Enabled)\\w*)(?![\\w.;])"
                    + "|new (TestAbortedException)\\(");

    /** What the skipping says, from its first parenthesis to the end of the statement, or to the matching one. */
    private static String rest(String source, int from) {
        int open = source.indexOf('(', from);
        int depth = 0;
        boolean quoted = false;
        for (int at = open; at < source.length(); at++) {
            char c = source.charAt(at);
            if (c == '"' && source.charAt(at - 1) != '\\') {
                quoted = !quoted;
            } else if (!quoted && c == '(') {
                depth++;
            } else if (!quoted && c == ')' && --depth == 0) {
                int end = source.indexOf(';', at);
                return source.startsWith(".", at + 1) || Character.isWhitespace(source.charAt(at + 1))
                        ? source.substring(open, end < 0 ? at : end)
                        : source.substring(open, at + 1);
            }
        }
        return "";
    }

    static List<String> withoutReason(String source) {
        List<String> found = new ArrayList<>();
        Matcher skipping = SKIPPING.matcher(source);
        while (skipping.find()) {
            boolean isAnnotation = skipping.group(2) != null;
            boolean hasValue = source.startsWith("(", skipping.end());
            String says = isAnnotation && !hasValue ? "" : rest(source, skipping.start());
            boolean isTold = switch (String.valueOf(skipping.group(1))) {
                case "assumeThat" -> says.contains(".as(") || says.contains(".describedAs(");
                case "assumeTrue", "assumeFalse" -> arguments(says) > 1;
                case "assumingThat" -> false;
                default ->
                    isAnnotation
                            ? says.contains("disabledReason")
                                    || skipping.group(2).equals("Disabled") && says.contains("\"")
                            : says.length() > "()".length();
            };
            if (!isTold) {
                found.add(
                        "line " + source.substring(0, skipping.start()).lines().count() + ": " + skipping.group());
            }
        }
        return found;
    }

    /** How many arguments a call has that begins with a parenthesis. */
    private static int arguments(String call) {
        int depth = 0;
        int count = 1;
        boolean quoted = false;
        for (int at = 0; at < call.length(); at++) {
            char c = call.charAt(at);
            if (c == '"' && (at == 0 || call.charAt(at - 1) != '\\')) {
                quoted = !quoted;
            } else if (!quoted) {
                depth += c == '(' || c == '{' || c == '[' ? 1 : c == ')' || c == '}' || c == ']' ? -1 : 0;
                count += c == ',' && depth == 1 ? 1 : 0;
            }
        }
        return count;
    }

    @Test
    void everySkippedTest_saysWhy() throws IOException {
        List<String> found = new ArrayList<>();
        int looked = 0;
        Path root = Path.of(System.getProperty("lora4j.root"));
        Path sources = Path.of("src", "test", "java");
        for (String part : List.of("lora-dl4j", "lora-tribuo", "integration-tests")) {
            try (Stream<Path> files = Files.walk(root.resolve(part))) {
                for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                        .filter(path -> path.toString().contains(sources.toString()))
                        .filter(path -> !path.endsWith("SkippedTestsTest.java"))
                        .toList()) {
                    looked++;
                    withoutReason(Files.readString(file)).forEach(place -> found.add(file + ", " + place));
                }
            }
        }

        assertThat(looked).isGreaterThan(500);
        assertThat(found).isEmpty();
    }

    @Test
    void reasons_areFound_andMissingOnes() {
        assertThat(withoutReason("assumeTrue(there(a, \")\"), \"no file\");")).isEmpty();
        assertThat(withoutReason("assumeTrue(there(a, b));")).hasSize(1);
        assertThat(withoutReason("Assumptions.assumeTrue(Files.exists(x));")).hasSize(1);
        assertThat(withoutReason("assumeThat(x).as(\"why\")\n  .isTrue();")).isEmpty();
        assertThat(withoutReason("assumeThat(x).isTrue();\nassertThat(y).as(\"why\");"))
                .hasSize(1);
        assertThat(withoutReason("@Disabled\nclass A")).hasSize(1);
        assertThat(withoutReason("@Disabled(\"slow (very)\")\nclass A")).isEmpty();
        assertThat(withoutReason("@EnabledOnOs(OS.LINUX)\nvoid a()")).hasSize(1);
        assertThat(withoutReason("@EnabledOnOs(value = OS.LINUX, disabledReason = \"/proc\")\nvoid a()"))
                .isEmpty();
        assertThat(withoutReason("throw new TestAbortedException();")).hasSize(1);
        assertThat(withoutReason("import org.junit.jupiter.api.Disabled;\nimport static a.Assumptions.assumeTrue;"))
                .isEmpty();
    }
}
