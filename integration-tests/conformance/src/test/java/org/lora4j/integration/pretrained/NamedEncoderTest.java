/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.text.Prefixes;
import org.lora4j.text.TextEncoder;

/** The encoders that are published as artifacts, against ONNX Runtime over the file of the same artifact. */
@Tag("thorough")
class NamedEncoderTest {

    /** Float sums in another order, up to twelve layers deep; components of the vectors are below 1. */
    private static final float TOLERANCE = 1e-5f;

    private static final List<String> TEXTS = List.of(
            "where is my card?",
            "The quick brown fox jumps over the lazy dog; then it rests, naturally.",
            "Zürich, São Paulo and 東京 are cities \uD83C\uDF0D",
            "x",
            // Longer than any of the encoders reads.
            "an instrument used by sailors to measure the height of stars ".repeat(60));

    /** What the cards of the models say, told again. */
    private enum Card {
        MINI_LM("all-minilm-l6-v2", 256, false, Prefixes.NONE),
        BGE_SMALL(
                "bge-small-en-v1.5",
                512,
                true,
                new Prefixes("", "Represent this sentence for searching relevant passages: ", "")),
        E5_SMALL("e5-small-v2", 512, false, new Prefixes("query: ", "query: ", "passage: "));

        final String name;
        final int maxLength;
        final boolean firstToken;
        final Prefixes prefixes;

        Card(String name, int maxLength, boolean firstToken, Prefixes prefixes) {
            this.name = name;
            this.maxLength = maxLength;
            this.firstToken = firstToken;
            this.prefixes = prefixes;
        }
    }

    @ParameterizedTest
    @EnumSource(Card.class)
    void named_givesTheVectorsOfOnnxRuntime(Card card) throws IOException, OrtException {
        requireArtifact(card);
        float[][] found;
        try (TextEncoder encoder = TextEncoder.named(card.name)) {
            assertThat(encoder.maxLength()).isEqualTo(card.maxLength);
            assertThat(encoder.prefixes()).isEqualTo(card.prefixes);
            found = encoder.embed(TEXTS);
        }
        float[][] expected = onnxRuntime(card);
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).as("text %d", i).containsExactly(expected[i], within(TOLERANCE));
        }
    }

    private static void requireArtifact(Card card) {
        boolean there = loader().getResource(card.name + ".onnx") != null;
        String message = "skipped: " + card.name + ".onnx is not on the class path (-Dencoders.skip leaves it out)";
        if (!there) {
            System.out.println(message);
        }
        assumeTrue(there, message);
    }

    private static ClassLoader loader() {
        return NamedEncoderTest.class.getClassLoader();
    }

    /** One text at a time, so that no padding is involved. */
    private static float[][] onnxRuntime(Card card) throws IOException, OrtException {
        float[][] vectors = new float[TEXTS.size()][];
        try (InputStream model = loader().getResourceAsStream(card.name + ".onnx");
                OrtSession session = OrtEnvironment.getEnvironment().createSession(model.readAllBytes());
                HuggingFaceTextTokenizer tokenizer = HuggingFaceTextTokenizer.loadResource(
                        loader(), card.name + "-tokenizer.json", card.maxLength)) {
            for (int i = 0; i < vectors.length; i++) {
                int[] ids = tokenizer.encode(card.prefixes.text() + TEXTS.get(i));
                vectors[i] = normalized(pooled(hidden(session, ids), card.firstToken));
            }
        }
        return vectors;
    }

    private static float[][] hidden(OrtSession session, int[] ids) throws OrtException {
        long[] ones = new long[ids.length];
        Arrays.fill(ones, 1);
        Map<String, long[]> values = Map.of(
                "input_ids",
                Arrays.stream(ids).asLongStream().toArray(),
                "attention_mask",
                ones,
                "token_type_ids",
                new long[ids.length]);
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        for (String input : session.getInputNames()) {
            inputs.put(
                    input, OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), new long[][] {values.get(input)}));
        }
        try (OrtSession.Result result = session.run(inputs)) {
            return ((float[][][]) result.get(0).getValue())[0];
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private static double[] pooled(float[][] hidden, boolean firstToken) {
        double[] pooled = new double[hidden[0].length];
        int tokens = firstToken ? 1 : hidden.length;
        for (int token = 0; token < tokens; token++) {
            for (int j = 0; j < pooled.length; j++) {
                pooled[j] += hidden[token][j] / tokens;
            }
        }
        return pooled;
    }

    private static float[] normalized(double[] vector) {
        double norm = Math.sqrt(Arrays.stream(vector).map(x -> x * x).sum());
        float[] normalized = new float[vector.length];
        for (int i = 0; i < vector.length; i++) {
            normalized[i] = (float) (vector[i] / norm);
        }
        return normalized;
    }
}
