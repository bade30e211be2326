/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/** ONNX Runtime with MiniLM's own file. */
final class OnnxTeam {

    static final String OUTPUT = "onnx.output";

    private static final String FILE = "all-minilm-l6-v2.onnx";
    private static final int VOCABULARY = 30522;
    private static final int OUTPUTS = 2;

    private OnnxTeam() {}

    static Map<String, String> facts() {
        return Map.of("ONNX Runtime", OrtEnvironment.getEnvironment().getVersion());
    }

    static List<Contender> contenders(Predicate<String> wanted) throws IOException {
        if (!wanted.test(OUTPUT)) {
            return List.of();
        }
        try {
            OrtEnvironment environment = OrtEnvironment.getEnvironment();
            OrtSession.SessionOptions options = new OrtSession.SessionOptions();
            options.setIntraOpNumThreads(Turn.THREADS);
            options.setInterOpNumThreads(1);
            // Waiting threads would take the processors from those whose turn it is.
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            OrtSession session = environment.createSession(file(), options);
            Map<String, OnnxTensor> inputs = inputs(environment, session);
            return List.of(Contender.timed(OUTPUT, "ONNX Runtime, base, output", OUTPUTS, () -> run(session, inputs)));
        } catch (OrtException e) {
            throw new IOException("ONNX Runtime: " + e.getMessage(), e);
        }
    }

    /** MiniLM as it is published. */
    static byte[] file() throws IOException {
        try (InputStream in = OnnxTeam.class.getClassLoader().getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IOException(FILE + " is not on the class path; expected the data jar of MiniLM.");
            }
            return in.readAllBytes();
        }
    }

    private static Map<String, OnnxTensor> inputs(OrtEnvironment environment, OrtSession session) throws OrtException {
        SplittableRandom random = new SplittableRandom(MiniLmModels.SEED);
        long[][] ids = new long[MiniLmBatch.ROWS][MiniLmBatch.LENGTH];
        long[][] mask = new long[MiniLmBatch.ROWS][MiniLmBatch.LENGTH];
        for (int row = 0; row < ids.length; row++) {
            ids[row] = random.longs(MiniLmBatch.LENGTH, 0, VOCABULARY).toArray();
            Arrays.fill(mask[row], 1);
        }
        Map<String, long[][]> values = Map.of(
                "input_ids", ids,
                "attention_mask", mask,
                "token_type_ids", new long[MiniLmBatch.ROWS][MiniLmBatch.LENGTH]);
        Map<String, OnnxTensor> inputs = new HashMap<>();
        for (String name : session.getInputNames()) {
            inputs.put(name, OnnxTensor.createTensor(environment, values.get(name)));
        }
        return inputs;
    }

    private static void run(OrtSession session, Map<String, OnnxTensor> inputs) {
        try (OrtSession.Result result = session.run(inputs)) {
            result.size();
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime: " + e.getMessage(), e);
        }
    }
}
