/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections, and who may ask. */
class HttpFrontTest {

    private final Fronts fronts = new Fronts();
    private HttpFront front;

    @AfterEach
    void end() {
        if (front != null) {
            front.close();
        }
    }

    private Wire wire() throws IOException {
        if (front == null) {
            front = fronts.start();
        }
        return new Wire(front.address().getPort());
    }

    @Test
    void requests_followEachOtherOnOneConnection() throws Exception {
        try (Wire wire = wire()) {
            assertThat(wire.get("/hello").answer().body()).isEqualTo("{\"hello\":\"world\"}");
            Wire.Answer answer = wire.post("/echo", "{\"a\": [1, \"ü\"]}").answer();
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo("{\"a\":[1,\"ü\"]}");
            assertThat(answer.header("Content-Type")).isEqualTo("application/json");
            assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
        }
    }

    @Test
    void requests_sentAtOnce_areAnsweredInTheirOrder() throws Exception {
        try (Wire wire = wire()) {
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < 100; i++) {
                String body = "{\"i\":" + i + "}";
                all.append(
                                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ")
                        .append(body.length())
                        .append("\r\n\r\n")
                        .append(body);
            }
            wire.send(all.toString());
            for (int i = 0; i < 100; i++) {
                assertThat(wire.answer().body()).isEqualTo("{\"i\":" + i + "}");
            }
        }
    }

