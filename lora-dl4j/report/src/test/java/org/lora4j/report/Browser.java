/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.lora4j.internal.format.json.JsonObjects;

/** A Chromium without a window, told what to do by its DevTools protocol: devices, media, keys, print. */
final class Browser {

    private static final Pattern PLACE = Pattern.compile("ws://127\\.0\\.0\\.1:(\\d+)/");
    private static final int PATIENCE_SECONDS = 60;

    private final Process process;
    private final HttpClient client = HttpClient.newHttpClient();
    private final LinkedBlockingQueue<String> messages = new LinkedBlockingQueue<>();
    private final WebSocket socket;
    private int calls;

    private Browser(Process process, int port) throws Exception {
        this.process = process;
        String tab = client.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json/new?about:blank"))
                                .PUT(HttpRequest.BodyPublishers.noBody())
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        String place = (String) JsonObjects.read("tab", tab).get("webSocketDebuggerUrl");
        this.socket = client.newWebSocketBuilder()
                .buildAsync(URI.create(place), new Pieces(messages))
                .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        call("Page.enable", Map.of());
    }

    /** Puts the pieces of a message together. */
    private static final class Pieces implements WebSocket.Listener {
        private final LinkedBlockingQueue<String> messages;
        private final StringBuilder open = new StringBuilder();

        private Pieces(LinkedBlockingQueue<String> messages) {
            this.messages = messages;
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            open.append(data);
            if (last) {
                messages.add(open.toString());
                open.setLength(0);
            }
            socket.request(1);
            return null;
        }
    }

    /** The program, if there is one. */
    static Optional<Path> program() {
        return Stream.of("chromium", "chromium-browser", "google-chrome")
                .flatMap(name -> Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .map(place -> Path.of(place, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    static Browser start(Path program, Path profile) throws Exception {
        Process process = new ProcessBuilder(
                        program.toString(),
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        BufferedReader errors =
                new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
        for (String line = errors.readLine(); line != null; line = errors.readLine()) {
            Matcher place = PLACE.matcher(line);
            if (place.find()) {
                // Somebody has to read on, or it stops when the pipe is full.
                Thread reader = new Thread(() -> errors.lines().forEach(rest -> {}));
                reader.setDaemon(true);
                reader.start();
                return new Browser(process, Integer.parseInt(place.group(1)));
            }
        }
        throw new IOException("the browser ended with " + process.waitFor() + " before it listened");
    }

    /** Calls a method of the protocol, and waits for what it gives. */
    Map<?, ?> call(String method, Map<String, ?> parameters) throws Exception {
        int id = ++calls;
        socket.sendText(JsonObjects.write(Map.of("id", id, "method", method, "params", parameters)), true)
                .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        while (true) {
            String message = messages.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (message == null) {
                throw new IOException(method + ": no answer");
            }
            // Events come between.
            if (!message.startsWith("{\"id\":" + id + ",")) {
                continue;
            }
            Map<String, Object> answer = JsonObjects.read(method, message);
            if (answer.get("result") == null) {
                throw new IOException(method + ": " + message);
            }
            return (Map<?, ?>) answer.get("result");
        }
    }

    /** A screen, or paper. */
    void as(String media, int width, boolean dark) throws Exception {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 500));
        call(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "media",
                        media,
                        "features",
                        List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    }

    void open(Path page) throws Exception {
        call("Page.navigate", Map.of("url", page.toUri().toString()));
        for (int i = 0; i < 10 * PATIENCE_SECONDS; i++) {
            if (evaluate("document.readyState+' '+location.protocol").equals("complete file:")) {
                return;
            }
            Thread.sleep(100);
        }
        throw new IOException(page + " is not loaded");
    }

    /** What a script gives, as a text; the policy of the page does not hold for it. */
    String evaluate(String script) throws Exception {
        Map<?, ?> result =
                call("Runtime.evaluate", Map.of("expression", script, "awaitPromise", true, "returnByValue", true));
        if (result.get("exceptionDetails") != null) {
            throw new IOException(String.valueOf(result.get("exceptionDetails")));
        }
        return String.valueOf(((Map<?, ?>) result.get("result")).get("value"));
    }

    void press(String key, int code) throws Exception {
        String text = key.equals("Enter") ? "\r" : "";
        call(
                "Input.dispatchKeyEvent",
                Map.of("type", "keyDown", "key", key, "code", key, "windowsVirtualKeyCode", code, "text", text));
        call("Input.dispatchKeyEvent", Map.of("type", "keyUp", "key", key, "code", key, "windowsVirtualKeyCode", code));
    }

    void end() throws Exception {
        socket.abort();
        process.destroy();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }
}
