/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.LlamaOutput;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.CacheType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.lora4j.internal.http.ErrorShape;
import org.lora4j.internal.http.EventStream;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpFront;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.http.HttpRoute;
import org.lora4j.internal.http.JsonFields;

/** llama.cpp behind the HTTP layer of lora4j's server: {@code /v1/completions} as streams, with as many slots as lora4j has texts side by side. */
final class LlamaPort implements AutoCloseable {

    private static final int ROOM = 16;

    private final LlamaModel model;
    private final HttpFront front;

    /** A thread for each text, as its binding waits for tokens. */
    private final ExecutorService threads = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        return thread;
    });

    /**
     * Opens a port.
     *
     * @param file the model
     * @param half whether keys and values are kept in half precision
     * @param slots texts side by side
     * @param longest tokens of a text, its prompt included
     */
    LlamaPort(Path file, boolean half, int slots, int longest) throws IOException {
        int processors = Runtime.getRuntime().availableProcessors();
        CacheType cache = half ? CacheType.F16 : CacheType.F32;
        model = new LlamaModel(new ModelParameters()
                .setModel(file.toString())
                .setThreads(processors)
                .setThreadsBatch(processors)
                .setParallel(slots)
                .enableContBatching()
                .setCtxSize(slots * (longest + ROOM))
                .setCacheTypeK(cache)
                .setCacheTypeV(cache)
                .setSeed(1)
                .skipWarmup()
                .disableLog());
        front = PeerPort.open(HttpRoute.post("/v1/completions", ErrorShape.OPENAI, this::complete));
    }

    String url() {
        return "http://127.0.0.1:" + front.address().getPort();
    }

    private void complete(Exchange exchange) {
        JsonFields fields = JsonFields.of(exchange.json(), Kind.BAD_REQUEST);
        String prompt = fields.requiredText("prompt", "a text");
        int tokens = fields.integer("max_tokens", 1, Integer.MAX_VALUE).orElse(ROOM);
        threads.execute(() -> {
            try {
                stream(exchange.events(), prompt, tokens);
            } catch (RuntimeException e) {
                exchange.fail(e);
            }
        });
    }

    private void stream(EventStream events, String prompt, int tokens) {
        InferenceParameters asked = new InferenceParameters(prompt)
                .setNPredict(tokens)
                .setTemperature(0)
                .setTopK(1)
                .setRepeatPenalty(1)
                .setIgnoreEos(true)
                .setCachePrompt(false);
        for (LlamaOutput output : model.generate(asked)) {
            ObjectNode piece = JsonNodeFactory.instance.objectNode();
            piece.putArray("choices").addObject().put("index", 0).put("text", output.text);
            events.send(piece);
        }
        ObjectNode usage = JsonNodeFactory.instance.objectNode();
        usage.putArray("choices");
        // Nothing ends a text but their number.
        usage.putObject("usage").put("completion_tokens", tokens);
        events.send(usage);
        events.send("[DONE]");
        events.end();
    }

    @Override
    public void close() {
        front.close();
        threads.shutdownNow();
        model.close();
    }
}
