/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;

/** Chains of processors against those of transformers, see the README beside the files. */
class SamplingGoldenTest {

    private static final Path FOLDER =
            Path.of(System.getProperty("basedir", "."), "src/test/resources/language/sampling");
    private static final int ROWS = 3;
    private static final int VOCABULARY = 50;
    private static final double DOUBLE = 1e-9;
    private static final double FLOAT = 1e-5;

    static Stream<Arguments> cases() throws IOException {
        Map<String, ByteBuffer> tensors = tensors();
        JsonNode about = new ObjectMapper().readTree(FOLDER.resolve("case.json").toFile());
        return StreamSupport.stream(about.get("cases").spliterator(), false)
                .map(one -> Arguments.of(one.get("name").asText(), one, tensors));
    }

    private static Map<String, ByteBuffer> tensors() throws IOException {
        Map<String, ByteBuffer> tensors = new HashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(FOLDER.resolve("golden.safetensors"))) {
            for (TensorEntry entry : reader.tensors().values()) {
                ByteBuffer bytes = ByteBuffer.allocate((int) entry.byteCount()).order(ByteOrder.LITTLE_ENDIAN);
                reader.read(entry, 0, bytes);
                tensors.put(entry.name(), bytes.flip());
            }
        }
        return tensors;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void chain_givesTheNumbersOfTransformers(String name, JsonNode about, Map<String, ByteBuffer> tensors)
            throws IOException {
        LogitsChain chain = chain(about.get("chain"));

        for (int row = 0; row < ROWS; row++) {
            double[] logits = row(tensors.get(about.get("input").asText()), row);
            ProcessedLogits processed = chain.processed(logits, ids(tensors.get("ids"), row));

            assertThat(kept(processed.logits()))
                    .isEqualTo(about.get("kept_per_row").get(row).asLong());
            // Infinities are equal, and near to nothing else.
            assertThat(processed.logits()).containsExactly(row(tensors.get(name), row), within(DOUBLE));
            assertThat(processed.probabilities())
                    .containsExactly(row(tensors.get(name + ".probs"), row), within(DOUBLE));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void chainOverFloats_keepsTheSameTokens(String name, JsonNode about, Map<String, ByteBuffer> tensors)
            throws IOException {
        LogitsChain chain = chain(about.get("chain"));

        for (int row = 0; row < ROWS; row++) {
            double[] logits = row(tensors.get(about.get("input").asText()), row);
            float[] floats = new float[logits.length];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = (float) logits[i];
            }
            Candidates candidates = new Candidates();
            candidates.start(floats);
            chain.apply(candidates, new TokenHistory(ids(tensors.get("ids"), row)));

            double[] expected = row(tensors.get(name), row);
            double[] found = candidates.processed().logits();
            for (int id = 0; id < found.length; id++) {
                assertThat(found[id]).isCloseTo(expected[id], within(FLOAT * Math.max(1, Math.abs(logits[id]))));
            }
        }
    }

    private static LogitsChain chain(JsonNode processors) throws IOException {
        // The fixture says what runs and nothing else does: no top-k of 50 as in a file without one.
        Map<String, Object> fields = new HashMap<>(Map.of("do_sample", true, "top_k", 0));
        processors.forEach(one ->
                fields.put(one.get("processor").asText(), one.get("value").numberValue()));
        return LogitsChain.of(new GenerationConfigFile("case.json", fields).values());
    }

    private static long kept(double[] logits) {
        return Arrays.stream(logits)
                .filter(value -> value > Double.NEGATIVE_INFINITY)
                .count();
    }

    private static double[] row(ByteBuffer bytes, int row) {
        double[] values = new double[VOCABULARY];
        bytes.duplicate()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asDoubleBuffer()
                .position(row * VOCABULARY)
                .get(values);
        return values;
    }

    private static int[] ids(ByteBuffer bytes, int row) {
        int length = bytes.limit() / Long.BYTES / ROWS;
        long[] ids = new long[length];
        bytes.duplicate()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asLongBuffer()
                .position(row * length)
                .get(ids);
        return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
    }
}
