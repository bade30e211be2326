/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A tied Llama of one layer with random weights and the tokenizer of stories260k, with 512 words. */
final class SmallCausalLm {

    static final Path TOKENIZERS = Path.of("../language/src/test/resources/language/tokenizers");

    private static final int WORDS = 512;

    private SmallCausalLm() {}

    static Path write(Path directory, String chatTemplate) throws IOException {
        return write(directory, chatTemplate, 16, 24, DType.F32);
    }

    /** With two heads of half of {@code hidden}, and one of keys. */
    static Path write(Path directory, String chatTemplate, int hidden, int wide, DType type) throws IOException {
        Files.writeString(directory.resolve("config.json"), String.format(Locale.ROOT, """
                {"model_type": "llama", "vocab_size": 512, "hidden_size": %d, "intermediate_size": %d,
                 "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "hidden_act": "silu",
                 "max_position_embeddings": 48, "rms_norm_eps": 1e-5, "tie_word_embeddings": true,
                 "bos_token_id": 1, "eos_token_id": 2}
                """, hidden, wide));
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
        add(tensors, random, type, "model.embed_tokens.weight", WORDS, hidden);
        add(tensors, random, type, layer + "self_attn.q_proj.weight", hidden, hidden);
        add(tensors, random, type, layer + "self_attn.k_proj.weight", hidden / 2, hidden);
        add(tensors, random, type, layer + "self_attn.v_proj.weight", hidden / 2, hidden);
        add(tensors, random, type, layer + "self_attn.o_proj.weight", hidden, hidden);
        add(tensors, random, type, layer + "mlp.gate_proj.weight", wide, hidden);
        add(tensors, random, type, layer + "mlp.up_proj.weight", wide, hidden);
        add(tensors, random, type, layer + "mlp.down_proj.weight", hidden, wide);
        for (String norm : List.of(layer + "input_layernorm", layer + "post_attention_layernorm", "model.norm")) {
            tensors.add(source(norm + ".weight", Nd4j.ones(hidden)));
        }
        SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        return directory;
    }

    private static void add(List<TensorSource> tensors, Random random, DType type, String name, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() / Math.sqrt(columns));
        }
        INDArray array = Nd4j.create(values, new long[] {rows, columns}, 'c');
        tensors.add(ArrayBytes.source(name, array, ElementCodec.of(type).orElseThrow()));
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
