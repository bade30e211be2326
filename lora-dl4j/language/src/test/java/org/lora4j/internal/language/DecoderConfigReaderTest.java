/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.error.ModelFormatException;

/** What a file says that the golden models' files do not, or whose sequences are too short to show it. */
class DecoderConfigReaderTest {

    @TempDir
    private Path folder;

    /** Reads a config of four layers; 64 wide, with 8 heads. */
    private DecoderConfig read(String type, String more) throws IOException {
        Files.writeString(
                folder.resolve("config.json"),
                "{\"model_type\": \"" + type + "\", \"hidden_size\": 64, \"intermediate_size\": 64,"
                        + " \"num_hidden_layers\": 4, \"num_attention_heads\": 8, \"vocab_size\": 99" + more + "}");
        return DecoderConfigReader.read(folder, 99);
    }

    private static List<Integer> windows(DecoderConfig config) {
        return config.layers().stream().map(layer -> layer.window().orElse(0)).toList();
    }

    @Test
    void window_ofNull_isNone_andAbsentIsTheFamilys() throws IOException {
        assertThat(windows(read("mistral", ", \"sliding_window\": null"))).containsOnly(0);
        assertThat(windows(read("mistral", ""))).containsOnly(4096);
        assertThat(windows(read("gemma2", ", \"sliding_window\": null"))).containsOnly(0);
        assertThat(windows(read("gemma2", ""))).containsExactly(4096, 0, 4096, 0);
    }

    @Test
    void caps_ofNull_areNone_andAbsentAreTheFamilys() throws IOException {
        DecoderConfig without = read("gemma2", ", \"attn_logit_softcapping\": null, \"final_logit_softcapping\": null");
        DecoderConfig usual = read("gemma2", "");

        assertThat(without.logitsCap()).isEmpty();
        assertThat(without.layers()).allMatch(layer -> layer.scoreCap().isEmpty());
        assertThat(usual.logitsCap()).hasValue(30);
        assertThat(usual.layers()).allMatch(layer -> layer.scoreCap().getAsDouble() == 50);
    }

    @ParameterizedTest
    @CsvSource({
        "llama, 8",
        "mistral, 8",
        "granite, 8",
        "olmo2, 8",
        "phi3, 8",
        "gemma2, 4",
        "gemma3_text, 4",
        "smollm3, 4"
    })
    void keyHeads_thatAFileLeavesOut_areTheFamilys(String type, int expected) throws IOException {
        assertThat(read(type, "").keyHeads()).isEqualTo(expected);
        assertThat(read(type, ", \"num_key_value_heads\": null").keyHeads()).isEqualTo(8);
    }

    @Test
    void layersWithoutRotation_slide_whereTheFileAsksForWindows() throws IOException {
        String asked = ", \"use_sliding_window\": true, \"sliding_window\": 16, \"no_rope_layers\": [1, 0, 1, 0, 1, 1]";

        assertThat(windows(read("smollm3", asked))).containsExactly(0, 16, 0, 16);
        assertThat(windows(read("smollm3", ", \"sliding_window\": 16"))).containsOnly(0);
        assertThat(read("smollm3", "").layers())
                .extracting(layer -> layer.rotation().isPresent())
                .containsExactly(true, true, true, false);
    }

    @Test
    void stretchingOfTheFirstPhi3_isLongrope() throws IOException {
        String factors = "\"short_factor\": [1, 1, 1, 1], \"long_factor\": [2, 2, 2, 2]";
        String more = ", \"max_position_embeddings\": 131072, \"rope_scaling\": {\"type\": \"%s\", " + factors + "}";

        double[] named = new double[8];
        double[] before = new double[8];
        read("phi3", more.formatted("longrope")).rotations().get(0).at(3, 5000, named, new double[8], 0);
        read("phi3", more.formatted("su")).rotations().get(0).at(3, 5000, before, new double[8], 0);
        assertThat(before).containsExactly(named);
        assertThat(named[0]).isCloseTo(Math.cos(1.5) * Math.sqrt(1 + Math.log(32) / Math.log(4096)), within(1e-9));
    }

    @Test
    void attentionToWhatFollows_isRefused() {
        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> read("gemma3_text", ", \"use_bidirectional_attention\": true"))
                .withMessageContaining("use_bidirectional_attention is true, expected none");
    }
}
