/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.regex.Matcher;

/**
 * Requests that somebody made who knows the protocols and means no good: parts of real ones in wrong places, cut, doubled and with
 * other bytes. Whatever is sent, the server answers below 500 or ends the connection, and answers the next one.
 */
public final class HttpFuzz {

    private static final List<String> METHODS = List.of(
            "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "", "G\0T", "PRI");

    private static final List<String> VERSIONS = List.of(
            "HTTP/1.1",
            "HTTP/1.1",
            "HTTP/1.1",
            "HTTP/1.1",
            "HTTP/1.0",
            "HTTP/2.0",
            "HTTP/0.9",
            "http/1.1",
            "",
            "HTTP/1.1 x");

    private static final List<String> HEADERS = List.of(
            "Host: localhost",
            "Host: evil",
            "Host:",
            "Content-Type: application/json",
            "Content-Type: text/plain",
            "Content-Length: 0",
            "Content-Length: 99999999999999999999",
            "Content-Length: -1",
            "Content-Length: 5, 5",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: identity",
            "Content-Encoding: gzip",
            "Expect: 100-continue",
            "Expect: x",
            "Connection: close",
            "Connection: upgrade, HTTP2-Settings",
            "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
            "Origin: null",
            "Origin: http://localhost",
            "Authorization: Bearer x",
            "Authorization: Bearer",
            "X-Request-Id: \u0001",
            "X-Request-Id: ok-1",
            "x-adapter: nobody",
            "x-adapter: ../../etc",
            "Accept: text/event-stream",
            " folded: 1",
            "No-Colon",
            ": empty",
            "A: " + "b".repeat(3000),
            "Range: bytes=0-1",
            "Cookie: a=b");

    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "-1",
            "0",
            "1e400",
            "1e-400",
            "0.5",
            "99999999999999999999",
            "\"\"",
            "\" \"",
            "\"a good film\"",
            "\"\\u0000\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud800\"",
            "[]",
            "{}",
            "[[]]",
            "[1,2,3]",
            "[\"a\",\"b\"]",
            "[[\"a\"],[\"b\",\"c\"]]",
            "[\"a\",1]",
            "{\"a\":1}",
            "[null]",
            "\"nobody\"",
            "\"__base__\"",
            "\"Left\"",
            "\"base64\"",
            "[[1,2],[3]]",
            "[2147483648]",
            "\"" + "good ".repeat(300) + "\"");

    private static final List<String> FIELDS = List.of(
            "inputs",
            "input",
            "model",
            "truncate",
            "normalize",
            "prompt_name",
            "dimensions",
            "texts",
            "query",
            "raw_scores",
            "return_text",
            "documents",
            "top_n",
            "ids",
            "skip_special_tokens",
            "add_special_tokens",
            "encoding_format",
            "user",
            "source_sentence",
            "sentences",
            "parameters",
            "truncation_direction",
            "lora_name",
            "lora_path",
            "adapter",
            "candidate",
            "share",
            "name",
            "shape",
            "datatype",
            "data",
            "outputs",
            "id",
            "messages",
            "prompt",
            "stream",
            "max_tokens",
            "n");

    private final SplittableRandom random;
    private final List<String> paths;
    private final List<String> bodies;

    /**
     * A source of requests.
     *
     * @param paths of the server
     * @param bodies that are right for some of them, to be changed
     */
    public HttpFuzz(long seed, List<String> paths, List<String> bodies) {
        this.random = new SplittableRandom(seed);
        this.paths = paths;
        this.bodies = bodies;
    }

