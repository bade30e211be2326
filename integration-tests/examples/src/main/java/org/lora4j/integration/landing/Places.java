/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.landing;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.langchain4j.model.embedding.EmbeddingModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.serve.AdapterServer;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.TextEncoder;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The same model in the places that it landed in. */
final class Places {

    private static final String ADAPTER = "tuned";

    private final Path models;
    private final TextEncoder encoder;
    private final SentenceEncoder tuned;

    Places(Path models, TextEncoder encoder, SentenceEncoder tuned) {
        this.models = models;
        this.encoder = encoder;
        this.tuned = tuned;
    }

    private interface Embedder {
        float[] embed(String text) throws IOException;
    }

    /** By place the largest difference of a component from what the tuned encoder gives. */
    Map<String, Double> differences(List<String> texts) throws IOException {
        Map<String, Double> differences = new LinkedHashMap<>();
        EmbeddingModel langChain = Retrieval.model(models.resolve("onnx"));
        differences.put(
                "LangChain4j",
                largest(texts, text -> langChain.embed(text).content().vector()));
        try (OrtSession session = OrtEnvironment.getEnvironment()
                .createSession(models.resolve("onnx/model.onnx").toString())) {
            differences.put("ONNX Runtime", largest(texts, text -> onnxRuntime(session, text)));
        } catch (OrtException e) {
            throw new IOException("ONNX Runtime: " + e.getMessage(), e);
        }
        try (AdapterServer server = AdapterServer.builder(EncoderGraph.create(encoder.weights(), encoder.pooling())
                        .graph())
                .outputs(EncoderGraph.POOLED)
                .example(inputs(encoder.tokenizer(), "a text", "two other texts"))
                .build()) {
            server.register(ADAPTER, tuned.adapter());
            differences.put("server of adapters", largest(texts, text -> served(server, text)));
        }
        try (TextEncoder directory = TextEncoder.load(models.resolve("directory"))) {
            differences.put("directory of Hugging Face", largest(texts, directory::embed));
        }
        return differences;
    }

    private double largest(List<String> texts, Embedder embedder) throws IOException {
        double largest = 0;
        for (String text : texts) {
            float[] expected = tuned.predict(text);
            float[] found = embedder.embed(text);
            for (int i = 0; i < expected.length; i++) {
                largest = Math.max(largest, Math.abs((double) expected[i] - found[i]));
            }
        }
        return largest;
    }

    private static Map<String, INDArray> inputs(TextTokenizer tokenizer, String... texts) {
        int[][] encoded = Arrays.stream(texts).map(tokenizer::encode).toArray(int[][]::new);
        int longest = Arrays.stream(encoded).mapToInt(ids -> ids.length).max().orElseThrow();
        float[][] mask = new float[texts.length][longest];
        for (int row = 0; row < texts.length; row++) {
            Arrays.fill(mask[row], 0, encoded[row].length, 1);
            encoded[row] = Arrays.copyOf(encoded[row], longest);
        }
        return Map.of(
                EncoderGraph.INPUT_IDS, Nd4j.createFromArray(encoded),
                EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(mask));
    }

    private float[] served(AdapterServer server, String text) throws IOException {
        return server.output(inputs(encoder.tokenizer(), text), List.of(ADAPTER))
                .get(EncoderGraph.POOLED)
                .toFloatVector();
    }

    private float[] onnxRuntime(OrtSession session, String text) throws IOException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        long[] ids = Arrays.stream(encoder.tokenizer().encode(text))
                .mapToLong(id -> id)
                .toArray();
        long[] mask = new long[ids.length];
        Arrays.fill(mask, 1);
        try (OnnxTensor input = OnnxTensor.createTensor(environment, new long[][] {ids});
                OnnxTensor kept = OnnxTensor.createTensor(environment, new long[][] {mask});
                OnnxTensor types = OnnxTensor.createTensor(environment, new long[1][ids.length]);
                OrtSession.Result result =
                        session.run(Map.of("input_ids", input, "attention_mask", kept, "token_type_ids", types))) {
            return ((OnnxTensor) result.get("sentence_embedding").orElseThrow())
                    .getFloatBuffer()
                    .array();
        } catch (OrtException e) {
            throw new IOException("ONNX Runtime: " + e.getMessage(), e);
        }
    }
}
