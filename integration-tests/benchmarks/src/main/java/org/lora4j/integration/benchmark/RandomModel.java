/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderConfigReader;
import org.lora4j.internal.language.DecoderPart;

/** A directory with a decoder of published shape and random weights, of Llama's parts and a tied head. */
final class RandomModel {

    static final String SMALL = """
            {"model_type": "llama", "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
             "num_attention_heads": 9, "num_key_value_heads": 3, "max_position_embeddings": 2048, "rms_norm_eps": 1e-05,
             "hidden_act": "silu", "tie_word_embeddings": true}
            """;

    static final String HALF_BILLION = """
            {"model_type": "qwen2", "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
             "num_attention_heads": 14, "num_key_value_heads": 2, "max_position_embeddings": 32768, "rope_theta": 1000000.0,
             "rms_norm_eps": 1e-06, "hidden_act": "silu", "tie_word_embeddings": true, "use_sliding_window": false}
            """;

    /** Names of folders with the small one. */
    static final String SMALL_F32 = "small";

    static final String SMALL_BF16 = "small-bf16";

    private static final double SPREAD = 0.02;
    /** Odd, so that no two rows of a table are the same and no two tokens equally good. */
    private static final int PATTERN = (1 << 18) + 1;

    private static final int FIRST_LETTER = 0x3400;
    private static final int SURROGATES = Character.MAX_SURROGATE + 1 - Character.MIN_SURROGATE;
    private static final int BYTES = 256;
    private static final List<String> SPECIAL = List.of("<unk>", "<s>", "</s>");
    private static final int BITS_OF_HALF = 16;

    private final DType type;
    private final float[] pattern = new float[PATTERN];
    private final List<TensorSource> tensors = new ArrayList<>();

    private RandomModel(DType type) {
        this.type = type;
        Random random = new Random(7);
        for (int i = 0; i < PATTERN; i++) {
            pattern[i] = (float) (SPREAD * random.nextGaussian());
        }
    }

    /** Writes {@code config.json} and {@code model.safetensors}. */
    static DecoderConfig write(Path directory, String json, DType type) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve(DecoderConfigReader.FILE), json);
        DecoderConfig config = DecoderConfigReader.read(directory, PATTERN);
        RandomModel model = new RandomModel(type);
        model.addAll(config);
        SafetensorsWriter.write(directory.resolve("model.safetensors"), model.tensors, Map.of());
        return config;
    }

    /** Writes a tokenizer beside it, in which every id is a letter, a byte or special. */
    static void writeTokenizer(Path directory, DecoderConfig config) throws IOException {
        Map<String, Object> words = new LinkedHashMap<>();
        int letters = config.vocabulary() - BYTES - SPECIAL.size();
        for (int id = 0; id < letters; id++) {
            words.put(letter(id), id);
        }
        for (int value = 0; value < BYTES; value++) {
            words.put(String.format(Locale.ROOT, "<0x%02X>", value), words.size());
        }
        List<Map<String, Object>> added = new ArrayList<>();
        for (String token : SPECIAL) {
            Map<String, Object> fields =
                    new LinkedHashMap<>(Map.of("id", words.size(), "content", token, "special", true));
            List.of("single_word", "lstrip", "rstrip", "normalized").forEach(name -> fields.put(name, false));
            added.add(fields);
            words.put(token, words.size());
        }
        Map<String, Object> model = Map.of(
                "type", "BPE", "byte_fallback", true, "unk_token", SPECIAL.get(0), "vocab", words, "merges", List.of());
        Map<String, Object> spaces =
                Map.of("type", "Replace", "pattern", Map.of("String", " "), "content", String.valueOf((char) 0x2581));
        JsonObjects.write(
                directory.resolve("tokenizer.json"),
                Map.of("added_tokens", added, "normalizer", spaces, "model", model));
        JsonObjects.write(directory.resolve("tokenizer_config.json"), Map.of("bos_token", "<s>", "eos_token", "</s>"));
    }

    /** The text of an id that is neither a byte nor special. */
    static String letter(int id) {
        int letter = FIRST_LETTER + id;
        return Character.toString(letter < Character.MIN_SURROGATE ? letter : letter + SURROGATES);
    }

    private void addAll(DecoderConfig config) {
        long hidden = config.hidden();
        long queries = (long) config.heads() * config.headSize();
        long keys = (long) config.keyHeads() * config.headSize();
        matrix(config, DecoderPart.WORDS, 0, config.vocabulary(), hidden);
        ones(config, DecoderPart.FINAL_NORM, 0);
        for (int layer = 0; layer < config.layers().size(); layer++) {
            ones(config, DecoderPart.ATTENTION_NORM, layer);
            ones(config, DecoderPart.MLP_NORM, layer);
            matrix(config, DecoderPart.QUERY, layer, queries, hidden);
            matrix(config, DecoderPart.KEY, layer, keys, hidden);
            matrix(config, DecoderPart.VALUE, layer, keys, hidden);
            matrix(config, DecoderPart.ATTENTION_OUTPUT, layer, hidden, queries);
            matrix(config, DecoderPart.GATE, layer, config.intermediate(), hidden);
            matrix(config, DecoderPart.UP, layer, config.intermediate(), hidden);
            matrix(config, DecoderPart.DOWN, layer, hidden, config.intermediate());
        }
    }

    private void matrix(DecoderConfig config, DecoderPart part, int layer, long outputs, long inputs) {
        String module = config.module(part, layer);
        add(module + ".weight", pattern, outputs, inputs);
        if (config.biased().contains(part)) {
            add(module + ".bias", pattern, outputs);
        }
    }

    private void ones(DecoderConfig config, DecoderPart part, int layer) {
        add(config.module(part, layer) + ".weight", new float[] {1}, config.hidden());
    }

    private void add(String name, float[] values, long... shape) {
        long length = 1;
        for (long size : shape) {
            length *= size;
        }
        long all = length;
        tensors.add(new TensorSource(name, type, shape, channel -> {
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (long from = 0; from < all; from += values.length) {
                bytes.clear();
                for (int i = 0; i < Math.min(values.length, all - from); i++) {
                    if (type == DType.BF16) {
                        bytes.putShort((short) (Float.floatToIntBits(values[i]) >>> BITS_OF_HALF));
                    } else {
                        bytes.putFloat(values[i]);
                    }
                }
                channel.write(bytes.flip());
            }
        }));
    }
}
