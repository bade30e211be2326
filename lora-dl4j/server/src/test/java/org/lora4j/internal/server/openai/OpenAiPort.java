/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.lora4j.internal.http.FailureTable;
import org.lora4j.internal.http.HttpFront;
import org.lora4j.internal.http.HttpLimits;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.http.HttpSettings;
import org.lora4j.internal.http.Metrics;
import org.lora4j.internal.server.LanguageModels;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmServer;
import org.lora4j.language.QueueFullException;

/** A small language model with two adapters behind a port. */
final class OpenAiPort implements AutoCloseable {

    static final String BASE = "stories";

    static final Path STORIES = Path.of("../language/src/test/resources/language/models/stories260k");

    /** Names who speaks, says what may be called, and begins the answer. */
    static final String TEMPLATE =
            "{% if tools %}You may call{% for tool in tools %} {{ tool.function.name }}{% endfor %}. {% endif %}"
                    + "{% for message in messages %}{{ message.role }} said {{ message.content }} {% endfor %}"
                    + "{% if add_generation_prompt %}Once upon{% endif %}";

    private static final ObjectMapper JSON = new ObjectMapper();

    final CausalLm model;
    final CausalLmServer server;
    final Metrics metrics = new Metrics("lora4j_");
    final LanguageModels models;
    final HttpClient client = HttpClient.newHttpClient();
    private final HttpFront front;

    /** With a template, or without one if it is null. */
    OpenAiPort(Path folder, String template) throws IOException {
        this(folder, template, CausalLmServer.builder(load(folder, template)));
    }

    private OpenAiPort(Path folder, String template, CausalLmServer.Builder builder) throws IOException {
        this(builder.maxSequences(8).queue(64).build());
    }

    OpenAiPort(CausalLmServer server) throws IOException {
        this.server = server;
        this.model = server.model();
        server.register("qv", STORIES.resolve("adapter-qv"));
        server.register("all", STORIES.resolve("adapter-all"));
        FailureTable failures = new FailureTable()
                .add(QueueFullException.class, full -> new HttpProblem(Kind.OVERLOADED, full.getMessage()))
                .andUsual();
        front = HttpFront.listen(
                new HttpSettings(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        HttpLimits.usual(),
                        Set.of(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        line -> {},
                        false,
                        failures,
                        metrics),
                List.of());
        models = LanguageModels.of(Map.of(BASE, server));
        front.serve(new OpenAiEndpoints(models, metrics).routes());
    }

    /** The model of the fixtures in a folder of its own. */
    static CausalLm load(Path folder, String template) throws IOException {
        try (Stream<Path> files = Files.list(STORIES)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        if (template != null) {
            Files.writeString(folder.resolve("chat_template.jinja"), template);
        }
        return CausalLm.load(folder);
    }

    String url() {
        return "http://127.0.0.1:" + front.address().getPort() + "/v1";
    }

    int port() {
        return front.address().getPort();
    }

    /** JSON in which an apostrophe stands for a quotation mark. */
    HttpResponse<String> post(String path, String json) throws IOException, InterruptedException {
        return client.send(request(path, json), HttpResponse.BodyHandlers.ofString());
    }

    HttpRequest request(String path, String json) {
        return HttpRequest.newBuilder(URI.create(url() + path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json.replace('\'', '"')))
                .build();
    }

    /** An answer of 200. */
    JsonNode ask(String path, String json) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, json);
        if (response.statusCode() != 200) {
            throw new AssertionError(response.statusCode() + ": " + response.body());
        }
        return JSON.readTree(response.body());
    }

    /** What is told of a request that is refused, with its status. */
    JsonNode refused(int status, String path, String json) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, json);
        if (response.statusCode() != status) {
            throw new AssertionError(response.statusCode() + ": " + response.body());
        }
        return JSON.readTree(response.body()).get("error");
    }

    JsonNode get(String path) throws IOException, InterruptedException {
        return JSON.readTree(client.send(
                        HttpRequest.newBuilder(URI.create(url() + path)).build(), HttpResponse.BodyHandlers.ofString())
                .body());
    }

    /** The events of a stream; the last has to be the end. */
    List<JsonNode> stream(String path, String json) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, json);
        if (response.statusCode() != 200) {
            throw new AssertionError(response.statusCode() + ": " + response.body());
        }
        if (!response.headers().firstValue("content-type").orElse("").startsWith("text/event-stream")
                || !response.body().endsWith("\n\ndata: [DONE]\n\n")) {
            throw new AssertionError(response.headers() + response.body());
        }
        List<JsonNode> events = new ArrayList<>();
        for (String event : response.body().split("\n\n")) {
            if (!event.startsWith("data: ")) {
                throw new AssertionError(event);
            }
            if (!event.equals("data: [DONE]")) {
                events.add(JSON.readTree(event.substring(6)));
            }
        }
        return events;
    }

    @Override
    public void close() {
        front.close();
        server.close();
        model.close();
    }
}
