/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.Routes;
import org.lora4j.serve.ServedStatus;
import org.lora4j.serve.ServingRequest;
import org.lora4j.serve.ServingResult;

/**
 * A graph or a network, which takes arrays. What waits goes through it together.
 *
 * @apiNote Status: internal
 */
public final class ArrayHost implements ModelHost {

    private static final int MOST_WAITING = 1024;
    private static final int MOST_TOGETHER = 256;

    private final String name;
    private final AdapterServer server;
    private final Routes routes;
    private final BlockingQueue<Waiting> queue = new ArrayBlockingQueue<>(MOST_WAITING);
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean takesNoMore;

    private record Waiting(ServingRequest request, CompletableFuture<ServingResult> result) {}

    /**
     * Starts to serve.
     *
     * @param workers batches side by side
     */
    public ArrayHost(String name, AdapterServer server, int workers) {
        this.name = name;
        this.server = server;
        this.routes = new Routes(
                () -> server.status().stream().map(ServedStatus::name).toList());
        for (int i = 0; i < workers; i++) {
            Thread thread = new Thread(this::run, "lora4j-arrays-" + name + "-" + i);
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
    }

    public AdapterServer server() {
        return server;
    }

    /**
     * Puts a request into the next batch.
     *
     * @throws HttpProblem if too many wait, or the server stops
     */
    public CompletableFuture<ServingResult> submit(ServingRequest request) {
        if (takesNoMore) {
            throw new HttpProblem(
                            HttpProblem.Kind.UNAVAILABLE,
                            "the server stops, and takes no more requests; ask another one.")
                    .retryAfter(Duration.ofSeconds(1));
        }
        CompletableFuture<ServingResult> result = new CompletableFuture<>();
        if (!queue.offer(new Waiting(request, result))) {
            throw new HttpProblem(HttpProblem.Kind.OVERLOADED, "too many requests are waiting; ask again in a moment.")
                    .retryAfter(Duration.ofSeconds(1));
        }
        return result;
    }

    private void run() {
        List<Waiting> batch = new ArrayList<>();
        try {
            while (true) {
                batch.clear();
                batch.add(queue.take());
                queue.drainTo(batch, MOST_TOGETHER - 1);
                batch.removeIf(waiting -> waiting.result().isCancelled());
                answer(batch);
            }
        } catch (InterruptedException e) {
            // The host is closed.
            Thread.currentThread().interrupt();
        }
    }

    private void answer(List<Waiting> batch) {
        try {
            List<ServingResult> results =
                    server.predict(batch.stream().map(Waiting::request).toList());
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).result().complete(results.get(i));
            }
        } catch (RuntimeException | Error e) {
            batch.forEach(one -> one.result().completeExceptionally(e));
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Kind kind() {
        return Kind.ARRAYS;
    }

    @Override
    public List<HostedAdapter> adapters() {
        return server.status().stream()
                .map(status -> HostedAdapter.of(status, "arrays"))
                .toList();
    }

    @Override
    public void load(String adapter, Path directory) throws IOException {
        FreeName.adding(routes, adapter, () -> server.register(adapter, directory));
    }

    @Override
    public void replace(String adapter, Path directory) throws IOException {
        server.replace(adapter, directory);
    }

    @Override
    public void unload(String adapter) {
        routes.removing(adapter, () -> server.remove(adapter));
    }

    @Override
    public Routes routes() {
        return routes;
    }

    @Override
    public void close() {
        takesNoMore = true;
        threads.forEach(Thread::interrupt);
        List<Waiting> left = new ArrayList<>();
        queue.drainTo(left);
        left.forEach(one -> one.result()
                .completeExceptionally(new IllegalStateException("the server was closed before this was computed")));
    }
}
