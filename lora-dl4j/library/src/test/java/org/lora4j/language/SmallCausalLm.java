/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A tied Llama of one layer with random weights and the tokenizer of stories260k, with 512 words. */
final class SmallCausalLm {

    static final Path TOKENIZERS = Path.of("src/test/resources/language/tokenizers");

    private static final int HIDDEN = 16;
    private static final int WIDE = 24;
    private static final int WORDS = 512;

    private SmallCausalLm() {}

    static Path write(Path directory, String chatTemplate) throws IOException {
        Files.writeString(directory.resolve("config.json"), """
                {"model_type": "llama", "vocab_size": 512, "hidden_size": 16, "intermediate_size": 24,
                 "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "hidden_act": "silu",
                 "max_position_embeddings": 48, "rms_norm_eps": 1e-5, "tie_word_embeddings": true,
                 "bos_token_id": 1, "eos_token_id": 2}
                """);
        try (Stream<Path> files = Files.list(TOKENIZERS.resolve("stories260k"))) {
            for (Path file : files.toList()) {
                Files.copy(file, directory.resolve(file.getFileName()));
            }
        }
        if (chatTemplate != null) {
            Files.writeString(directory.resolve("chat_template.jinja"), chatTemplate);
        }
        Random random = new Random(11);
        List<TensorSource> tensors = new ArrayList<>();
        String layer = "model.layers.0.";
        add(tensors, random, "model.embed_tokens.weight", WORDS, HIDDEN);
        add(tensors, random, layer + "self_attn.q_proj.weight", HIDDEN, HIDDEN);
        add(tensors, random, layer + "self_attn.k_proj.weight", HIDDEN / 2, HIDDEN);
        add(tensors, random, layer + "self_attn.v_proj.weight", HIDDEN / 2, HIDDEN);
        add(tensors, random, layer + "self_attn.o_proj.weight", HIDDEN, HIDDEN);
        add(tensors, random, layer + "mlp.gate_proj.weight", WIDE, HIDDEN);
        add(tensors, random, layer + "mlp.up_proj.weight", WIDE, HIDDEN);
        add(tensors, random, layer + "mlp.down_proj.weight", HIDDEN, WIDE);
        for (String norm : List.of(layer + "input_layernorm", layer + "post_attention_layernorm", "model.norm")) {
            tensors.add(source(norm + ".weight", Nd4j.ones(HIDDEN)));
        }
        SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        return directory;
    }

    private static void add(List<TensorSource> tensors, Random random, String name, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() / Math.sqrt(columns));
        }
        tensors.add(source(name, Nd4j.create(values, new long[] {rows, columns}, 'c')));
    }

    private static TensorSource source(String name, INDArray array) {
        return ArrayBytes.source(name, array, ElementCodec.exactFor(array.dataType()));
    }

    static CausalLm load(Path directory) {
        try {
            return CausalLm.load(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