    @Test
    void head_getsNoBody_andTheConnectionGoesOn() throws Exception {
        try (Wire wire = wire()) {
            wire.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Wire.Answer answer = wire.answer(false);
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.header("Content-Length")).isEqualTo("17");
            assertThat(wire.get("/hello").answer().status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET /nothing,404",
        "POST /hello,405",
        "DELETE /echo,405",
        "OPTIONS /echo,405",
        "GET /%zz,404",
        "TRACE /hello,405"
    })
    void path_thatIsNotServed_isSaid(String target, int status) throws Exception {
        try (Wire wire = wire()) {
            wire.send(target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Wire.Answer answer = wire.answer();
            assertThat(answer.status()).isEqualTo(status);
            assertThat(answer.body()).contains("\"error\"");
            assertThat(answer.header("Allow") != null).isEqualTo(status == 405);
            assertThat(wire.get("/hello").answer().status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "localhost,200",
        "localhost:8080,200",
        "LOCALHOST,200",
        "127.0.0.1:1,200",
        "[::1]:80,200",
        "api.example.com,200",
        "evil.example.com,403",
        "localhost.evil.com,403",
        "127.0.0.1.evil.com,403",
        "10.0.0.1,403",
        "'',403"
    })
    void host_thatIsNotKnown_isRefused(String host, int status) throws Exception {
        try (Wire wire = wire()) {
            wire.send("GET /hello HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(status);
        }
    }

    @Test
    void host_missingOrTwice_isRefused() throws Exception {
        try (Wire wire = wire()) {
            assertThat(wire.send("GET /hello HTTP/1.1\r\n\r\n").answer().status())
                    .isEqualTo(400);
            wire.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(400);
            wire.send("GET http://evil.example.com/hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(400);
            wire.send("GET http://localhost/hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "http://localhost:8080,200",
        "http://localhost:3000,403",
        "https://localhost:8080,403",
        "http://evil.example.com,403",
        "null,403"
    })
    void origin_ofAnotherSite_isRefused(String origin, int status) throws Exception {
        try (Wire wire = wire()) {
            wire.send("GET /hello HTTP/1.1\r\nHost: localhost:8080\r\nOrigin: " + origin + "\r\n\r\n");
            Wire.Answer answer = wire.answer();
            assertThat(answer.status()).isEqualTo(status);
            assertThat(answer.headers().keySet()).noneMatch(name -> name.startsWith("access-control"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "api.example.com,https://api.example.com,200",
        "api.example.com:8443,https://api.example.com:8443,200",
        "api.example.com,https://api.example.com:8443,403",
        "api.example.com,https://evil.example.com,403",
        "127.0.0.1,https://127.0.0.1,403"
    })
    void page_behindAProxyWithTls_mayAskUnderANameThatWasGiven(String host, String origin, int status)
            throws Exception {
        try (Wire wire = wire()) {
            wire.send("GET /hello HTTP/1.1\r\nHost: " + host + "\r\nOrigin: " + origin + "\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(status);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "application/json,200",
        "application/json; charset=utf-8,200",
        "application/json;charset=\"UTF-8\",200",
        "application/vnd.api+json,200",
        "application/json; charset=utf-16,415",
        "text/plain,415",
        "application/x-www-form-urlencoded,415",
        "multipart/form-data,415",
        "text/json,415"
    })
    void content_thatIsNotSaidToBeJson_isRefused(String type, int status) throws Exception {
        try (Wire wire = wire()) {
            wire.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type
                    + "\r\nContent-Length: 2\r\n\r\n{}");
            assertThat(wire.answer().status()).isEqualTo(status);
            wire.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
            assertThat(wire.answer().status()).isEqualTo(415);
        }
    }

    @Test
    void token_isAskedOfCallers_andAnotherOneOfAdministrators() throws Exception {
        fronts.token = Optional.of(Fronts.TOKEN);
        front = fronts.start(
                HttpRoute.get(
                                "/probe",
                                ErrorShape.TEI,
                                exchange -> exchange.answer(JsonNodeFactory.instance.objectNode()))
                        .with(Access.OPEN),
                HttpRoute.get(
                                "/change",
                                ErrorShape.TEI,
                                exchange -> exchange.answer(JsonNodeFactory.instance.objectNode()))
                        .with(Access.ADMIN));
        String caller = "Authorization: Bearer " + Fronts.TOKEN;
        String admin = "Authorization: bearer " + Fronts.ADMIN;
        try (Wire wire = wire()) {
            assertThat(wire.get("/probe").answer().status()).isEqualTo(200);
            Wire.Answer answer = wire.get("/hello").answer();
            assertThat(answer.status()).isEqualTo(401);
            assertThat(answer.header("WWW-Authenticate")).isEqualTo("Bearer");
            assertThat(wire.get("/hello", "Authorization: Bearer wrong")
                            .answer()
                            .status())
                    .isEqualTo(401);
            assertThat(wire.get("/hello", "Authorization: Basic " + Fronts.TOKEN)
                            .answer()
                            .status())
                    .isEqualTo(401);
            assertThat(wire.get("/hello", caller, caller).answer().status()).isEqualTo(401);
            assertThat(wire.get("/hello", caller).answer().status()).isEqualTo(200);
            assertThat(wire.get("/hello", admin).answer().status()).isEqualTo(200);
            assertThat(wire.get("/change").answer().status()).isEqualTo(401);
            assertThat(wire.get("/change", caller).answer().status()).isEqualTo(403);
            assertThat(wire.get("/change", admin).answer().status()).isEqualTo(200);
        }
    }

    @Test
    void body_thatIsTooLong_isRefusedBeforeItComes() throws Exception {
        try (Wire wire = wire()) {
            wire.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 1000001\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(413);
        }
        try (Wire wire = wire()) {
            wire.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n");
            for (int i = 0; i < 11; i++) {
                wire.send("64\r\n" + " ".repeat(100) + "\r\n");
            }
            assertThat(wire.answer().status()).isEqualTo(413);
            assertThat(wire.isOver()).isTrue();
        }
    }

    @Test
    void body_inChunks_isRead() throws Exception {
        try (Wire wire = wire()) {
            wire.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\": 1\r\n1\r\n}\r\n0\r\n\r\n");
            assertThat(wire.answer().body()).isEqualTo("{\"a\":1}");
        }
    }

    @Test
    void client_thatWaitsForLeave_getsIt_orTheReason() throws Exception {
        String head =
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n";
        try (Wire wire = wire()) {
            wire.send(head + "Expect: 100-continue\r\n\r\n");
            assertThat(wire.answer(false).status()).isEqualTo(100);
            assertThat(wire.send("{}").answer().status()).isEqualTo(200);
            wire.send(head + "Expect: money\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(417);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"abc", "1f2d-3", "req_7:8/9", "~!@#$%^&*()"})
    void id_ofARequest_comesBack(String id) throws Exception {
        try (Wire wire = wire()) {
            assertThat(wire.get("/hello", "X-Request-Id: " + id).answer().header("X-Request-Id"))
                    .isEqualTo(id);
            assertThat(wire.get("/none", "X-Request-Id: " + id).answer().header("X-Request-Id"))
                    .isEqualTo(id);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", "ü", ""})
    void id_thatIsNone_isReplaced(String id) throws Exception {
        try (Wire wire = wire()) {
            String found = wire.get("/hello", "X-Request-Id: " + id).answer().header("X-Request-Id");
            assertThat(found).isNotEqualTo(id).hasSize(36);
            String longId = "a".repeat(129);
            assertThat(wire.get("/hello", "X-Request-Id: " + longId).answer().header("X-Request-Id"))
                    .hasSize(36);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{|line 1, column 2",
                "{\"a\": 1,}|line 1, column 9",
                "{\"a\": 1} x|line 1, column 10",
                "{\"a\": 1, \"a\": 2}|line 1",
                "[]|JSON of type array",
                "7|JSON of type number",
                "{\"a\": NaN}|line 1, column 10: Non-standard token",
                "{\"a\": \"\\ud800\"}|surrogate"
            })
    void json_thatIsWrong_isSaidWithItsPlace(String body, String words) throws Exception {
        try (Wire wire = wire()) {
            Wire.Answer answer = wire.post("/echo", body).answer();
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.body()).contains(words);
        }
    }

    @Test
    void json_ofSeveralLines_isSaidWithItsLine() throws Exception {
        try (Wire wire = wire()) {
            assertThat(wire.post("/echo", "{\n \"a\": 1\n \"b\": 2}").answer().body())
                    .contains("line 3, column");
            assertThat(wire.post("/echo", "").answer().body()).contains("empty");
            assertThat(wire.post("/echo", "[".repeat(400)).answer().status()).isEqualTo(400);
        }
    }

    @Test
    void bytes_thatAreNoText_areRefused() throws Exception {
        try (Wire wire = wire()) {
            wire.send(
                            "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n")
                    .send(new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}', ' '});
            Wire.Answer answer = wire.answer();
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.body()).contains("0xFF");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense\r\n\r\n",
                "GET /hello\r\n\r\n",
                "GET /hello HTTP/9.9x\r\n\r\n",
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: -5\r\n\r\n",
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                "GET /hello HTTP/1.1\r\nHost: localhost\r\nBad Header: 1\r\n\r\n"
            })
    void bytes_thatAreNoRequest_areAnsweredWith400_andEndTheConnection(String bytes) throws Exception {
        try (Wire wire = wire()) {
            wire.send(bytes);
            Wire.Answer answer = wire.answer();
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.header("Connection")).isEqualTo("close");
            assertThat(wire.isOver()).isTrue();
        }
        try (Wire wire = wire()) {
            assertThat(wire.get("/hello").answer().status()).isEqualTo(200);
        }
    }

    @Test
    void heads_thatAreTooLong_areRefused() throws Exception {
        try (Wire wire = wire()) {
            assertThat(wire.get("/" + "a".repeat(10_000)).answer().status()).isEqualTo(414);
        }
        try (Wire wire = wire()) {
            assertThat(wire.get("/hello", "X-Long: " + "a".repeat(5_000))
                            .answer()
                            .status())
                    .isEqualTo(431);
        }
    }

    @Test
    void body_thatDoesNotCome_isGivenUp() throws Exception {
        fronts.limits = new HttpLimits(
                1000,
                4096,
                50,
                20,
                Duration.ofSeconds(20),
                Duration.ofMillis(200),
                Duration.ofSeconds(5),
                Duration.ofSeconds(5),
                1 << 20);
        try (Wire wire = wire()) {
            wire.send(
                    "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{");
            assertThat(wire.answer().status()).isEqualTo(408);
            assertThat(wire.isOver()).isTrue();
        }
    }

    @Test
    void client_thatGoes_endsWhatRunsForIt() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<String> gone = new CompletableFuture<>();
        front = fronts.start(HttpRoute.get("/slow", ErrorShape.TEI, exchange -> {
            exchange.whenGone(() -> gone.complete(Thread.currentThread().getName()));
            begun.countDown();
        }));
        try (Wire wire = wire()) {
            wire.get("/slow");
            assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(gone.get(5, TimeUnit.SECONDS))
                .as("not the thread of the connection, which others wait for")
                .startsWith("lora4j-request");
        try (Wire wire = wire()) {
            assertThat(wire.get("/hello").answer().status()).isEqualTo(200);
        }
        // A line is written when its answer is out.
        front.close();
        assertThat(fronts.log).anyMatch(line -> line.contains("\"status\":\"gone\""));
        assertThat(fronts.metrics.text()).contains("lora4j_http_requests_running 0\n");
    }

    @Test
    void answer_thatTakesTooLong_isGivenUp() throws Exception {
        CountDownLatch gone = new CountDownLatch(1);
        fronts.limits = new HttpLimits(
                1000,
                4096,
                50,
                20,
                Duration.ofSeconds(20),
                Duration.ofSeconds(5),
                Duration.ofMillis(200),
                Duration.ofSeconds(5),
                1 << 20);
        front = fronts.start(HttpRoute.get("/slow", ErrorShape.TEI, exchange -> exchange.whenGone(gone::countDown)));
        try (Wire wire = wire()) {
            assertThat(wire.get("/slow").answer().status()).isEqualTo(504);
            assertThat(wire.get("/hello").answer().status()).isEqualTo(200);
        }
        assertThat(gone.await(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void requests_beyondTheLimit_areToldToComeAgain() throws Exception {
        CompletableFuture<String> go = new CompletableFuture<>();
        CountDownLatch begun = new CountDownLatch(20);
        front = fronts.start(HttpRoute.get("/slow", ErrorShape.TEI, exchange -> {
            exchange.answerWith(go, word -> JsonNodeFactory.instance.textNode(word));
            begun.countDown();
        }));
        Wire[] waiting = new Wire[20];
        for (int i = 0; i < waiting.length; i++) {
            waiting[i] = wire().get("/slow");
        }
        assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
        try (Wire wire = wire()) {
            Wire.Answer answer = wire.get("/hello").answer();
            assertThat(answer.status()).isEqualTo(429);
            assertThat(answer.header("Retry-After")).isEqualTo("1");
            go.complete("done");
            for (Wire one : waiting) {
                assertThat(one.answer().body()).isEqualTo("\"done\"");
                one.close();
            }
            assertThat(wire.get("/hello").answer().status()).isEqualTo(200);
        }
    }

    @Test
    void stop_answersWhatWasTaken_andRefusesTheRest() throws Exception {
        CompletableFuture<String> go = new CompletableFuture<>();
        CountDownLatch begun = new CountDownLatch(1);
        front = fronts.start(HttpRoute.get("/slow", ErrorShape.TEI, exchange -> {
            exchange.answerWith(go, word -> JsonNodeFactory.instance.textNode(word));
            begun.countDown();
        }));
        try (Wire wire = wire()) {
            wire.get("/slow");
            assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<Boolean> stopped = CompletableFuture.supplyAsync(() -> {
                try {
                    return front.stop(Duration.ofSeconds(10));
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            int status = 200;
            while (status == 200) {
                // Each on a connection of its own: the last one that is answered may be closed by its answer.
                try (Wire next = wire()) {
                    Wire.Answer answer = next.get("/hello").answer();
                    status = answer.status();
                    if (status != 200) {
                        assertThat(answer.header("Retry-After")).isEqualTo("1");
                        assertThat(answer.header("Connection")).isEqualTo("close");
                        assertThat(next.isOver()).isTrue();
                    }
                }
            }
            assertThat(status).isEqualTo(503);
            try (Wire late = wire()) {
                assertThat(late.get("/hello").answer().status()).isEqualTo(503);
            }
            assertThat(stopped).isNotDone();
            go.complete("done");
            Wire.Answer answer = wire.answer();
            assertThat(answer.body()).isEqualTo("\"done\"");
            assertThat(answer.header("Connection")).isEqualTo("close");
            assertThat(stopped.get(5, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void request_thatWasRefused_doesNotHoldUpTheEnd() throws Exception {
        front = fronts.loading();
        try (Wire wire = wire()) {
            front.serve(List.of(Fronts.echo()));
            assertThat(wire.get("/echo").answer().status()).isEqualTo(405);
            wire.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
            assertThat(wire.answer().status()).isEqualTo(415);
            assertThat(front.stop(Duration.ofSeconds(5))).isTrue();
        }
    }

    @Test
    void bodiesAndLongAnswers_beyondTheRoomOfAll_areRefused_andGiveTheirRoomBack() throws Exception {
        byte[] much = new byte[1 << 20];
        front = fronts.start(
                HttpRoute.get("/much", ErrorShape.TEI, exchange -> exchange.answer(200, "text/plain", much)));
        long all = filled();
        try (Wire wire = wire()) {
            assertThat(wire.get("/hello", "Content-Length: 2")
                            .send("{}")
                            .answer()
                            .status())
                    .as("a body that nobody reads takes no room")
                    .isEqualTo(200);
            Wire.Answer answer = wire.get("/much").answer();
            assertThat(answer.status()).isEqualTo(429);
            assertThat(answer.header("Content-Type")).isEqualTo("application/json");
            assertThat(answer.header("Retry-After")).isEqualTo("1");
            assertThat(wire.post("/echo", "{}").answer().status()).isEqualTo(429);
            assertThat(wire.isOver()).isTrue();
        }
        front.giveBack(all);
        try (Wire wire = wire()) {
            assertThat(wire.post("/echo", "{}").answer().status()).isEqualTo(200);
            assertThat(wire.get("/much").answer().body()).hasSize(1 << 20);
            // Behind its answer.
            assertThat(wire.get("/hello").answer().status()).isEqualTo(200);
        }
        assertThat(filled()).isEqualTo(all);
    }

    /** Takes the room that is left. */
    private long filled() {
        long sum = 0;
        for (long step = 1L << 50; step > 0; step /= 2) {
            while (front.hold(step)) {
                sum += step;
            }
        }
        return sum;
    }

    @Test
    void events_comeOneByOne() throws Exception {
        front = fronts.start(HttpRoute.get("/events", ErrorShape.OPENAI, exchange -> {
            EventStream events = exchange.events();
            events.send(JsonNodeFactory.instance.objectNode().put("n", 1));
            events.send("[DONE]");
            events.end();
            events.send("never");
        }));
        try (Wire wire = wire()) {
            for (int i = 0; i < 3; i++) {
                Wire.Answer answer = wire.get("/events").answer();
                assertThat(answer.header("Content-Type")).startsWith("text/event-stream");
                assertThat(answer.body()).isEqualTo("data: {\"n\":1}\n\ndata: [DONE]\n\n");
            }
        }
        try (Wire old = wire()) {
            old.send("GET /events HTTP/1.0\r\n\r\n");
            Wire.Answer answer = old.answer();
            assertThat(answer.header("Transfer-Encoding")).isNull();
            assertThat(old.line()).isEqualTo("data: {\"n\":1}");
        }
    }

    @Test
    void reader_ofEventsThatDoesNotRead_isGivenUp_andHurtsNobody() throws Exception {
        CountDownLatch gone = new CountDownLatch(1);
        front = fronts.start(HttpRoute.get("/events", ErrorShape.OPENAI, exchange -> {
            exchange.whenGone(gone::countDown);
            EventStream events = exchange.events();
            String kilobyte = "x".repeat(1000);
            for (int i = 0; i < 50_000 && !exchange.isGone(); i++) {
                events.send(kilobyte);
            }
        }));
        try (Wire wire = wire()) {
            wire.get("/events");
            assertThat(gone.await(10, TimeUnit.SECONDS)).isTrue();
            try (Wire other = wire()) {
                assertThat(other.get("/hello").answer().status()).isEqualTo(200);
            }
        }
    }

    @Test
    void failure_thatNobodyExpects_is500_withoutItsWords() throws Exception {
        front = fronts.start(HttpRoute.get("/broken", ErrorShape.OPENAI, exchange -> {
            throw new IllegalStateException("secret /path/of/server");
        }));
        try (Wire wire = wire()) {
            Wire.Answer answer = wire.get("/broken", "X-Request-Id: r1").answer();
            assertThat(answer.status()).isEqualTo(500);
            assertThat(answer.body()).contains("r1").doesNotContain("secret");
            assertThat(wire.get("/hello").answer().status()).isEqualTo(200);
        }
    }

    @Test
    void log_hasALineForEachRequest_withoutContents_andMetricsNoUnknownNames() throws Exception {
        try (Wire wire = wire()) {
            wire.post("/echo", "{\"text\": \"private words\"}").answer();
            wire.get("/who-knows-what?secret=1").answer();
        }
        front.close();
        assertThat(fronts.log).hasSize(2);
        assertThat(fronts.log.get(0))
                .contains("\"route\":\"/echo\"", "\"status\":\"200\"", "\"bytes_in\":25")
                .doesNotContain("private");
        assertThat(fronts.log.get(1)).contains("\"route\":\"unknown\"").doesNotContain("secret", "who-knows");
        assertThat(fronts.metrics.text())
                .contains("lora4j_http_requests_total{method=\"POST\",route=\"/echo\",status=\"200\"} 1\n")
                .doesNotContain("who-knows");
    }

    @Test
    void server_thatLoads_answersProbes_andTellsOthersToComeAgain() throws Exception {
        HttpRoute probe = HttpRoute.get(
                        "/probe", ErrorShape.TEI, exchange -> exchange.answer(JsonNodeFactory.instance.objectNode()))
                .with(Access.OPEN);
        front = fronts.loading(probe);
        try (Wire wire = wire()) {
            assertThat(wire.get("/probe").answer().status()).isEqualTo(200);
            Wire.Answer answer = wire.post("/echo", "{}").answer();
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.header("Retry-After")).isEqualTo("1");
            assertThat(answer.body()).contains("being loaded");
            front.serve(List.of(probe, Fronts.echo()));
            assertThat(wire.post("/echo", "{}").answer().status()).isEqualTo(200);
        }
    }

    @Test
    void reader_ofALongAnswerThatDoesNotRead_isGivenUp() throws Exception {
        fronts.limits = new HttpLimits(
                1000,
                4096,
                50,
                20,
                Duration.ofSeconds(20),
                Duration.ofSeconds(5),
                Duration.ofSeconds(20),
                Duration.ofMillis(200),
                1 << 20);
        byte[] much = new byte[40 << 20];
        front = fronts.start(
                HttpRoute.get("/much", ErrorShape.TEI, exchange -> exchange.answer(200, "text/plain", much)));
        try (Wire idle = wire();
                Wire other = wire()) {
            idle.get("/much");
            Thread.sleep(1000);
            assertThat(other.get("/hello").answer().status()).isEqualTo(200);
            assertThat(drained(idle)).isLessThan(40 << 20);
        }
    }

    private static long drained(Wire wire) throws IOException {
        try {
            return wire.socket().getInputStream().readAllBytes().length;
        } catch (SocketException e) {
            return 0;
        }
    }

    @Test
    void connections_beyondTheLimit_areClosed() throws Exception {
        Wire[] open = new Wire[50];
        for (int i = 0; i < open.length; i++) {
            open[i] = wire();
            open[i].get("/hello").answer();
        }
        try (Wire wire = wire()) {
            assertThat(wire.isOver()).isTrue();
        }
        for (Wire one : open) {
            one.close();
        }
    }
}
