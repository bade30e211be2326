/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.Pooling;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The encoder over the real weights against ONNX Runtime over the file they came from. */
class MiniLmEncoderTest {

    /** Float sums of up to 1536 terms in another order, six layers deep; components are below 2. */
    private static final float TOLERANCE = 1e-5f;

    private static OrtSession oracle;
    private static EncoderGraph encoder;

    @BeforeAll
    static void load() throws IOException, OrtException {
        try (InputStream in = MiniLmEncoderTest.class.getClassLoader().getResourceAsStream(MiniLm.MODEL)) {
            oracle = OrtEnvironment.getEnvironment().createSession(in.readAllBytes());
        }
        encoder = EncoderGraph.create(MiniLm.weights(), Pooling.MEAN, true);
    }

    @AfterAll
    static void close() throws OrtException {
        oracle.close();
    }

    @Test
    void config_isReadFromTheFile() {
        assertThat(MiniLm.weights().config()).isEqualTo(EncoderConfig.bert(6, 384, 12, 1536, 30522, 512, 2));
    }

    @Test
    void lastHiddenState_ofHelloWorld_isThePublishedVector() {
        Map<String, INDArray> batch = batch(new int[][] {{101, 7592, 2088, 102}}, new int[] {4}, new int[1][4]);

        INDArray hidden =
                encoder.graph().output(batch, EncoderGraph.LAST_HIDDEN_STATE).get(EncoderGraph.LAST_HIDDEN_STATE);

        float[] first = Arrays.copyOf(hidden.ravel().toFloatVector(), 5);
        assertThat(first)
                .containsExactly(
                        new float[] {0.1764443f, 0.03936609f, 0.07790175f, 0.25854185f, -0.15842639f}, within(2e-6f));
    }

    @Test
    void lastHiddenState_ofTextsWithPadding_agreesWithOnnxRuntime() throws IOException, OrtException {
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(512)) {
            assertAgrees(
                    tokenizer.encode("a domesticated animal that barks"),
                    tokenizer.encode("The quick brown fox jumps over the lazy dog; then it rests, naturally."),
                    tokenizer.encode(""));
        }
    }

    @Test
    void lastHiddenState_ofALongText_agreesWithOnnxRuntime() throws IOException, OrtException {
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(200)) {
            assertAgrees(tokenizer.encode("an instrument used by sailors to measure the height of stars ".repeat(30)));
        }
    }

    @Test
    void lastHiddenState_withTokenTypes_agreesWithOnnxRuntime() throws OrtException {
        int[][] ids = {{101, 7592, 2088, 102, 2204, 2851, 102}};

        assertAgrees(batch(ids, new int[] {7}, new int[][] {{0, 0, 0, 0, 1, 1, 1}}));
    }

    private static void assertAgrees(int[]... texts) throws OrtException {
        int longest = Arrays.stream(texts).mapToInt(text -> text.length).max().orElseThrow();
        int[] lengths = Arrays.stream(texts).mapToInt(text -> text.length).toArray();
        int[][] padded =
                Arrays.stream(texts).map(text -> Arrays.copyOf(text, longest)).toArray(int[][]::new);
        assertAgrees(batch(padded, lengths, new int[texts.length][longest]));
    }

    private static void assertAgrees(Map<String, INDArray> batch) throws OrtException {
        encoder.requireValid(batch);
        INDArray found =
                encoder.graph().output(batch, EncoderGraph.LAST_HIDDEN_STATE).get(EncoderGraph.LAST_HIDDEN_STATE);

        float[] expected = onnxRuntime(batch);

        assertThat(found.length()).isEqualTo(expected.length);
        INDArray mask = batch.get(EncoderGraph.ATTENTION_MASK);
        for (int row = 0; row < found.size(0); row++) {
            for (int token = 0; token < found.size(1); token++) {
                // What stands at padding means nothing, and is ill-conditioned: both sides are 4e-5 off the exact
                // value.
                if (mask.getDouble(row, token) == 1) {
                    int from = (int) (row * found.size(1) + token) * 384;
                    assertThat(found.slice(row).slice(token).toFloatVector())
                            .as("text %d, token %d", row, token)
                            .containsExactly(Arrays.copyOfRange(expected, from, from + 384), within(TOLERANCE));
                }
            }
        }
    }

    private static float[] onnxRuntime(Map<String, INDArray> batch) throws OrtException {
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        for (Map.Entry<String, INDArray> entry : batch.entrySet()) {
            inputs.put(
                    entry.getKey(),
                    OnnxTensor.createTensor(
                            OrtEnvironment.getEnvironment(), entry.getValue().toLongMatrix()));
        }
        try (OrtSession.Result result = oracle.run(inputs)) {
            float[][][] hidden = (float[][][]) result.get(0).getValue();
            return Nd4j.createFromArray(hidden).ravel().toFloatVector();
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private static Map<String, INDArray> batch(int[][] ids, int[] lengths, int[][] types) {
        float[][] mask = new float[ids.length][ids[0].length];
        for (int row = 0; row < ids.length; row++) {
            Arrays.fill(mask[row], 0, lengths[row], 1);
        }
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(ids));
        batch.put(EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(mask));
        batch.put(EncoderGraph.TOKEN_TYPE_IDS, Nd4j.createFromArray(types));
        return batch;
    }
}
