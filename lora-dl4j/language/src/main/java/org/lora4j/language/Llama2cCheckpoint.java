/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.format.llama2c.Llama2cFile;
import org.lora4j.internal.format.llama2c.Llama2cFile.Header;
import org.lora4j.internal.format.llama2c.Llama2cTokenizer;
import org.lora4j.internal.format.llama2c.Llama2cVocabulary;

/**
 * Checkpoints of Karpathy's llama2.c as Hugging Face directories.
 *
 * <pre>{@code
 * Llama2cCheckpoint.convert(Path.of("stories260K.bin"), Path.of("tok512.bin"), Path.of("stories260k"));
 * }</pre>
 *
 * <p>Weights keep every bit. Rows of queries and keys are put in another order, because llama2.c turns neighbors by an angle
 * and Transformers the two halves of a head.
 *
 * <p><b>Threads.</b> Safe for different directories.
 *
 * @apiNote Status: stable
 */
public final class Llama2cCheckpoint {

    private static final String WHERE = "Llama2cCheckpoint.convert";

    /** The same in every model: run.c has it as a constant. */
    private static final double EPSILON = 1e-5;

    private static final int PIECE = 1 << 20;

    private Llama2cCheckpoint() {}

    /**
     * Converts a checkpoint.
     *
     * @param checkpoint the weights, of version 0, with the head shared with the embeddings or of its own
     * @param tokenizer the {@code tokenizer.bin} that belongs to it
     * @param directory the directory to write, which must not exist: {@code config.json}, {@code generation_config.json},
     *     {@code model.safetensors}, {@code tokenizer.json}, {@code tokenizer_config.json}, {@code special_tokens_map.json}
     * @throws ModelFormatException if a file is damaged or of another version, a weight is not finite, or the two do not
     *     have the same number of tokens
     * @throws IOException if a file cannot be read, the directory exists or cannot be written; nothing is left behind then
     */
    public static void convert(Path checkpoint, Path tokenizer, Path directory) throws IOException {
        Arguments.required(checkpoint, "Llama2cCheckpoint.convert: checkpoint", "a checkpoint of llama2.c");
        Arguments.required(tokenizer, "Llama2cCheckpoint.convert: tokenizer", "its tokenizer.bin");
        Arguments.required(directory, "Llama2cCheckpoint.convert: directory", "a directory to make");
        StagedDirectory.requireFree(WHERE, directory);
        try (Llama2cFile file = Llama2cFile.open(checkpoint)) {
            Llama2cVocabulary vocabulary = Llama2cVocabulary.read(tokenizer);
            int expected = file.header().vocabulary();
            if (vocabulary.tokens().size() != expected) {
                throw new ModelFormatException(MessageText.path(tokenizer) + ": "
                        + vocabulary.tokens().size() + " tokens; expected " + expected + " as "
                        + checkpoint.getFileName()
                        + " has. The two belong to different models.");
            }
            StagedDirectory.write(WHERE, directory, staging -> {
                JsonObjects.write(staging.resolve("config.json"), config(file.header()));
                JsonObjects.write(staging.resolve("generation_config.json"), ends(new LinkedHashMap<>()));
                Llama2cTokenizer.write(vocabulary, staging);
                SafetensorsWriter.write(
                        staging.resolve("model.safetensors"), weights(checkpoint, file), Map.of("format", "pt"));
            });
        }
    }

    /**
     * Reads the scores of a {@code tokenizer.bin}, which {@code tokenizer.json} has no place for.
     *
     * @param tokenizer the file
     * @return a score for each id: of two pairs of neighbors the one whose token has the higher score is merged first
     * @throws ModelFormatException if the file is damaged
     * @throws IOException if it does not exist or cannot be read
     */
    public static float[] scores(Path tokenizer) throws IOException {
        Arguments.required(tokenizer, "Llama2cCheckpoint.scores: tokenizer", "a tokenizer.bin");
        return Llama2cVocabulary.read(tokenizer).scores();
    }

    private static Map<String, Object> config(Header header) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", List.of("LlamaForCausalLM"));
        config.put("attention_bias", false);
        ends(config);
        config.put("head_dim", header.headSize());
        config.put("hidden_act", "silu");
        config.put("hidden_size", header.hidden());
        config.put("intermediate_size", header.intermediate());
        config.put("max_position_embeddings", header.context());
        config.put("mlp_bias", false);
        config.put("model_type", "llama");
        config.put("num_attention_heads", header.heads());
        config.put("num_hidden_layers", header.layers());
        config.put("num_key_value_heads", header.keyHeads());
        config.put("rms_norm_eps", EPSILON);
        config.put("rope_scaling", null);
        config.put("rope_theta", Llama2cFile.ROTATION_BASE);
        config.put("tie_word_embeddings", header.tied());
        config.put("torch_dtype", "float32");
        config.put("vocab_size", header.vocabulary());
        return config;
    }

    private static Map<String, Object> ends(Map<String, Object> fields) {
        fields.put("bos_token_id", Llama2cVocabulary.BEGIN);
        fields.put("eos_token_id", Llama2cVocabulary.END);
        return fields;
    }

    private static List<TensorSource> weights(Path checkpoint, Llama2cFile file) {
        List<TensorSource> weights = new ArrayList<>();
        for (TensorEntry entry : file.tensors().values()) {
            if (Llama2cFile.isWeight(entry)) {
                boolean turned = entry.name().contains("q_proj") || entry.name().contains("k_proj");
                long rowBytes = entry.byteCount() / entry.shape()[0];
                int piece = turned
                        ? Math.toIntExact(rowBytes * file.header().headSize())
                        : (int) Math.min(PIECE, entry.byteCount());
                weights.add(new TensorSource(entry.name(), entry.dtype(), entry.shape(), out -> {
                    ByteBuffer bytes = ByteBuffer.allocate(piece).order(ByteOrder.LITTLE_ENDIAN);
                    for (long at = 0; at < entry.byteCount(); at += piece) {
                        bytes.clear().limit((int) Math.min(piece, entry.byteCount() - at));
                        file.read(entry, at, bytes);
                        bytes.flip();
                        requireFinite(checkpoint, entry, bytes);
                        write(turned ? halves(bytes, (int) rowBytes) : bytes, out);
                    }
                }));
            }
        }
        return weights;
    }

    /** Of rows 0, 1, 2, 3 ... of a head first the even ones, then the odd ones. */
    private static ByteBuffer halves(ByteBuffer head, int rowBytes) {
        int rows = head.limit() / rowBytes;
        ByteBuffer halves = ByteBuffer.allocate(head.limit());
        for (int row = 0; row < rows; row++) {
            int from = row < rows / 2 ? 2 * row : 2 * (row - rows / 2) + 1;
            halves.put(row * rowBytes, head, from * rowBytes, rowBytes);
        }
        return halves;
    }

    private static void requireFinite(Path checkpoint, TensorEntry entry, ByteBuffer bytes)
            throws ModelFormatException {
        for (int at = 0; at < bytes.limit(); at += Float.BYTES) {
            if (!Float.isFinite(bytes.getFloat(at))) {
                throw new ModelFormatException(MessageText.path(checkpoint) + ": tensor " + entry.name() + " holds "
                        + bytes.getFloat(at)
                        + "; expected finite numbers. The file is damaged or training had diverged:"
                        + " get another one.");
            }
        }
    }

    private static void write(ByteBuffer bytes, WritableByteChannel out) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }
}
