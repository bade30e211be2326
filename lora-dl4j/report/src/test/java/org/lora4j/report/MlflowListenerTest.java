/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.train.EpochReport;
import org.lora4j.train.StepReport;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingStart;

/** Against a server that has the shapes of MLflow's REST interface, on this machine. */
class MlflowListenerTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final List<String> bodies = new CopyOnWriteArrayList<>();
    private HttpServer server;
    private boolean known;
    private boolean fails;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().toString();
        calls.add(exchange.getRequestMethod() + " " + path);
        bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        String body = "{}";
        int status = 200;
        if (fails) {
            status = 503;
            body = "busy";
        } else if (path.contains("get-by-name")) {
            status = known ? 200 : 404;
            body = known
                    ? "{\"experiment\": {\"experiment_id\": \"7\", \"name\": \"a b\"}}"
                    : "{\"error_code\": \"RESOURCE_DOES_NOT_EXIST\", \"message\": \"none\"}";
        } else if (path.endsWith("experiments/create")) {
            body = "{\"experiment_id\": \"8\"}";
        } else if (path.endsWith("runs/create")) {
            body =
                    "{\"run\": {\"info\": {\"run_id\": \"abc\", \"artifact_uri\": \"mlflow-artifacts:/7/abc/artifacts\"},"
                            + " \"data\": {}}}";
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private MlflowListener listener() {
        return MlflowListener.to(
                URI.create("http://localhost:" + server.getAddress().getPort() + "/"), "a b");
    }

    private static TrainingStart start() {
        return new TrainingStart(
                TrainingPlan.builder().epochs(2).build(), OptionalLong.of(2), 1, 64, Optional.of("loss per token"));
    }

    private static StepReport step(long number, double loss) {
        return new StepReport(number, 1, loss, 1e-3, 0.5, 8, 100, 0.1, 0.1, OptionalLong.of(2), OptionalDouble.empty());
    }

    private JsonNode body(int call) throws IOException {
        return JSON.readTree(bodies.get(call));
    }

    @Test
    void aRun_isTold_andTheReportIsStored() throws Exception {
        known = true;
        MlflowListener listener = listener().withParameters(Map.of("rank", 8));
        assertThat(listener.runId()).isEmpty();
        listener.onTrainingStart(start());
        listener.onStep(step(1, 2.5));
        listener.onStep(step(2, Double.NaN));
        listener.onEpochEnd(new EpochReport(1, 2, 2.25, 16, 1, OptionalDouble.of(0.75), 0.1, true));
        listener.onTrainingEnd(Runs.run(2, "x"));
        listener.log(TrainingReport.titled("page"));

        assertThat(calls)
                .containsExactly(
                        "GET /api/2.0/mlflow/experiments/get-by-name?experiment_name=a+b",
                        "POST /api/2.0/mlflow/runs/create",
                        "POST /api/2.0/mlflow/runs/log-batch",
                        "POST /api/2.0/mlflow/runs/log-batch",
                        "POST /api/2.0/mlflow/runs/update",
                        "PUT /api/2.0/mlflow-artifacts/artifacts/7/abc/artifacts/report.html",
                        "PUT /api/2.0/mlflow-artifacts/artifacts/7/abc/artifacts/report.json");
        assertThat(body(1).get("experiment_id").asText()).isEqualTo("7");
        assertThat(body(1).get("start_time").isIntegralNumber()).isTrue();
        assertThat(body(2).get("params").findValuesAsText("key")).containsExactly("parameters", "epochs", "rank");
        assertThat(body(2).get("params").findValuesAsText("value")).containsExactly("64", "2", "8");
        assertThat(body(3).get("metrics").findValuesAsText("key"))
                .containsExactly(
                        "loss",
                        "learning_rate",
                        "gradient_norm",
                        "examples_per_second",
                        "learning_rate",
                        "gradient_norm",
                        "examples_per_second",
                        "epoch_loss",
                        "validation_loss_per_token");
        assertThat(body(3).get("metrics").get(0).get("value").asDouble()).isEqualTo(2.5);
        assertThat(body(3).get("metrics").get(8).get("step").asLong()).isEqualTo(2);
        assertThat(body(4).get("status").asText()).isEqualTo("FINISHED");
        assertThat(bodies.get(5)).startsWith("<!DOCTYPE html>");
        assertThat(listener.runId()).contains("abc");
    }

    @Test
    void anExperimentThatIsNotThere_isMade() throws Exception {
        listener().onTrainingStart(start());

        assertThat(calls.get(1)).isEqualTo("POST /api/2.0/mlflow/experiments/create");
        assertThat(body(1).get("name").asText()).isEqualTo("a b");
        assertThat(body(2).get("experiment_id").asText()).isEqualTo("8");
    }

    @Test
    void aServerThatFailsLater_doesNotEndTheRun_oneThatIsNotThereDoes() {
        MlflowListener listener = listener();
        listener.onTrainingStart(start());
        fails = true;
        listener.onStep(step(1, 1));
        listener.onEpochEnd(new EpochReport(1, 2, 2.25, 16, 1, OptionalDouble.empty(), 0, false));
        assertThatThrownBy(() -> listener.log(TrainingReport.titled("x"))).hasMessageContaining("503: busy");
        assertThatThrownBy(() -> listener().onTrainingStart(start()))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("503: busy")
                .hasMessageContaining("Start the server");
        server.stop(0);
        assertThatThrownBy(() -> listener().onTrainingStart(start())).hasMessageContaining("does not answer");
    }

    @Test
    void whatIsNoServer_isRefused() {
        assertThatThrownBy(() -> MlflowListener.to(URI.create("file:/runs"), "x"))
                .hasMessageContaining("file:/runs");
        assertThatThrownBy(() -> listener().log(TrainingReport.titled("x")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no run yet");
    }
}
