/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.language.CausalLm;
import org.lora4j.serve.text.ClassScores;
import org.lora4j.serve.text.TextAnswer;
import org.lora4j.serve.text.TextInput;
import org.lora4j.serve.text.TextServer;
import org.lora4j.server.LoraServer;
import org.lora4j.server.LoraServerBuilder;
import org.lora4j.text.LabeledText;
import org.lora4j.text.ReRanker;
import org.lora4j.text.ScoredPair;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextPair;
import org.lora4j.text.TinyEncoder;

/** The examples of docs/serving.md: the lines of Java, and each call of curl against a server, also those of docs/recipes.md. */
class GuideServingTest {

    private static final String ADMIN = "token-of-admins";
    private static final Pattern BODY = Pattern.compile("--json '([^']*)'");
    private static final Pattern TARGET = Pattern.compile("localhost:8080(/\\S*)$");

    private static final Path STORIES = Path.of(
            System.getProperty("lora4j.root"),
            "lora-dl4j",
            "language",
            "src",
            "test",
            "resources",
            "language",
            "models",
            "stories260k");

    @TempDir
    private Path folder;

    @Test
    void javaLines_startAServer() throws Exception {
        Path directory = folder.resolve("tickets");
        tickets(1).save(directory);
        try (TextEncoder encoder = TinyEncoder.create()) {
            LoraServer server = LoraServer.builder()
                    .encoder("minilm", encoder)
                    .adapter("tickets", directory)
                    .port(0)
                    .start();
            assertThat(server.models()).containsExactly("minilm", "tickets");
            assertThat(server.stop(Duration.ofSeconds(5))).isTrue();
        }
    }

    @Test
    void javaLines_serveTextsWithoutAPort() throws Exception {
        try (TextEncoder encoder = TinyEncoder.create()) {
            Path tickets = folder.resolve("tickets");
            tickets(1).save(tickets);
            try (TextServer texts = TextServer.builder(encoder).build()) {
                texts.load("tickets", tickets);
                TextAnswer<ClassScores> answer = texts.classify("tickets", List.of(TextInput.of("where is my card?")))
                        .join();
                System.out.println(answer.results().get(0).prediction() + " by " + answer.by());
            }
        }
    }

    @Test
    void everyCallOfCurl_isAnswered() throws Exception {
        try (TextEncoder encoder = TinyEncoder.create();
                CausalLm stories = stories();
                LoraServer server = server(encoder)
                        .languageModel("stories", stories)
                        .adapter("stories", "writer", STORIES.resolve("adapter-qv"))
                        .start()) {
            List<String> calls = calls();
            assertThat(calls).hasSizeGreaterThan(25);
            for (String call : calls) {
                HttpResponse<String> answer = ask(server.uri(), call);
                assertThat(answer.statusCode()).as(call + "\n" + answer.body()).isEqualTo(200);
            }
        }
    }

    /** A small model that writes, with a template for talks. */
    private CausalLm stories() throws IOException {
        Path copy = Files.createDirectory(folder.resolve("stories"));
        try (Stream<Path> files = Files.list(STORIES)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        Files.writeString(
                copy.resolve("chat_template.jinja"),
                "{% for message in messages %}{{ message.content }} {% endfor %}"
                        + "{% if add_generation_prompt %}Once upon{% endif %}");
        return CausalLm.load(copy);
    }

    private static TextClassifier tickets(long seed) {
        return TextClassifier.builder(TinyEncoder.create())
                .seed(seed)
                .headOnly()
                .quiet()
                .build()
                .fit(TinyEncoder.reviews(24, seed), TinyEncoder.reviews(8, seed + 1));
    }

    private LoraServerBuilder server(TextEncoder encoder) throws IOException {
        Path models = Files.createDirectory(folder.resolve("models"));
        List<ScoredPair> pairs = new ArrayList<>();
        for (LabeledText review : TinyEncoder.reviews(24, 6)) {
            pairs.add(new ScoredPair(
                    new TextPair("a good film", review.text()),
                    review.labels().get(0).equals("positive") ? 1 : 0));
        }
        List<SentenceExample> texts = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            texts.add(SentenceExample.pair(i + " good film", "very good " + i + " film"));
        }
        tickets(1).save(models.resolve("tickets"));
        tickets(2).save(models.resolve("tickets2"));
        ReRanker.builder(encoder).headOnly().quiet().build().fit(pairs).save(models.resolve("answers"));
        SentenceEncoder.builder(encoder).epochs(1).quiet().build().fit(texts).save(models.resolve("search"));
        return LoraServer.builder()
                .encoder("minilm", encoder)
                .adapter("minilm", "tickets", models.resolve("tickets"))
                .adapter("minilm", "answers", models.resolve("answers"))
                .adapter("minilm", "search", models.resolve("search"))
                .adminToken(ADMIN)
                .loadFrom(models)
                .port(0);
    }

    private List<String> calls() {
        return Stream.of("docs/serving.md", "docs/recipes.md")
                .flatMap(file -> Documents.root().blocks(file).stream())
                .filter(block -> block.language().equals("sh"))
                .flatMap(block -> block.lines().stream())
                .filter(line -> line.startsWith("curl "))
                .toList();
    }

    /** What curl would ask. */
    private HttpResponse<String> ask(URI server, String call) throws IOException, InterruptedException {
        Matcher target = TARGET.matcher(call);
        assertThat(target.find()).as(call).isTrue();
        HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve(target.group(1)));
        if (call.contains("$ADMIN")) {
            request.header("Authorization", "Bearer " + ADMIN);
        }
        Matcher body = BODY.matcher(call);
        if (body.find()) {
            String json = body.group(1).replace("models/", folder.resolve("models") + "/");
            request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(json));
        } else if (call.contains("-X DELETE")) {
            request.DELETE();
        }
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
