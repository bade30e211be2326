/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.lora4j.integration.demonstration.ProcessorTime;

/**
 * Asks a server of texts from a process of its own, and tells how many requests a second were answered and how long they took. Either so
 * many at once as are given, the next one when one is answered; or at times that are drawn beforehand, whether or not answers have come
 * (arrivals of Poisson, an open loop), each timed from when it was due.
 *
 * <p>Arguments: the port; a file of bodies, one a line; how many at once; arrivals a second, 0 for the first way; the seed.
 */
public final class HttpLoadClient {

    /** Milliseconds of processor time that this client takes for a request, on the machine that the server has too. */
    static final String PROCESSOR = "processor milliseconds a request";

    private static final int OK = 200;

    private HttpLoadClient() {}

    /**
     * Asks, once without taking the time.
     *
     * @param args port, bodies, at once, arrivals a second, seed
     * @throws Exception if the file is missing
     */
    public static void main(String[] args) throws Exception {
        Locale.setDefault(Locale.ROOT);
        URI path = URI.create("http://127.0.0.1:" + args[0] + "/embed");
        List<String> bodies = Files.readAllLines(Path.of(args[1]));
        Semaphore free = new Semaphore(Integer.parseInt(args[2]));
        int all = Integer.parseInt(args[2]);
        double rate = Double.parseDouble(args[3]);
        SplittableRandom random = new SplittableRandom(Long.parseLong(args[4]));
        // Else each request offers HTTP/2 first, which is work for both sides.
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        AtomicInteger wrong = new AtomicInteger();
        // Java compiles the client while it warms up: elsewhere that is another machine's work.
        for (String body : bodies) {
            free.acquire();
            client.sendAsync(request(path, body), HttpResponse.BodyHandlers.discarding())
                    .whenComplete((answer, failure) -> free.release());
        }
        free.acquire(all);
        free.release(all);
        double[] seconds = new double[bodies.size()];
        double processor = ProcessorTime.seconds();
        long begun = System.nanoTime();
        double due = 0;
        for (int i = 0; i < bodies.size(); i++) {
            if (rate > 0) {
                due += -Math.log(1 - random.nextDouble()) / rate;
                long left = begun + (long) (1e9 * due) - System.nanoTime();
                if (left > 0) {
                    Thread.sleep(left / 1_000_000, (int) (left % 1_000_000));
                }
            }
            free.acquire();
            int request = i;
            long from = rate > 0 ? begun + (long) (1e9 * due) : System.nanoTime();
            client.sendAsync(request(path, bodies.get(i)), HttpResponse.BodyHandlers.ofByteArray())
                    .whenComplete((answer, failure) -> {
                        seconds[request] = (System.nanoTime() - from) / 1e9;
                        if (failure != null || answer.statusCode() != OK) {
                            wrong.incrementAndGet();
                        }
                        free.release();
                    });
        }
        free.acquire(all);
        ChildJava.tell("requests a second", bodies.size() / ((System.nanoTime() - begun) / 1e9));
        ChildJava.tell(PROCESSOR, 1e3 * (ProcessorTime.seconds() - processor) / bodies.size());
        Arrays.sort(seconds);
        ChildJava.tell("median", seconds[seconds.length / 2]);
        ChildJava.tell("p99", seconds[(int) (0.99 * seconds.length)]);
        ChildJava.tell("wrong", wrong.get());
        // Threads of the client would stay for a while.
        System.exit(0);
    }

    private static HttpRequest request(URI path, String body) {
        return HttpRequest.newBuilder(path)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }
}
