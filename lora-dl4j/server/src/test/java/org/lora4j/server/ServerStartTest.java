/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a server starts and ends. */
class ServerStartTest {

    private static LoraServerBuilder builder() {
        return LoraServer.builder().encoder("tiny", TinyTasks.ENCODER).port(0);
    }

    @Test
    void server_listensOnThisMachineAlone_andAnswers() throws Exception {
        try (LoraServer server = builder().start()) {
            assertThat(server.uri().getHost()).isEqualTo("127.0.0.1");
            assertThat(server.models()).containsExactly("tiny");
            assertThat(Asked.get(server.uri(), "/ready").json().get("status").textValue())
                    .isEqualTo("ready");
            assertThat(Asked.post(server.uri(), "/embed", "{'inputs': 'a'}").status())
                    .isEqualTo(200);
        }
    }

    @Test
    void onlyAdapter_isMeantWhereNothingIsNamed() throws Exception {
        Path reviews = TinyTasks.directories().get("reviews");
        try (LoraServer server = builder().adapter("reviews", reviews).start()) {
            assertThat(Asked.post(server.uri(), "/predict", "{'inputs': 'a'}").status())
                    .isEqualTo(200);
        }
        try (LoraServer server =
                builder().adapter("reviews", reviews).usually("tiny").start()) {
            assertThat(Asked.post(server.uri(), "/embed", "{'inputs': 'a'}").status())
                    .isEqualTo(200);
            assertThat(Asked.post(server.uri(), "/predict", "{'inputs': 'a'}").status())
                    .isEqualTo(424);
        }
    }

    @Test
    void otherAddress_wantsATokenOrAWord() throws Exception {
        assertThatThrownBy(() -> builder().host("0.0.0.0").start())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("token(...)")
                .hasMessageContaining("open()");
        try (LoraServer server =
                builder().host("0.0.0.0").token("token-of-callers").start()) {
            URI uri = URI.create("http://127.0.0.1:" + server.port());
            assertThat(Asked.post(uri, "/embed", "{'inputs': 'a'}").status()).isEqualTo(401);
            assertThat(Asked.get(uri, "/metrics").status()).isEqualTo(401);
            assertThat(Asked.get(uri, "/health").status()).isEqualTo(200);
        }
        builder().host("0.0.0.0").open().start().close();
    }

    @Test
    void settings_thatAreWrong_areSaidTogether() {
        assertThatThrownBy(() -> LoraServer.builder()
                        .port(99_999)
                        .token("short")
                        .adminToken("short")
                        .usually("nobody")
                        .start())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("6 problems")
                .hasMessageContaining("no model");
        assertThatThrownBy(() -> builder()
                        .encoder("tiny", TinyTasks.ENCODER)
                        .adapter("other", "a", Path.of("a"))
                        .start())
                .hasMessageContaining("two models are called \"tiny\"")
                .hasMessageContaining("no base \"other\"");
        assertThatThrownBy(() -> new ServerLimits(0, 0, 0, Duration.ZERO, Duration.ZERO, Duration.ZERO))
                .hasMessageContaining("6 problems");
    }

    @Test
    void port_thatIsTaken_isSaid() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> builder().port(taken.getLocalPort()).start())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("cannot listen on");
        }
    }

    @Test
    void adapter_thatDoesNotLoad_endsTheStart_andFreesThePort() throws Exception {
        LoraServer first = builder().start();
        int port = first.port();
        first.close();
        assertThatThrownBy(() -> builder()
                        .port(port)
                        .adapter("a", Path.of("/no/such/directory"))
                        .start())
                .hasMessageContaining("/no/such/directory");
        builder().port(port).start().close();
    }

    @Test
    void log_hasWhatWasAsked_onlyIfThatIsWanted() throws Exception {
        List<String> lines = new CopyOnWriteArrayList<>();
        for (boolean contents : new boolean[] {false, true}) {
            lines.clear();
            LoraServerBuilder builder = builder().accessLog(lines::add);
            LoraServer server = (contents ? builder.logContents() : builder).start();
            Asked.post(server.uri(), "/embed", "{'inputs': 'private words'}", "X-Request-Id", "r-1");
            server.close();
            assertThat(lines).hasSize(1);
            assertThat(Asked.JSON.readTree(lines.get(0)).get("id").textValue()).isEqualTo("r-1");
            assertThat(lines.get(0)).contains("\"model\":\"tiny\"", "\"tokens_in\":4");
            assertThat(lines.get(0).contains("private words")).isEqualTo(contents);
        }
    }

    @Test
    void tls_encryptsByTheContextThatIsGiven(@TempDir Path folder) throws Exception {
        Path keys = folder.resolve("server.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-alias",
                        "server",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=ip:127.0.0.1,dns:localhost",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        keys.toString(),
                        "-storepass",
                        "password")
                .redirectErrorStream(true)
                .start();
        assertThat(keytool.waitFor())
                .as(new String(keytool.getInputStream().readAllBytes()))
                .isZero();
        char[] password = "password".toCharArray();
        KeyStore store = KeyStore.getInstance(keys.toFile(), password);
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(store, password);
        SSLContext ofServer = SSLContext.getInstance("TLS");
        ofServer.init(own.getKeyManagers(), null, null);
        TrustManagerFactory known = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        known.init(store);
        SSLContext ofClient = SSLContext.getInstance("TLS");
        ofClient.init(null, known.getTrustManagers(), null);
        try (LoraServer server = builder().tls(ofServer).start()) {
            assertThat(server.uri().getScheme()).isEqualTo("https");
            HttpResponse<String> answer = HttpClient.newBuilder()
                    .sslContext(ofClient)
                    .build()
                    .send(
                            HttpRequest.newBuilder(server.uri().resolve("/health"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThatThrownBy(() -> Asked.get(URI.create("http://127.0.0.1:" + server.port()), "/health"))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void stop_answersWhatWasTaken() throws Exception {
        LoraServer server = builder().start();
        CompletableFuture<?>[] asked = new CompletableFuture<?>[20];
        for (int i = 0; i < asked.length; i++) {
            asked[i] = CompletableFuture.supplyAsync(() -> {
                try {
                    return Asked.post(server.uri(), "/embed", "{'inputs': 'a good film'}")
                            .status();
                } catch (IOException e) {
                    // Refused, as the server had ended before it came.
                    return 0;
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
        }
        assertThat(server.stop(Duration.ofSeconds(10))).isTrue();
        for (CompletableFuture<?> one : asked) {
            assertThat(one.join()).isIn(0, 200, 503);
        }
        assertThat(server.stop(Duration.ofSeconds(1))).isTrue();
    }
}