    private <T> T one(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    /** Sends some, one after another, and reads what comes; fails with the request that is not answered as it should be. */
    public void run(int port, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            byte[] request = request();
            String shown = i + ": " + new String(request, StandardCharsets.ISO_8859_1);
            try (Wire wire = new Wire(port).timeout(10_000)) {
                send(wire, request);
                wire.socket().shutdownOutput();
                for (Wire.Answer answer = wire.answer(request[0] != 'H'); answer != null; answer = wire.answer(true)) {
                    assertThat(answer.status()).as(shown).isLessThan(500);
                }
            } catch (SocketTimeoutException e) {
                throw new AssertionError("no answer and no end: " + shown, e);
            } catch (SocketException | NumberFormatException | IndexOutOfBoundsException e) {
                // The connection was ended in the middle, or an answer to a HEAD in the middle was taken for one with a
                // body.
                continue;
            }
        }
    }

    private static void send(Wire wire, byte[] request) throws IOException {
        try {
            wire.send(request);
        } catch (SocketException e) {
            // It has ended the connection before everything was sent.
            return;
        }
    }

    private byte[] request() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int count = random.nextInt(10) == 0 ? 3 : 1;
        for (int i = 0; i < count; i++) {
            bytes.write(random.nextInt(3) == 0 ? wild() : sound());
        }
        byte[] all = bytes.toByteArray();
        for (int changes = random.nextInt(4) == 0 ? random.nextInt(4) : 0; changes > 0 && all.length > 0; changes--) {
            all[random.nextInt(all.length)] = (byte) random.nextInt(256);
        }
        int length = random.nextInt(10) == 0 ? random.nextInt(all.length + 1) : all.length;
        return length == 0 ? new byte[] {'\n'} : Arrays.copyOf(all, length);
    }

    /** A request whose head is in order, as only its body is to be wrong. */
    private byte[] sound() {
        byte[] body = body().getBytes(StandardCharsets.UTF_8);
        String head = "POST " + one(paths)
                + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + body.length
                + "\r\n\r\n";
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(head.getBytes(StandardCharsets.ISO_8859_1));
        bytes.writeBytes(body);
        return bytes.toByteArray();
    }

    private byte[] wild() {
        StringBuilder text = new StringBuilder();
        text.append(one(METHODS))
                .append(' ')
                .append(target())
                .append(' ')
                .append(one(VERSIONS))
                .append(end());
        if (random.nextBoolean()) {
            text.append("Host: localhost").append(end());
        }
        for (int headers = random.nextInt(5); headers > 0; headers--) {
            text.append(one(HEADERS)).append(end());
        }
        String body = body();
        if (random.nextBoolean()) {
            text.append("Content-Length: ")
                    .append(body.length() + random.nextInt(3) - 1)
                    .append(end());
        }
        text.append(end()).append(body);
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private String end() {
        return random.nextInt(20) == 0 ? "\n" : "\r\n";
    }

    private String target() {
        String path = one(paths);
        return switch (random.nextInt(8)) {
            case 0 -> path + "?model=" + one(VALUES).replace(" ", "%20").replace("\"", "");
            case 1 -> path + "/../../%2e%2e/%00";
            case 2 -> "http://localhost" + path;
            case 3 -> "*";
            case 4 -> path.toUpperCase(Locale.ROOT) + "%";
            default -> path;
        };
    }

    private String body() {
        String body = random.nextBoolean() ? one(bodies) : object(0);
        return switch (random.nextInt(6)) {
            case 0 -> body.substring(0, random.nextInt(body.length() + 1));
            case 1 -> body + body;
            case 2 -> {
                int at = random.nextInt(body.length() + 1);
                yield body.substring(0, at) + one(VALUES) + body.substring(at);
            }
            case 3 ->
                body.replaceFirst(
                        "\"[a-z_]+\": ?[^,}]*", Matcher.quoteReplacement("\"" + one(FIELDS) + "\": " + one(VALUES)));
            default -> body;
        };
    }

    private String object(int depth) {
        StringBuilder text = new StringBuilder("{");
        for (int fields = random.nextInt(5); fields > 0; fields--) {
            text.append(text.length() == 1 ? "" : ",")
                    .append('"')
                    .append(one(FIELDS))
                    .append("\":");
            text.append(depth < 3 && random.nextInt(5) == 0 ? object(depth + 1) : one(VALUES));
        }
        return text.append('}').toString();
    }
}
