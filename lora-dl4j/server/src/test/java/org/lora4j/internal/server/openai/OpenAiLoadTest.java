/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.language.CausalLm;
import org.lora4j.language.GenerationConfig;

/** Eight threads with mixed adapters, whole answers and streams, beside clients that read slowly or go: no answer is wrong. */
class OpenAiLoadTest {

    private static final int THREADS = 8;

    private static final List<String> MODELS = List.of(OpenAiPort.BASE, "qv", "all");

    private static final List<String> PROMPTS =
            List.of("Once upon a time", "Tom had", "The little dog", "One day, Lily went to the park");

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private final Map<String, String> expected = new HashMap<>();

    @Test
    @Timeout(120)
    void answers_areRight_besideSlowAndLostClients() throws Exception {
        load(6);
    }

    @Test
    @Tag("thorough")
    @Timeout(900)
    void answers_areRight_forLong() throws Exception {
        load(400);
    }

    private static int tokens(int prompt) {
        return 6 + 7 * prompt;
    }

    private void load(int rounds) throws Exception {
        try (CausalLm alone = CausalLm.load(OpenAiPort.STORIES)) {
            for (String model : MODELS) {
                if (!model.equals(OpenAiPort.BASE)) {
                    alone.model().addAdapter(model, Adapter.load(OpenAiPort.STORIES.resolve("adapter-" + model)));
                    alone.model().activate(model);
                }
                for (int i = 0; i < PROMPTS.size(); i++) {
                    expected.put(
                            model + i,
                            alone.generate(PROMPTS.get(i), GenerationConfig.greedy(tokens(i)))
                                    .text());
                }
            }
        }
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try (OpenAiPort port = new OpenAiPort(folder, OpenAiPort.TEMPLATE)) {
            List<Future<Integer>> threads = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                SplittableRandom random = new SplittableRandom(i);
                boolean isRude = i % 4 == 3;
                Callable<Integer> work = () -> isRude ? rude(port, random, rounds) : ask(port, random, rounds);
                threads.add(pool.submit(work));
            }
            int right = 0;
            for (Future<Integer> thread : threads) {
                right += thread.get();
            }
            assertThat(right).isEqualTo((THREADS - 2) * rounds);
            assertThat(port.server.metrics().failed()).isZero();
        } finally {
            pool.shutdownNow();
        }
    }

    /** How many answers were right; fails at the first that is not. */
    private int ask(OpenAiPort port, SplittableRandom random, int rounds) throws IOException, InterruptedException {
        for (int i = 0; i < rounds; i++) {
            String model = MODELS.get(random.nextInt(MODELS.size()));
            int prompt = random.nextInt(PROMPTS.size());
            boolean isStream = random.nextBoolean();
            String text = isStream
                    ? joined(port.stream("/completions", body(model, prompt, true)))
                    : port.ask("/completions", body(model, prompt, false))
                            .get("choices")
                            .get(0)
                            .get("text")
                            .textValue();
            assertThat(text).as("%s after prompt %d", model, prompt).isEqualTo(expected.get(model + prompt));
        }
        return rounds;
    }

    private static String joined(List<JsonNode> events) {
        StringBuilder text = new StringBuilder();
        events.forEach(
                event -> text.append(event.get("choices").get(0).get("text").textValue()));
        return text.toString();
    }

    private static String body(String model, int prompt, boolean isStream) {
        return ("{'model': '" + model + "', 'prompt': '" + PROMPTS.get(prompt) + "', 'temperature': 0, 'max_tokens': "
                        + tokens(prompt) + ", 'stream': " + isStream + "}")
                .replace('\'', '"');
    }

    /** Goes in the middle of a stream, before it, or reads it byte by byte; what comes is right all the same. */
    private int rude(OpenAiPort port, SplittableRandom random, int rounds) throws IOException, InterruptedException {
        for (int i = 0; i < rounds; i++) {
            String model = MODELS.get(random.nextInt(MODELS.size()));
            int prompt = random.nextInt(PROMPTS.size());
            int kind = random.nextInt(3);
            try (Socket socket = new Socket("127.0.0.1", port.port())) {
                socket.setReceiveBufferSize(1 << 10);
                byte[] body = body(model, prompt, true).getBytes(StandardCharsets.US_ASCII);
                OutputStream out = socket.getOutputStream();
                out.write(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type:"
                                + " application/json\r\nContent-Length: " + body.length + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                out.write(body, 0, kind == 0 ? body.length / 2 : body.length);
                out.flush();
                InputStream in = socket.getInputStream();
                if (kind == 1) {
                    in.read(new byte[300]);
                } else if (kind == 2) {
                    slow(in, expected.get(model + prompt));
                }
            }
        }
        return 0;
    }

    private static void slow(InputStream in, String expected) throws IOException, InterruptedException {
        StringBuilder read = new StringBuilder();
        for (int next = in.read(); next >= 0; next = in.read()) {
            read.append((char) next);
            if (read.length() % 50 == 0) {
                Thread.sleep(1);
            }
        }
        StringBuilder text = new StringBuilder();
        for (String line : read.toString().split("\n")) {
            if (line.startsWith("data: {")) {
                text.append(JSON.readTree(line.substring(6))
                        .get("choices")
                        .get(0)
                        .get("text")
                        .textValue());
            }
        }
        assertThat(text.toString()).isEqualTo(expected);
    }
}
