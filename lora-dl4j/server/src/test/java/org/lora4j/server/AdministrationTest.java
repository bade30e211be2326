/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What administrators see and change. */
class AdministrationTest {

    private static final String[] ADMIN = {"Authorization", "Bearer token-of-admins"};

    @TempDir
    static Path folder;

    private static LoraServer server;
    private static URI uri;
    private static Path allowed;

    @BeforeAll
    static void start() throws Exception {
        allowed = TinyTasks.directories().get("reviews").getParent();
        server = LoraServer.builder()
                .encoder("tiny", TinyTasks.ENCODER)
                .adapter("reviews", TinyTasks.directories().get("reviews"))
                .adminToken("token-of-admins")
                .loadFrom(allowed)
                .port(0)
                .start();
        uri = server.uri();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Asked.Answer admin(String path, String body) throws Exception {
        return Asked.post(uri, path, body, ADMIN);
    }

    private static Asked.Answer load(String name, Path directory) throws Exception {
        return admin("/v1/load_lora_adapter", "{'lora_name': '" + name + "', 'lora_path': '" + directory + "'}");
    }

    @Test
    void adapter_comesAndGoes_asVllmHasIt() throws Exception {
        Asked.Answer loaded = load("second", allowed.resolve("reviews2"));
        assertThat(loaded.status()).as(loaded.text()).isEqualTo(200);
        assertThat(loaded.text()).isEqualTo("Success: LoRA adapter 'second' added successfully");
        JsonNode adapter = Asked.get(uri, "/adapters/second").json();
        assertThat(adapter.get("generation").longValue()).isGreaterThan(1);
        assertThat(adapter.get("content_hash").textValue()).isNotEmpty();
        assertThat(adapter.get("leases").intValue()).isZero();
        assertThat(adapter.get("stored_as")).extracting(JsonNode::textValue).containsExactly("F32");
        Asked.Answer twice = load("second", allowed.resolve("reviews2"));
        assertThat(twice.status()).isEqualTo(400);
        assertThat(twice.json().at("/error/type").textValue()).isEqualTo("InvalidUserInput");
        assertThat(admin(
                                "/v1/load_lora_adapter",
                                "{'lora_name': 'second', 'load_inplace': true, 'lora_path': '"
                                        + allowed.resolve("reviews") + "'}")
                        .status())
                .isEqualTo(200);
        assertThat(Asked.get(uri, "/adapters/second").json().get("generation").longValue())
                .isGreaterThan(adapter.get("generation").longValue());
        Asked.Answer gone = admin("/v1/unload_lora_adapter", "{'lora_name': 'second'}");
        assertThat(gone.text()).isEqualTo("Success: LoRA adapter 'second' removed successfully");
        assertThat(Asked.post(uri, "/predict", "{'inputs': 'a', 'model': 'second'}")
                        .status())
                .isEqualTo(404);
        Asked.Answer unknown = admin("/v1/unload_lora_adapter", "{'lora_name': 'second'}");
        assertThat(unknown.status()).isEqualTo(404);
        assertThat(unknown.json().at("/error/type").textValue()).isEqualTo("NotFoundError");
        assertThat(admin("/v1/load_lora_adapter", "{'lora_name': 'x'}")
                        .json()
                        .at("/error/type")
                        .textValue())
                .isEqualTo("InvalidUserInput");
    }

    @Test
    void folder_thatIsNotAllowed_isRefused_andNotToldApartFromNothing() throws Exception {
        Path link = folder.resolve("link");
        Path outside = Files.createDirectory(folder.resolve("outside"));
        Files.createSymbolicLink(allowed.resolve("way-out"), outside);
        Files.createSymbolicLink(link, allowed.resolve("reviews2"));
        Path inside = Files.createDirectory(allowed.resolve("links-inside"));
        Files.createSymbolicLink(
                inside.resolve("adapter_config.json"), Files.writeString(outside.resolve("secret.json"), "{}"));
        try {
            for (Path path : new Path[] {
                outside,
                folder.resolve("nothing"),
                allowed,
                allowed.resolve("way-out"),
                inside,
                allowed.resolve("reviews/../../.."),
                Path.of("/etc")
            }) {
                Asked.Answer answer = load("x", path);
                assertThat(answer.status()).as(path.toString()).isEqualTo(403);
                assertThat(answer.text()).contains("below a folder from which");
            }
            assertThat(admin("/v1/load_lora_adapter", "{'lora_name': 'x', 'lora_path': 'a\\u0000b'}")
                            .status())
                    .isEqualTo(403);
            assertThat(load("linked", link).status())
                    .as("by where it really is")
                    .isEqualTo(200);
            assertThat(admin("/v1/unload_lora_adapter", "{'lora_name': 'linked'}")
                            .status())
                    .isEqualTo(200);
        } finally {
            Files.delete(allowed.resolve("way-out"));
        }
    }

    @Test
    void directory_thatIsDamaged_isRefused_andNothingChanges() throws Exception {
        Path damaged = Files.createDirectory(allowed.resolve("damaged"));
        Files.writeString(damaged.resolve("lora4j_text.json"), "{");
        Asked.Answer answer = load("damaged", damaged);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().at("/error/message").textValue()).contains("lora4j_text.json");
        assertThat(Asked.get(uri, "/adapters/damaged").status()).isEqualTo(404);
    }

