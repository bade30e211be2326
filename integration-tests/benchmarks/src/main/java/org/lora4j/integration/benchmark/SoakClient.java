/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** The clients of {@link SoakBenchmark}: those that ask as one should, and those that do not. */
public final class SoakClient {

    static final String WRONG = "wrong answers";

    private static final int ASKERS = 6;
    private static final int SLOW_READERS = 4;
    private static final int OK = 200;
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final int TOO_LARGE = 413;
    private static final double NEAR = 1e-5;
    private static final int MOST_TOLD = 20;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final int port;
    private final Path adapters;
    private final List<String> texts = new ArrayList<>();
    private final Map<String, float[][]> expected = new HashMap<>();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Map<String, AtomicLong> counts = new ConcurrentHashMap<>();
    private final AtomicLong slowest = new AtomicLong();
    private final long end;

    private SoakClient(String[] args) throws IOException {
        port = Integer.parseInt(args[0]);
        adapters = Path.of(args[2]);
        end = System.nanoTime() + (long) (1e9 * Double.parseDouble(args[3]));
        try (DataInputStream in =
                new DataInputStream(new BufferedInputStream(Files.newInputStream(Path.of(args[1]))))) {
            int count = in.readInt();
            for (int i = 0; i < count; i++) {
                texts.add(in.readUTF());
            }
            for (int adapter = in.readInt(); adapter > 0; adapter--) {
                String hash = in.readUTF();
                float[][] vectors = new float[count][];
                for (int i = 0; i < count; i++) {
                    vectors[i] = new float[in.readInt()];
                    for (int j = 0; j < vectors[i].length; j++) {
                        vectors[i][j] = in.readFloat();
                    }
                }
                expected.put(hash, vectors);
            }
        }
    }

    /**
     * Asks, and tells counts.
     *
     * @param args the port, the file of what is expected, the folder of the adapters, and seconds
     * @throws Exception if the file cannot be read
     */
    public static void main(String[] args) throws Exception {
        Locale.setDefault(Locale.ROOT);
        SoakClient soak = new SoakClient(args);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < ASKERS; i++) {
            threads.add(soak.started("asks", i, 0, soak::ask));
        }
        threads.add(soak.started("exchanges", 50, 500, soak::exchange));
        threads.add(soak.started("goes", 51, 150, soak::go));
        threads.add(soak.started("sends too much", 52, 1_000, soak::sendTooMuch));
        threads.add(soak.started("sends no JSON", 53, 150, soak::sendNoJson));
        threads.add(soak.started("has no token", 54, 250, soak::askWithoutToken));
        for (int i = 0; i < SLOW_READERS; i++) {
            threads.add(soak.started("reads slowly", 60 + i, 0, soak::readSlowly));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        soak.counts.computeIfAbsent(WRONG, name -> new AtomicLong());
        soak.counts.forEach((name, count) -> ChildJava.tell(name, count.get()));
        ChildJava.tell("seconds of the slowest right request", soak.slowest.get() / 1e9);
        System.exit(0);
    }

    private interface Turn {
        void of(SplittableRandom random) throws IOException, InterruptedException;
    }

