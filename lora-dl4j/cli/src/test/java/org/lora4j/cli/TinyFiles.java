/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A tiny encoder as a directory of Hugging Face, and texts of its few words. */
final class TinyFiles {

    private static final List<String> WORDS = List.of(
            "[UNK]",
            "[CLS]",
            "[SEP]",
            "card",
            "rate",
            "where",
            "is",
            "my",
            "the",
            "lost",
            "good",
            "bad",
            "exchange",
            "new",
            "i",
            "want");

    private TinyFiles() {}

    static Path encoder(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("config.json"), """
                {"architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu",
                 "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
                 "vocab_size": 16, "max_position_embeddings": 16, "type_vocab_size": 2, "layer_norm_eps": 1e-12}
                """);
        StringBuilder vocabulary = new StringBuilder();
        for (int i = 0; i < WORDS.size(); i++) {
            vocabulary
                    .append(i == 0 ? "" : ", ")
                    .append('"')
                    .append(WORDS.get(i))
                    .append("\": ")
                    .append(i);
        }
        Files.writeString(directory.resolve("tokenizer.json"), """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
                 "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
                 "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
                 "decoder": null, "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {%s}}}
                """.formatted(vocabulary));
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        EncoderConfig config = EncoderConfig.bert(2, 8, 2, 16, 16, 16, 2);
        EncoderWeights.random(config, 1, DataType.FLOAT).tensors().forEach((name, array) -> {
            boolean linear = array.rank() == 2 && name.startsWith("encoder.");
            tensors.put(name, linear ? array.transpose().dup('c') : array);
        });
        List<TensorSource> sources = new ArrayList<>();
        tensors.forEach((name, array) -> {
            float[] values = array.ravel().toFloatVector();
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            sources.add(TensorSource.of(name, DType.F32, array.shape(), bytes));
        });
        SafetensorsWriter.write(directory.resolve("model.safetensors"), sources, Map.of("format", "pt"));
        return directory;
    }

    /** Texts with the label that one of their words tells. */
    static String questions(int rows, char separator) {
        Random random = new Random(1);
        StringBuilder text = new StringBuilder("question" + separator + "intent\n");
        for (int i = 0; i < rows; i++) {
            String label = i % 2 == 0 ? "card" : "rate";
            List<String> words = new ArrayList<>();
            for (int j = 0; j < 3 + random.nextInt(4); j++) {
                words.add(WORDS.get(5 + random.nextInt(WORDS.size() - 5)));
            }
            words.add(random.nextInt(words.size()), label);
            text.append(String.join(" ", words)).append(separator).append(label).append('\n');
        }
        return text.toString();
    }
}
