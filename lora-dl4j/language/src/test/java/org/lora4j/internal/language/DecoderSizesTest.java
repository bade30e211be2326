/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.error.ModelFormatException;

/**
 * Whatever numbers a {@code config.json} has, it is refused with our words, or every width that follows from it is what
 * arithmetic without an end makes of the same numbers.
 */
class DecoderSizesTest {

    private static final int DRAWS = 500;
    private static final long SEED = 36;
    private static final int TENSORS = 40;
    private static final long MOST_ALLOCATED = 64L << 20;

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final List<String> SIZES = List.of(
            "vocab_size",
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
            "num_key_value_heads",
            "head_dim",
            "max_position_embeddings",
            "sliding_window",
            "max_window_layers",
            "sliding_window_pattern",
            "no_rope_layer_interval",
            "original_max_position_embeddings");

    private static final List<String> FACTORS = List.of(
            "norm_eps",
            "rope_theta",
            "partial_rotary_factor",
            "embedding_multiplier",
            "attention_multiplier",
            "logits_scaling",
            "query_pre_attn_scalar",
            "attn_logit_softcapping");

    private static final Object[] EDGES = {
        null,
        0,
        -1,
        1,
        2,
        3,
        7,
        8,
        1_024,
        65_535,
        65_536,
        65_537,
        (1 << 24) - 1,
        1 << 24,
        (1 << 24) + 1,
        4_194_305,
        Integer.MIN_VALUE,
        Integer.MAX_VALUE,
        1L << 31,
        (1L << 32) + 8,
        1L << 62,
        BigInteger.TEN.pow(40),
        8.0,
        1.5,
        1e300,
        "8",
        true,
        List.of(8),
        Map.of("a", 8)
    };

    private static final Object[] NUMBERS = {null, 0, -1, 1, 1e-40, 1e-5, 1e4, 1e40, 1e308, 1L << 62, "1", List.of()};

    @TempDir
    private Path folder;

    static Collection<String> families() {
        return DecoderFamily.modelTypes();
    }

