/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.ModelFormatException;

/** Whatever numbers the config of an encoder has, it is refused with our words, or what is read is what the tensors have. */
class EncoderSizesTest {

    private static final List<String> FIELDS = List.of(
            "vocab_size",
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
            "max_position_embeddings",
            "type_vocab_size",
            "pad_token_id",
            "num_labels",
            "layer_norm_eps",
            "architectures",
            "id2label",
            "hidden_act",
            "problem_type");

    private static final List<Object> EDGES = Arrays.asList(
            null,
            0,
            -1,
            1,
            2,
            3,
            65_536,
            1 << 24,
            (1 << 24) + 6,
            Integer.MAX_VALUE - 1,
            Integer.MAX_VALUE,
            Integer.MIN_VALUE,
            (1L << 32) + 6,
            1L << 62,
            6.0,
            1e300,
            "6",
            true,
            List.of(),
            Arrays.asList((Object) null),
            Arrays.asList("a", null));

    @TempDir
    private Path folder;

    private static TinyCheckpoint tiny(String type) {
        return type.equals("bert") ? TinyCheckpoint.bert() : TinyCheckpoint.roberta();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "roberta"})
    void sizes_areRefused_orThoseOfTheTensors(String type) throws IOException {
        tiny(type).write(folder);
        int accepted = 0;
        for (String field : FIELDS) {
            for (Object edge : EDGES) {
                tiny(type).with(field, edge).writeConfig(folder);
                try {
                    PretrainedEncoder loaded = PretrainedEncoder.load(folder);
                    accepted++;
                    EncoderConfig config = loaded.config();
                    assertThat(config.hidden()).isEqualTo(TinyCheckpoint.HIDDEN);
                    assertThat(config.intermediate()).isEqualTo(TinyCheckpoint.WIDE);
                    assertThat(config.layers()).isEqualTo(2);
                    assertThat(config.longestSequence())
                            .as("%s = %s", field, edge)
                            .isBetween(1, config.maxPositions());
                    assertThat(loaded.encoder(Pooling.MEAN)).isNotNull();
                } catch (ModelFormatException e) {
                    assertThat(e).as("%s = %s", field, edge).hasMessageStartingWith(folder.toString());
                    assertThat(e.getMessage()).doesNotContain("Exception").doesNotContain("because \"");
                }
            }
        }
        assertThat(accepted).isPositive();
    }
}
