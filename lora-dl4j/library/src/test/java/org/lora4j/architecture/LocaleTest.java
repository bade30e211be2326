/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written is the same in every locale: names, numbers and reports are read by machines, too. */
class LocaleTest {

    /** Calls that ask for the locale of the machine: digits, separators, upper and lower case, names of days. */
    private static final Pattern OF_THE_MACHINE = Pattern.compile("\\bString\\.format\\((?!\\s*Locale\\.ROOT)"
            + "|\\.(printf|formatted)\\((?!\\s*Locale\\.ROOT)"
            + "|\\.(toLowerCase|toUpperCase)\\(\\)"
            + "|\\bnew (Formatter|DecimalFormat|SimpleDateFormat|MessageFormat|Scanner)\\("
            + "|\\bMessageFormat\\.format\\("
            + "|Format\\.get\\w*Instance\\(\\s*\\)"
            + "|\\bLocale\\.getDefault\\("
            + "|\\bDateTimeFormatter\\.ofPattern\\([^,()]*\\)");

    @DisabledIfSystemProperty(
            named = "test.digits",
            matches = ".+",
            disabledReason = "sources are the same in every locale, and the run in that of the machine reads them")
    @ParameterizedTest
    @ValueSource(
            strings = {
                "lora-dl4j",
                "lora-tribuo",
                "integration-tests/quickstart",
                "integration-tests/examples",
                "integration-tests/benchmarks"
            })
    void mainCode_neverAsksForTheLocaleOfTheMachine(String module) throws IOException {
        List<String> found = new ArrayList<>();
        Path sources = Path.of("src", "main", "java");
        try (Stream<Path> files = Files.walk(Path.of(System.getProperty("lora4j.root"), module))) {
            List<Path> main = files.filter(path -> path.toString().endsWith(".java"))
                    .filter(path -> path.toString().contains(sources.toString()))
                    .toList();
            assertThat(main).isNotEmpty();
            for (Path file : main) {
                String text = Files.readString(file);
                Matcher call = OF_THE_MACHINE.matcher(text);
                while (call.find()) {
                    found.add(file + ", line "
                            + text.substring(0, call.start()).lines().count() + ": " + call.group());
                }
            }
        }

        assertThat(found).isEmpty();
    }

    @Test
    void theRunInOtherDigits_hasOtherDigits() {
        assumeTrue(System.getProperty("test.digits") != null, "this is the run in the locale of the machine");

        assertThat(String.format("%d", 1234567890)).isEqualTo("١٢٣٤٥٦٧٨٩٠");
    }
}
