/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the module is to others: a program with one way in, which no library depends on. */
class ProgramTest {

    private static final Path LIBRARIES = Path.of("..");

    @Test
    void noOtherModule_dependsOnTheProgram() throws IOException {
        try (Stream<Path> modules = Files.list(LIBRARIES)) {
            List<Path> poms = modules.filter(
                            module -> !List.of("cli", "bom").contains(String.valueOf(module.getFileName())))
                    .map(module -> module.resolve("pom.xml"))
                    .filter(Files::exists)
                    .toList();
            assertThat(poms)
                    .hasSizeGreaterThan(9)
                    .allSatisfy(pom -> assertThat(Files.readString(pom)).doesNotContain("lora-dl4j-cli"));
        }
    }

    @Test
    void lora4j_isTheOnlyPublicType() throws IOException {
        try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
            assertThat(sources.filter(file -> file.toString().endsWith(".java"))
                            .filter(file -> hasPublicType(file))
                            .map(file -> file.getFileName().toString()))
                    .containsExactly("Lora4j.java");
        }
    }

    private static boolean hasPublicType(Path file) {
        try {
            return Files.readAllLines(file).stream()
                    .anyMatch(line -> line.matches("public (final |abstract )*(class|record|enum|interface) .*"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