    private Thread started(String name, long seed, long pause, Turn turn) {
        Thread thread = new Thread(
                () -> {
                    SplittableRandom random = new SplittableRandom(seed);
                    try {
                        while (System.nanoTime() < end) {
                            turn.of(random);
                            Thread.sleep(pause);
                        }
                    } catch (IOException e) {
                        wrong(name + " ended: " + e);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                name);
        thread.start();
        return thread;
    }

    private void count(String what) {
        counts.computeIfAbsent(what, name -> new AtomicLong()).incrementAndGet();
    }

    private void wrong(String what) {
        count(WRONG);
        if (counts.get(WRONG).get() <= MOST_TOLD) {
            System.out.println("wrong: " + what);
        }
    }

    private HttpResponse<byte[]> post(String path, String body, String token) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static String quoted(String text) throws IOException {
        return JSON.writeValueAsString(text);
    }

    private String embed(SplittableRandom random, int text) throws IOException {
        String name = random.nextBoolean()
                ? SoakBenchmark.swapped(random.nextInt(SoakBenchmark.SWAPPED))
                : "a" + random.nextInt(SoakBenchmark.ADAPTERS);
        return "{\"model\": \"" + name + "\", \"truncate\": true, \"inputs\": " + quoted(texts.get(text)) + "}";
    }

    /** A right request; its answer is that of the adapter that it says. */
    private void ask(SplittableRandom random) throws IOException, InterruptedException {
        int text = random.nextInt(texts.size());
        long start = System.nanoTime();
        HttpResponse<byte[]> answer = post("/embed", embed(random, text), SoakBenchmark.TOKEN);
        slowest.accumulateAndGet(System.nanoTime() - start, Math::max);
        float[][] vectors =
                expected.get(answer.headers().firstValue("x-adapter-hash").orElse(""));
        if (answer.statusCode() != OK || vectors == null) {
            wrong("a right request got " + answer.statusCode() + ", "
                    + new String(answer.body(), 0, Math.min(300, answer.body().length), StandardCharsets.UTF_8));
            return;
        }
        JsonNode vector = JSON.readTree(answer.body()).get(0);
        for (int i = 0; i < vectors[text].length; i++) {
            if (Math.abs(vector.get(i).floatValue() - vectors[text][i]) > NEAR) {
                wrong("number " + i + " of text " + text + " is " + vector.get(i) + "; expected " + vectors[text][i]);
                return;
            }
        }
        count("right answers");
    }

    private void exchange(SplittableRandom random) throws IOException, InterruptedException {
        String directory =
                adapters.resolve("a" + random.nextInt(SoakBenchmark.ADAPTERS)).toString();
        HttpResponse<byte[]> answer = post(
                "/v1/load_lora_adapter",
                "{\"lora_name\": \"" + SoakBenchmark.swapped(random.nextInt(SoakBenchmark.SWAPPED))
                        + "\", \"load_inplace\": true, \"lora_path\": " + quoted(directory) + "}",
                SoakBenchmark.ADMIN);
        expect("an exchange", answer.statusCode(), OK);
        count("adapters exchanged");
    }

    private void expect(String what, int found, int wanted) {
        if (found != wanted) {
            wrong(what + " got " + found + "; expected " + wanted);
        }
    }

    private static byte[] raw(String path, byte[] body, int length) {
        byte[] head = ("POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + SoakBenchmark.TOKEN
                        + "\r\nContent-Type: application/json\r\nContent-Length: " + length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] all = new byte[head.length + body.length];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(body, 0, all, head.length, body.length);
        return all;
    }

    /** Within its request, or before the answer. */
    private void go(SplittableRandom random) throws IOException {
        byte[] body = embed(random, random.nextInt(texts.size())).getBytes(StandardCharsets.UTF_8);
        byte[] request = raw("/embed", body, body.length);
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.getOutputStream()
                    .write(request, 0, random.nextBoolean() ? request.length : random.nextInt(request.length));
            socket.getOutputStream().flush();
        }
        count("clients that went");
    }

    private void sendTooMuch(SplittableRandom random) throws IOException {
        expect("a body that is too long", status(raw("/embed", new byte[0], SoakBenchmark.BODY + 1)), TOO_LARGE);
        count("bodies that were too long");
    }

    private void sendNoJson(SplittableRandom random) throws IOException {
        byte[] body = new byte[1 + random.nextInt(200)];
        random.nextBytes(body);
        body[0] = '{';
        expect("what is no JSON", status(raw("/embed", body, body.length)) / 100, 4);
        byte[] noise = new byte[1 + random.nextInt(500)];
        random.nextBytes(noise);
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.getOutputStream().write(noise);
            socket.getOutputStream().flush();
        } catch (IOException e) {
            // What is no HTTP is hung up on, perhaps before all of it was sent.
            count("noises that were hung up on");
        }
        count("bodies that were no JSON");
    }

    /** The status of the answer to some bytes. */
    private int status(byte[] request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(request);
            socket.getOutputStream().flush();
            byte[] line = socket.getInputStream().readNBytes(12);
            return line.length < 12 ? 0 : Integer.parseInt(new String(line, 9, 3, StandardCharsets.US_ASCII));
        }
    }

    private void askWithoutToken(SplittableRandom random) throws IOException, InterruptedException {
        String body = embed(random, 0);
        expect("a request without a token", post("/embed", body, null).statusCode(), UNAUTHORIZED);
        expect("one with another token", post("/embed", body, "token-of-nobody").statusCode(), UNAUTHORIZED);
        expect(
                "a change by a caller",
                post("/v1/unload_lora_adapter", "{}", SoakBenchmark.TOKEN).statusCode(),
                FORBIDDEN);
        count("requests without their token");
    }

    /** A byte a second of an answer of megabytes, until the time is over or the server gives it up. */
    private void readSlowly(SplittableRandom random) throws IOException, InterruptedException {
        StringBuilder all = new StringBuilder("{\"model\": \"minilm\", \"truncate\": true, \"inputs\": [");
        for (int i = 0; i < texts.size(); i++) {
            all.append(i == 0 ? "" : ", ").append(quoted(texts.get(i)));
        }
        byte[] body = all.append("]}").toString().getBytes(StandardCharsets.UTF_8);
        try (Socket socket = new Socket()) {
            socket.setReceiveBufferSize(1 << 12);
            socket.connect(new java.net.InetSocketAddress("127.0.0.1", port));
            OutputStream out = socket.getOutputStream();
            out.write(raw("/embed_all", body, body.length));
            out.flush();
            InputStream in = socket.getInputStream();
            while (System.nanoTime() < end && in.read() >= 0) {
                count("bytes read by slow readers");
                Thread.sleep(1_000);
            }
        } catch (IOException e) {
            // The server has given it up, as it may.
            count("slow readers that were given up");
        }
    }
}