    @Test
    void names_thatAreTaken_areRefused() throws Exception {
        assertThat(load("tiny", allowed.resolve("reviews2")).status()).isEqualTo(400);
        assertThat(load("__base__", allowed.resolve("reviews2")).status()).isEqualTo(400);
        assertThat(admin("/aliases/tiny", "{'adapter': 'reviews'}").status()).isEqualTo(409);
    }

    @Test
    void candidate_goesThroughShadowAndCanary_intoUse_andBack() throws Exception {
        assertThat(load("candidate", allowed.resolve("reviews2")).status()).isEqualTo(200);
        assertThat(admin("/aliases/live", "{'adapter': 'reviews'}")
                        .json()
                        .get("adapter")
                        .textValue())
                .isEqualTo("reviews");
        String ask = "{'inputs': 'a good film', 'model': 'live'}";
        JsonNode inUse = Asked.post(uri, "/predict", "{'inputs': 'a good film', 'model': 'reviews'}")
                .json();
        JsonNode other = Asked.post(uri, "/predict", "{'inputs': 'a good film', 'model': 'candidate'}")
                .json();
        assertThat(inUse).isNotEqualTo(other);
        assertAnswer(Asked.post(uri, "/predict", ask).json(), inUse);
        assertThat(admin("/aliases/live/shadow", "{'candidate': 'candidate'}")
                        .json()
                        .get("shadow")
                        .booleanValue())
                .isTrue();
        assertAnswer(Asked.post(uri, "/predict", ask).json(), inUse);
        assertThat(admin("/aliases/live/canary", "{'candidate': 'candidate', 'share': 1}")
                        .status())
                .isEqualTo(200);
        assertAnswer(Asked.post(uri, "/predict", ask).json(), other);
        assertThat(Asked.get(uri, "/metrics").text())
                .contains("lora4j_alias_answers{base=\"tiny\",alias=\"live\",part=\"in_use\"} ")
                // The canary's, and that of the shadow if it is there by now.
                .containsPattern("lora4j_alias_answers\\{base=\"tiny\",alias=\"live\",part=\"candidate\"} [12]\n")
                .contains("lora4j_alias_failures{base=\"tiny\",alias=\"live\",part=\"candidate\"} 0\n");
        assertThat(admin("/v1/unload_lora_adapter", "{'lora_name': 'candidate'}")
                        .status())
                .isEqualTo(409);
        assertThat(admin("/aliases/live/promote", "{}").json().get("adapter").textValue())
                .isEqualTo("candidate");
        assertAnswer(Asked.post(uri, "/predict", ask).json(), other);
        assertThat(admin("/aliases/live/rollback", "{}").json().get("adapter").textValue())
                .isEqualTo("reviews");
        assertThat(Asked.get(uri, "/aliases").json().get("aliases").size()).isEqualTo(1);
        assertThat(Asked.get(uri, "/aliases/live")
                        .json()
                        .get("in_use")
                        .get("answered")
                        .longValue())
                .isGreaterThanOrEqualTo(0);
        assertThat(Asked.delete(uri, "/aliases/live", ADMIN).status()).isEqualTo(200);
        assertThat(Asked.post(uri, "/predict", ask).status()).isEqualTo(404);
        assertThat(admin("/v1/unload_lora_adapter", "{'lora_name': 'candidate'}")
                        .status())
                .isEqualTo(200);
    }

