/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/** The process that asks, for {@link HttpTokens}: all requests at once, as streams. */
public final class HttpTokensClient {

    static final String SECONDS = "seconds";

    static final String FIRST = "first token";

    private static final String DATA = "data: {";

    /** A thread for each stream, so that none waits for another to be read. */
    private final ExecutorService readers = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        return thread;
    });

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI completions;
    private final List<Double> first = new ArrayList<>();

    private final Asked whom;

    /** Whom requests name, and how they bring their prompts. */
    enum Asked {
        /** Each request another adapter, prompts as ids. */
        ADAPTERS,
        /** The model alone, prompts as texts. */
        MODEL
    }

    private HttpTokensClient(String server, Asked whom) {
        this.completions = URI.create(server + "/v1/completions");
        this.whom = whom;
    }

    /**
     * Asks, and tells the time until all was answered, and the median of that until a first token.
     *
     * @param args the server, the number of requests, the tokens of each, and whom they ask
     */
    public static void main(String[] args) {
        HttpTokensClient asker = new HttpTokensClient(args[0], Asked.valueOf(args[3]));
        int requests = Integer.parseInt(args[1]);
        int tokens = Integer.parseInt(args[2]);
        // Java compiles the client while it warms up: elsewhere that is another machine's work.
        asker.ask(requests, tokens);
        asker.first.clear();
        long start = System.nanoTime();
        asker.ask(requests, tokens);
        ChildJava.tell(SECONDS, (System.nanoTime() - start) / 1e9);
        ChildJava.tell(FIRST, Timing.of(asker.first).median());
    }

    private void ask(int requests, int tokens) {
        List<CompletableFuture<Void>> asked = new ArrayList<>();
        for (int i = 0; i < requests; i++) {
            String body = String.format(
                    Locale.ROOT,
                    "{\"model\": \"%s\", \"prompt\": %s, \"max_tokens\": %d, \"temperature\": 0, \"ignore_eos\": true,"
                            + " \"stream\": true, \"stream_options\": {\"include_usage\": true}}",
                    whom == Asked.ADAPTERS ? HttpTokens.name(i) : HttpTokens.BASE,
                    whom == Asked.ADAPTERS ? Arrays.toString(HttpTokens.prompt(i)) : '"' + HttpTokens.text(i) + '"',
                    tokens);
            HttpRequest request = HttpRequest.newBuilder(completions)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build();
            long start = System.nanoTime();
            asked.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofLines())
                    .thenAcceptAsync(response -> read(response, start, tokens), readers));
        }
        asked.forEach(CompletableFuture::join);
    }

    private void read(HttpResponse<Stream<String>> response, long start, int tokens) {
        long[] when = {0};
        boolean[] complete = {false};
        try (Stream<String> lines = response.body()) {
            lines.filter(line -> line.startsWith(DATA)).forEach(line -> {
                if (when[0] == 0) {
                    when[0] = System.nanoTime() - start;
                }
                complete[0] |= line.contains("\"completion_tokens\":" + tokens);
            });
        }
        if (response.statusCode() != 200 || !complete[0]) {
            throw new IllegalStateException("status " + response.statusCode() + " of " + completions
                    + "; expected 200 and a stream of " + tokens + " tokens.");
        }
        synchronized (first) {
            first.add(when[0] / 1e9);
        }
    }
}
