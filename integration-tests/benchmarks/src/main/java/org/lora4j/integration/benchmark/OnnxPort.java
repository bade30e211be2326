/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.lora4j.internal.http.ErrorShape;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpFront;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.http.HttpRoute;
import org.lora4j.internal.http.JsonFields;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.text.TextEncoder;

/**
 * The encoder in ONNX Runtime behind the HTTP layer of lora4j's server: {@code /embed}, with the same tokenizer. What waits is computed
 * together, texts of similar length, within the bounds that lora4j's server has; as many sessions side by side, each with a thread.
 */
final class OnnxPort implements AutoCloseable {

    private static final double NORM = 1e-12;

    private final TextEncoder encoder;
    private final int rows;
    private final int tokens;
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;
    private final HttpFront front;
    private final List<Thread> workers = new ArrayList<>();

    // Guarded by itself.
    private final List<Waiting> queue = new ArrayList<>();

    private record Waiting(TokenizedText text, CompletableFuture<float[]> vector) {

        int length() {
            return text.length();
        }
    }

    /**
     * Opens a port.
     *
     * @param model the file of the model
     * @param encoder whose tokenizer it is
     * @param workers batches side by side
     * @param rows of a batch at most
     * @param tokens of a batch at most, padding included
     */
    OnnxPort(byte[] model, TextEncoder encoder, int workers, int rows, int tokens) throws IOException {
        this.encoder = encoder;
        this.rows = rows;
        this.tokens = tokens;
        try {
            OrtSession.SessionOptions options = new OrtSession.SessionOptions();
            options.setIntraOpNumThreads(1);
            options.setInterOpNumThreads(1);
            session = environment.createSession(model, options);
        } catch (OrtException e) {
            throw new IOException("ONNX Runtime: " + e.getMessage(), e);
        }
        for (int i = 0; i < workers; i++) {
            Thread worker = new Thread(this::work, "onnx-port-" + i);
            worker.setDaemon(true);
            this.workers.add(worker);
            worker.start();
        }
        front = PeerPort.open(HttpRoute.post("/embed", ErrorShape.TEI, this::embed));
    }

    int port() {
        return front.address().getPort();
    }

    private void embed(Exchange exchange) {
        JsonFields fields = JsonFields.of(exchange.json(), Kind.UNPROCESSABLE);
        CompletableFuture<float[]> vector = of(fields.requiredText("inputs", "a text"));
        exchange.answerWith(vector, found -> {
            ArrayNode all = JsonNodeFactory.instance.arrayNode(1);
            all.addPOJO(found);
            return all;
        });
    }

    /** The vector of a text, when it is there. */
    CompletableFuture<float[]> of(String text) {
        Waiting waiting = new Waiting(encoder.tokens(text), new CompletableFuture<>());
        synchronized (queue) {
            queue.add(waiting);
            queue.notify();
        }
        return waiting.vector();
    }

    private void work() {
        try {
            while (true) {
                List<Waiting> batch = take();
                try {
                    compute(batch);
                } catch (OrtException | RuntimeException e) {
                    batch.forEach(one -> one.vector().completeExceptionally(e));
                }
            }
        } catch (InterruptedException e) {
            // The port is closed.
            Thread.currentThread().interrupt();
        }
    }

    /** The text that waits longest, and those whose lengths are nearest to its. */
    private List<Waiting> take() throws InterruptedException {
        synchronized (queue) {
            while (queue.isEmpty()) {
                queue.wait();
            }
            int length = queue.get(0).length();
            List<Waiting> near = new ArrayList<>(queue);
            near.sort(Comparator.comparingInt(one -> Math.abs(one.length() - length)));
            List<Waiting> batch = new ArrayList<>();
            int longest = 0;
            for (Waiting one : near) {
                int padded = Math.max(longest, one.length()) * (batch.size() + 1);
                if (batch.size() == rows || !batch.isEmpty() && padded > tokens) {
                    break;
                }
                longest = Math.max(longest, one.length());
                batch.add(one);
            }
            queue.removeAll(batch);
            return batch;
        }
    }

    private void compute(List<Waiting> batch) throws OrtException {
        int longest = batch.stream().mapToInt(Waiting::length).max().orElseThrow();
        long[][] ids = new long[batch.size()][longest];
        long[][] mask = new long[batch.size()][longest];
        for (int row = 0; row < batch.size(); row++) {
            int[] own = batch.get(row).text().ids();
            for (int i = 0; i < own.length; i++) {
                ids[row][i] = own[i];
            }
            Arrays.fill(mask[row], 0, own.length, 1);
        }
        Map<String, long[][]> values =
                Map.of("input_ids", ids, "attention_mask", mask, "token_type_ids", new long[batch.size()][longest]);
        Map<String, OnnxTensor> inputs = new HashMap<>();
        try {
            for (String name : session.getInputNames()) {
                inputs.put(name, OnnxTensor.createTensor(environment, values.get(name)));
            }
            try (OrtSession.Result result = session.run(inputs)) {
                OnnxTensor states = (OnnxTensor) result.get(0);
                int width = (int) states.getInfo().getShape()[2];
                FloatBuffer all = states.getFloatBuffer();
                for (int row = 0; row < batch.size(); row++) {
                    float[] one = new float[longest * width];
                    all.get(row * longest * width, one);
                    batch.get(row).vector().complete(mean(one, batch.get(row).length(), width));
                }
            }
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    /** The mean of the vectors of the tokens, of length one. */
    private static float[] mean(float[] states, int length, int width) {
        double[] sum = new double[width];
        for (int token = 0; token < length; token++) {
            for (int i = 0; i < width; i++) {
                sum[i] += states[token * width + i];
            }
        }
        double norm = 0;
        for (double value : sum) {
            norm += value * value;
        }
        float[] vector = new float[width];
        for (int i = 0; i < width; i++) {
            vector[i] = (float) (sum[i] / Math.max(NORM, Math.sqrt(norm)));
        }
        return vector;
    }

    @Override
    public void close() throws OrtException {
        front.close();
        workers.forEach(Thread::interrupt);
        session.close();
    }
}