    /**
     * The same labels, with the same scores but for rounding: a text that a shadow answers too may share its batch with
     * that answer, and a product of two rows sums in another order than one of one row.
     */
    private static void assertAnswer(JsonNode answer, JsonNode expected) {
        assertThat(answer.size()).isEqualTo(expected.size());
        for (int i = 0; i < expected.size(); i++) {
            assertThat(answer.get(i).get("label")).isEqualTo(expected.get(i).get("label"));
            assertThat(answer.get(i).get("score").doubleValue())
                    .isCloseTo(expected.get(i).get("score").doubleValue(), within(1e-5));
        }
    }

    @Test
    void changes_wantTheTokenOfAdministrators() throws Exception {
        for (String path : new String[] {
            "/v1/load_lora_adapter",
            "/v1/unload_lora_adapter",
            "/aliases/a",
            "/aliases/a/shadow",
            "/aliases/a/canary",
            "/aliases/a/promote",
            "/aliases/a/rollback",
            "/aliases/a/settle"
        }) {
            assertThat(Asked.post(uri, path, "{}").status()).as(path).isEqualTo(401);
            assertThat(Asked.post(uri, path, "{}", "Authorization", "Bearer token-of-nobody")
                            .status())
                    .as(path)
                    .isEqualTo(401);
        }
        assertThat(Asked.delete(uri, "/aliases/a").status()).isEqualTo(401);
    }

    @Test
    void server_withoutTokenAndFolders_changesNothing() throws Exception {
        try (LoraServer closed =
                LoraServer.builder().encoder("tiny", TinyTasks.ENCODER).port(0).start()) {
            assertThat(Asked.post(closed.uri(), "/v1/load_lora_adapter", "{}", ADMIN)
                            .status())
                    .isEqualTo(403);
        }
    }

    @Test
    void metrics_areAsPrometheusWantsThem() throws Exception {
        Asked.post(uri, "/predict", "{'inputs': 'a good film', 'model': 'reviews'}");
        Asked.post(uri, "/predict", "{'inputs': 'a good film', 'model': 'who-is-that'}");
        String text = Asked.get(uri, "/metrics").text();
        // What was answered is counted when it is out, so a moment later.
        for (int i = 0; i < 100 && !text.contains("route=\"/predict\",status=\"404\""); i++) {
            Thread.sleep(10);
            text = Asked.get(uri, "/metrics").text();
        }
        assertThat(text)
                .contains("lora4j_adapter_generation{base=\"tiny\",adapter=\"reviews\"} 1\n")
                .contains("lora4j_http_requests_total{method=\"POST\",route=\"/predict\",status=\"200\"}")
                .doesNotContain("who-is-that");
        assumeThat(hasPromtool()).as("promtool is not installed").isTrue();
        Process promtool = new ProcessBuilder("promtool", "check", "metrics")
                .redirectErrorStream(true)
                .start();
        promtool.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        promtool.getOutputStream().close();
        String said = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(promtool.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(promtool.exitValue()).as(said).isZero();
    }

    private static boolean hasPromtool() throws InterruptedException {
        try {
            return new ProcessBuilder("promtool", "--version").start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
