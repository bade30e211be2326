/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExampleTest {

    /** The SHA-256 of "abc", from FIPS 180-2, appendix B.1. */
    private static final String OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private Example example(String... more) throws IOException {
        PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
        String[] args = new String[2 + more.length];
        args[0] = folder.resolve("shared").toString();
        args[1] = folder.resolve("out").toString();
        System.arraycopy(more, 0, args, 2, more.length);
        return new Example("example-x", out, args);
    }

    @Test
    void data_whenItIsAbsent_saysWhatIsMissingAndWhereItComesFrom() throws IOException {
        DataFile file = new DataFile("letters", "abc.txt", OF_ABC, "the alphabet");

        assertThat(example().data(file)).isEmpty();
        assertThat(printed.toString(StandardCharsets.UTF_8).lines().toList())
                .singleElement()
                .asString()
                .startsWith("example-x: skipped what needs abc.txt: no file ")
                .contains("It comes from the alphabet.", "data/letters", "-Dlora4j.shared=FOLDER");
    }

    @Test
    void data_ofTheSharedFolder_hasToBeWhatWasPublished() throws IOException {
        Path file =
                Files.createDirectories(folder.resolve("shared/data/letters")).resolve("abc.txt");
        Files.writeString(file, "abc");
        DataFile right = new DataFile("letters", "abc.txt", OF_ABC, "the alphabet");

        assertThat(example().data(right)).contains(file);

        Files.writeString(file, "abd");
        assertThatThrownBy(() -> example().data(right))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("expected " + OF_ABC)
                .hasMessageContaining("the alphabet");
    }

    @Test
    void data_thatIsShipped_needsNoFolder() throws IOException {
        assertThat(example().data(Requests.FILE).orElseThrow()).hasSize(1_702_451);
        assertThat(example().data(Requests.DOMAINS).orElseThrow()).hasSize(3_818);
    }

    @Test
    void data_thatIsShipped_andDamaged_isRefusedByName() {
        DataFile torn = new DataFile("letters", "torn.txt", OF_ABC, "the alphabet");

        assertThatThrownBy(() -> example().data(torn))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("letters/torn.txt.gz: ")
                .hasMessageContaining("it comes from the alphabet");
    }

    @Test
    void jar_ofTheClassPath_hasToBeWhatWasPublished() throws IOException {
        String inside = "org/lora4j/examples/marker.txt";
        DataFile jar = new DataFile("marker", "marker.jar", OF_ABC, "a forge");

        assertThat(example().jar(jar, inside)).isEmpty();
        assertThat(printed.toString(StandardCharsets.UTF_8))
                .startsWith("example-x: skipped what needs marker.jar: no " + inside
                        + " on the class path. It comes from " + "a forge.")
                .contains("-Pexample-x");

        // A jar that is there, with other bytes than "abc".
        assertThatThrownBy(() -> example().jar(jar, "org/junit/jupiter/api/Test.class"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("expected " + OF_ABC)
                .hasMessageContaining("a forge");
    }

    @Test
    void seeds_areThreeInTheLongRun() throws IOException {
        assertThat(example().seeds()).containsExactly(42L);
        assertThat(example("true", "7").seeds()).containsExactly(7L, 8L, 9L);
        assertThat(example("true", "7", "bge").argument(0, "minilm")).isEqualTo("bge");
        assertThat(example("false", "7", " ").argument(0, "minilm")).isEqualTo("minilm");
        assertThatThrownBy(() -> example("perhaps")).hasMessageContaining("example.full = \"perhaps\"");
    }

    @Test
    void end_leavesAllFigures() throws IOException {
        Example example = example("false", "7");
        example.table(new Comparison("search", "rank", 1).add("frozen", 0.25).add(Comparison.LORA, 0.5));
        example.figure("answers", List.of(1, 2));
        example.end();

        JsonNode report =
                new ObjectMapper().readTree(folder.resolve("out/report.json").toFile());
        assertThat(report.at("/search/LoRA/value").doubleValue()).isEqualTo(0.5);
        assertThat(report.at("/search/frozen/loraAbove/value").doubleValue()).isEqualTo(0.25);
        assertThat(report.at("/answers/1").intValue()).isEqualTo(2);
        assertThat(report.at("/seed").intValue()).isEqualTo(7);
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("| frozen | 0.2500 |");
    }
}
