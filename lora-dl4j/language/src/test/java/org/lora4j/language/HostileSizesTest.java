/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.nd4j.linalg.factory.Nd4j;

/** Model directories of a few kilobytes whose sizes, multiplied, wrap around to those of their tensors. */
class HostileSizesTest {

    @TempDir
    private Path folder;

    private void write(String config, Map<String, long[]> shapes) throws IOException {
        Files.writeString(folder.resolve("config.json"), config);
        List<TensorSource> tensors = new ArrayList<>();
        shapes.forEach((name, shape) ->
                tensors.add(ArrayBytes.source(name, Nd4j.ones(shape), ElementCodec.exactFor(Nd4j.dataType()))));
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
    }

    /** Every line of sizes gives queries of 1,024 numbers, or keys of so many, if the highest bits are lost. */
    @ParameterizedTest
    @CsvSource({
        "1024, 4194305, 1, 1024, 1024",
        "1024, 4194305, 4194305, 1024, 1024",
        "65536, 65537, 1, 65536, 65536",
        "1024, 8388609, 1, 1024, 1024",
        "2, 2147483647, 1, -2, 2"
    })
    void productsThatWrapAround_areRefusedAtTheConfig(int headDim, int heads, int keyHeads, int wrapped, int keys)
            throws IOException {
        long queries = Math.abs(wrapped);
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens.weight", new long[] {16, 8});
        shapes.put("model.norm.weight", new long[] {8});
        shapes.put("lm_head.weight", new long[] {16, 8});
        String layer = "model.layers.0.";
        shapes.put(layer + "input_layernorm.weight", new long[] {8});
        shapes.put(layer + "post_attention_layernorm.weight", new long[] {8});
        shapes.put(layer + "self_attn.q_proj.weight", new long[] {queries, 8});
        shapes.put(layer + "self_attn.k_proj.weight", new long[] {keys, 8});
        shapes.put(layer + "self_attn.v_proj.weight", new long[] {keys, 8});
        shapes.put(layer + "self_attn.o_proj.weight", new long[] {8, queries});
        shapes.put(layer + "mlp.gate_proj.weight", new long[] {8, 8});
        shapes.put(layer + "mlp.up_proj.weight", new long[] {8, 8});
        shapes.put(layer + "mlp.down_proj.weight", new long[] {8, 8});
        write(
                "{\"model_type\": \"smollm3\", \"hidden_size\": 8, \"head_dim\": " + headDim
                        + ", \"num_attention_heads\": " + heads + ", \"num_key_value_heads\": " + keyHeads
                        + ", \"intermediate_size\": 8, \"num_hidden_layers\": 1, \"vocab_size\": 16,"
                        + " \"no_rope_layers\": [0], \"tie_word_embeddings\": false}",
                shapes);

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> CausalLm.load(folder))
                .withMessageStartingWith(folder.resolve("config.json").toString());
    }

    @Test
    void fusedProjectionThatWrapsAround_isRefusedAtTheConfig() throws IOException {
        // (2^30 + 2 x 2^29) x 2 is 2^32, and (2^30 + 2 x 2^29) x 2 + 24 in the lowest bits 24.
        write(
                "{\"model_type\": \"phi3\", \"hidden_size\": 8, \"num_attention_heads\": 1073741824,"
                        + " \"num_key_value_heads\": 536870912, \"head_dim\": 2, \"intermediate_size\": 1073741836,"
                        + " \"num_hidden_layers\": 1, \"vocab_size\": 16}",
                Map.of("model.layers.0.mlp.gate_up_proj.weight", new long[] {24, 8}));

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> CausalLm.load(folder))
                .withMessageStartingWith(folder.resolve("config.json").toString())
                .withMessageContaining("num_attention_heads")
                .withMessageContaining("intermediate_size is 1073741836, expected an integer, 1 to 16777216");
    }

    @Test
    void feedForwardOfGpt2ThatWrapsAround_isRefusedAtTheConfig() throws IOException {
        write(
                "{\"model_type\": \"gpt2\", \"n_embd\": 1073741826, \"n_head\": 1, \"n_layer\": 1, \"vocab_size\": 16}",
                Map.of("transformer.wte.weight", new long[] {16, 8}));

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> CausalLm.load(folder))
                .withMessageContaining("n_embd is 1073741826, expected an integer, 1 to 16777216");
    }

    @Test
    void contextOfAThousandMillion_takesNoMemoryOfItsOwn() throws IOException {
        SmallCausalLm.write(folder, null);
        Path config = folder.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"max_position_embeddings\": 48", "\"max_position_embeddings\": 1000000000"));

        try (CausalLm model = CausalLm.load(folder);
                CausalLmServer server =
                        CausalLmServer.builder(model).memory(64 << 20).build()) {
            GenerationConfig unbounded = GenerationConfig.greedy(3).toBuilder()
                    .maxNewTokens(Integer.MAX_VALUE)
                    .build();
            assertThatExceptionOfType(IllegalArgumentException.class)
                    .isThrownBy(() -> server.submit(null, new int[] {1, 5}, unbounded, token -> true))
                    .withMessageContaining("expected at most");
            assertThat(server.submit(null, new int[] {1, 5}, GenerationConfig.greedy(3), token -> true)
                            .result()
                            .newIds())
                    .isNotEmpty();
        }
    }
}