    private static Map<String, Object> sound(DecoderFamily family) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("model_type", family.modelType());
        Map<String, Object> sizes = Map.of(
                "vocab_size", 16,
                "hidden_size", 32,
                "intermediate_size", 24,
                "num_hidden_layers", 2,
                "num_attention_heads", 4,
                "num_key_value_heads", 2,
                "max_position_embeddings", 32);
        sizes.forEach((name, value) -> fields.put(family.key(name), value));
        return fields;
    }

    private static Map<String, Object> drawn(DecoderFamily family, Random random) {
        Map<String, Object> fields = sound(family);
        for (int i = random.nextInt(3); i >= 0; i--) {
            String name = SIZES.get(random.nextInt(SIZES.size()));
            fields.put(family.key(name), EDGES[random.nextInt(EDGES.length)]);
        }
        if (random.nextInt(3) == 0) {
            fields.put(
                    family.key(FACTORS.get(random.nextInt(FACTORS.size()))), NUMBERS[random.nextInt(NUMBERS.length)]);
        }
        if (random.nextInt(2) == 0) {
            // Heads and their size with a product at 2^31 or 2^32, and a bit beside.
            long product = (1L << 31 + random.nextInt(2)) + random.nextInt(5) * 1_024L - 2_048;
            int size = 1 << 1 + random.nextInt(14);
            fields.put("head_dim", size);
            fields.put(family.key("num_attention_heads"), product / size + random.nextInt(3) - 1);
            fields.put(family.key("num_key_value_heads"), random.nextBoolean() ? 1 : product / size);
        }
        return fields;
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getThreadAllocatedBytes(Thread.currentThread().getId());
    }

    /** The config, or nothing if it was refused as it should be. */
    private Optional<DecoderConfig> read(Map<String, Object> fields) throws IOException {
        Path file = Files.write(folder.resolve("config.json"), JSON.writeValueAsBytes(fields));
        long before = allocated();
        try {
            return Optional.of(DecoderConfigReader.read(folder, TENSORS));
        } catch (ModelFormatException e) {
            assertThat(e).hasMessageStartingWith(file + ": ");
            assertThat(e.getMessage()).doesNotContain("Exception").doesNotContain("because \"");
            return Optional.empty();
        } finally {
            assertThat(allocated() - before).as("bytes for %s", fields).isLessThan(MOST_ALLOCATED);
        }
    }

    private static BigInteger number(DecoderFamily family, Map<String, Object> fields, String name, BigInteger absent) {
        Object value = family.reads(name) ? fields.get(family.key(name)) : null;
        Object known = value != null || fields.containsKey(family.key(name)) ? value : family.fallback(name);
        return known == null ? absent : new BigInteger(known.toString());
    }

    @ParameterizedTest
    @MethodSource("families")
    void sizes_areRefused_orRight(String type) throws IOException {
        DecoderFamily family = DecoderFamily.of(type).orElseThrow();
        Random random = new Random(SEED);
        int accepted = 0;
        for (int draw = 0; draw < DRAWS; draw++) {
            Map<String, Object> fields = drawn(family, random);
            Optional<DecoderConfig> read = read(fields);
            if (read.isEmpty()) {
                continue;
            }
            accepted++;
            DecoderConfig config = read.get();
            BigInteger hidden = number(family, fields, "hidden_size", null);
            BigInteger heads = number(family, fields, "num_attention_heads", null);
            BigInteger keyHeads = number(family, fields, "num_key_value_heads", heads);
            BigInteger size = number(family, fields, "head_dim", hidden.divide(heads));
            BigInteger wide = number(family, fields, "intermediate_size", hidden.shiftLeft(2));
            Map<DecoderPart, BigInteger> outputs = Map.of(
                    DecoderPart.QUERY, heads.multiply(size),
                    DecoderPart.KEY, keyHeads.multiply(size),
                    DecoderPart.QUERY_KEY_VALUE,
                            heads.add(keyHeads.shiftLeft(1)).multiply(size),
                    DecoderPart.UP, wide,
                    DecoderPart.GATE_AND_UP, wide.shiftLeft(1),
                    DecoderPart.HEAD, number(family, fields, "vocab_size", null));
            outputs.forEach((part, expected) -> assertThat(BigInteger.valueOf(config.outputs(part)))
                    .as("outputs of %s by %s", part, fields)
                    .isEqualTo(expected));
            assertThat(BigInteger.valueOf(config.inputs(DecoderPart.ATTENTION_OUTPUT)))
                    .isEqualTo(heads.multiply(size));
            assertThat(config.rotations()).allMatch(rotation -> rotation.isFinite(config.context()));
        }
        assertThat(accepted).as("seed %s", SEED).isBetween(DRAWS / 50, DRAWS - 1);
    }

    @ParameterizedTest
    @MethodSource("families")
    void everyFieldAtEveryEdge_isRefused_orRead(String type) throws IOException {
        DecoderFamily family = DecoderFamily.of(type).orElseThrow();
        assertThat(read(sound(family))).isPresent();
        List<Object> lists = new ArrayList<>(Arrays.asList(EDGES));
        lists.add(Arrays.asList(null, null));
        lists.add(Arrays.asList("full_attention", null));
        lists.add(Arrays.asList(1, null));
        lists.add(List.of());
        List<String> names = new ArrayList<>(SIZES);
        names.addAll(FACTORS);
        names.addAll(List.of("layer_types", "no_rope_layers", "rope_scaling", "rope_parameters", "hidden_act"));
        names.addAll(List.of("tie_word_embeddings", "attention_bias", "architectures", "quantization_config"));
        for (String name : names) {
            for (Object edge : lists) {
                Map<String, Object> fields = sound(family);
                fields.put(family.key(name), edge);
                read(fields);
            }
        }
        if (!type.equals("llama")) {
            // All families read the same way to stretch.
            return;
        }
        for (String stretch : List.of("linear", "llama3", "yarn", "longrope", "dynamic", "su", "default", "none")) {
            for (Object edge : lists) {
                Map<String, Object> scaling = new LinkedHashMap<>();
                scaling.put("rope_type", stretch);
                for (String name : List.of(
                        "factor",
                        "low_freq_factor",
                        "high_freq_factor",
                        "original_max_position_embeddings",
                        "short_factor",
                        "long_factor",
                        "attention_factor",
                        "beta_fast",
                        "mscale")) {
                    scaling.put(name, edge);
                    Map<String, Object> fields = sound(family);
                    fields.put("rope_scaling", scaling);
                    read(fields);
                }
            }
        }
    }
}
