/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.train.EpochReport;
import org.lora4j.train.EvaluationReport;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.StopReason;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.TrainingStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a tracking server of MLflow of a run: parameters, losses and metrics while it goes on, and the report as an artifact:
 *
 * <pre>{@code
 * MlflowListener mlflow = MlflowListener.to(URI.create("http://localhost:5000"), "bank questions");
 * TextClassifier classifier = TextClassifier.builder(encoder).listener(mlflow).build().fit(train);
 * mlflow.log(TrainingReport.of(classifier.report()));
 * }</pre>
 *
 * <p>It speaks MLflow's REST interface (version 2.0) by the JDK's client, so it brings no dependency. Artifacts go through the server, as
 * {@code mlflow server} has it without other options.
 *
 * <p><b>Failures.</b> If the server is not there when the run starts, the run ends. Later, a training is worth more than its log: what
 * cannot be told is said in the log of the program, once for each call. <b>Costs.</b> A request for each hundred steps, evaluation and
 * epoch. <b>State.</b> Of one run at a time.
 *
 * @apiNote Status: experimental
 */
public final class MlflowListener implements RunListener {

    private static final Logger LOG = LoggerFactory.getLogger(MlflowListener.class);

    private static final String API = "/api/2.0/mlflow/";
    private static final String ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts";
    private static final String PROXIED = "mlflow-artifacts:";
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int NOT_FOUND = 404;
    private static final int MOST_WAITING = 400;
    private static final int LONGEST_PARAMETER = 500;

    private final String server;
    private final String experiment;
    private final Map<String, String> parameters;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(PATIENCE).build();
    private final List<Map<String, Object>> waiting = new ArrayList<>();
    private String run = "";
    private String artifacts = "";
    private String metric = "metric";
    private long step;

    private MlflowListener(String server, String experiment, Map<String, String> parameters) {
        this.server = server;
        this.experiment = experiment;
        this.parameters = parameters;
    }

    /**
     * Makes a listener.
     *
     * @param server where the server is, such as {@code http://localhost:5000}
     * @param experiment the experiment, which is made if it is not there
     * @return the listener, for one run at a time
     * @throws IllegalArgumentException if the address is not one of HTTP
     */
    public static MlflowListener to(URI server, String experiment) {
        Arguments.required(server, "MlflowListener.to: server", "an address such as http://localhost:5000");
        Arguments.required(experiment, "MlflowListener.to: experiment", "a name");
        if (!("http".equals(server.getScheme()) || "https".equals(server.getScheme()))) {
            throw new IllegalArgumentException("MlflowListener.to: server = " + MessageText.value(server)
                    + ", expected an address such as http://localhost:5000.");
        }
        return new MlflowListener(server.toString().replaceFirst("/+$", ""), experiment, Map.of());
    }

    /**
     * The same listener, which tells parameters of the run, too.
     *
     * @param settings texts and numbers by name
     * @return a new listener
     */
    public MlflowListener withParameters(Map<String, ?> settings) {
        Arguments.allRequired(settings, "MlflowListener.withParameters: settings", "a text or a number");
        Map<String, String> all = new LinkedHashMap<>(parameters);
        settings.forEach((name, value) -> all.put(name, String.valueOf(value)));
        return new MlflowListener(server, experiment, all);
    }

    /**
     * The run on the server.
     *
     * @return its id; empty before the first run
     */
    public Optional<String> runId() {
        return run.isEmpty() ? Optional.empty() : Optional.of(run);
    }

    @Override
    public void onTrainingStart(TrainingStart start) {
        metric = start.metric().orElse("metric").replace(' ', '_');
        step = 0;
        waiting.clear();
        try {
            Map<String, Object> created = post(
                    "runs/create", Map.of("experiment_id", experimentId(), "start_time", System.currentTimeMillis()));
            Map<?, ?> info = object(object(created, "run"), "info");
            run = text(info, "run_id");
            artifacts = text(info, "artifact_uri");
            List<Map<String, Object>> told = new ArrayList<>();
            told.add(Map.of("key", "parameters", "value", String.valueOf(start.values())));
            start.plan()
                    .epochs()
                    .ifPresent(epochs -> told.add(Map.of("key", "epochs", "value", String.valueOf(epochs))));
            parameters.forEach((name, value) -> told.add(
                    Map.of("key", name, "value", value.substring(0, Math.min(LONGEST_PARAMETER, value.length())))));
            post("runs/log-batch", Map.of("run_id", run, "params", told));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "MlflowListener: the run cannot begin: " + e.getMessage()
                            + ". Start the server, or leave the listener out.",
                    e);
        }
    }

    private String experimentId() throws IOException {
        String query =
                "experiments/get-by-name?experiment_name=" + URLEncoder.encode(experiment, StandardCharsets.UTF_8);
        HttpResponse<String> found = send(request(API + query).GET());
        if (found.statusCode() == NOT_FOUND) {
            return text(post("experiments/create", Map.of("name", experiment)), "experiment_id");
        }
        return text(object(read(query, found), "experiment"), "experiment_id");
    }

    @Override
    public void onStep(StepReport report) {
        step = report.step();
        add("loss", report.loss());
        add("learning_rate", report.learningRate());
        add("gradient_norm", report.gradientNorm());
        add("examples_per_second", report.examplesPerSecond());
        if (waiting.size() >= MOST_WAITING) {
            flush();
        }
    }

    @Override
    public void onEvaluation(EvaluationReport report) {
        add("validation_" + metric, report.metric());
        flush();
    }

    @Override
    public void onEpochEnd(EpochReport report) {
        add("epoch_loss", report.meanLoss());
        report.metric().ifPresent(value -> add("validation_" + metric, value));
        flush();
    }

    @Override
    public void onTrainingEnd(TrainingResult result) {
        flush();
        String status = result.stopReason() == StopReason.INTERRUPTED
                ? "KILLED"
                : result.stopReason() == StopReason.DIVERGED ? "FAILED" : "FINISHED";
        tell("runs/update", Map.of("run_id", run, "status", status, "end_time", System.currentTimeMillis()));
    }

    /** Numbers that are not finite have no place in JSON. */
    private void add(String name, double value) {
        if (Double.isFinite(value)) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("key", name);
            one.put("value", value);
            one.put("timestamp", System.currentTimeMillis());
            one.put("step", step);
            waiting.add(one);
        }
    }

    private void flush() {
        if (!waiting.isEmpty()) {
            tell("runs/log-batch", Map.of("run_id", run, "metrics", List.copyOf(waiting)));
            waiting.clear();
        }
    }

    private void tell(String call, Map<String, ?> content) {
        try {
            post(call, content);
        } catch (IOException e) {
            LOG.warn("MlflowListener: {} was not told: {}", call, MessageText.value(e.getMessage()));
        }
    }

    /**
     * Stores a report with the run, as {@code report.html} and {@code report.json}.
     *
     * @param report the report
     * @throws IOException if it cannot be stored; the message says what the server answered
     * @throws IllegalStateException if there was no run yet
     */
    public void log(TrainingReport report) throws IOException {
        Arguments.required(report, "MlflowListener.log: report", "a report");
        if (run.isEmpty()) {
            throw new IllegalStateException(
                    "MlflowListener.log: there was no run yet; expected a training with this listener before.");
        }
        if (!artifacts.startsWith(PROXIED)) {
            throw new IOException("MlflowListener.log: artifacts of the run are at " + MessageText.value(artifacts)
                    + ", expected " + PROXIED
                    + " and a path. Start the server with --serve-artifacts, or write the report"
                    + " there yourself.");
        }
        String folder = URI.create(artifacts).getPath();
        put(folder + "/report.html", "text/html; charset=utf-8", report.html());
        put(folder + "/report.json", "application/json", report.json());
    }

    private void put(String path, String type, String content) throws IOException {
        HttpResponse<String> answer = send(request(ARTIFACTS + path)
                .header("Content-Type", type)
                .PUT(HttpRequest.BodyPublishers.ofString(content)));
        requireSuccess(path, answer);
    }

    private Map<String, Object> post(String call, Map<String, ?> content) throws IOException {
        return read(
                call,
                send(request(API + call)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(JsonObjects.write(content)))));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(server + path)).timeout(PATIENCE);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException {
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the thread was interrupted while " + server + " was asked", e);
        } catch (IOException e) {
            throw new IOException(server + " does not answer: " + MessageText.value(e), e);
        }
    }

    private static Map<String, Object> read(String call, HttpResponse<String> answer) throws IOException {
        requireSuccess(call, answer);
        return JsonObjects.read("the answer to " + call, answer.body());
    }

    private static void requireSuccess(String call, HttpResponse<String> answer) throws IOException {
        if (answer.statusCode() / 100 != 2) {
            throw new IOException(
                    call + " was answered with " + answer.statusCode() + ": " + MessageText.value(answer.body()));
        }
    }

    private static Map<?, ?> object(Map<?, ?> values, String name) throws IOException {
        if (values.get(name) instanceof Map<?, ?> object) {
            return object;
        }
        throw new IOException("the answer has no object " + MessageText.name(name) + ": " + MessageText.value(values));
    }

    private static String text(Map<?, ?> values, String name) throws IOException {
        if (values.get(name) instanceof String text) {
            return text;
        }
        throw new IOException("the answer has no text " + MessageText.name(name) + ": " + MessageText.value(values));
    }
}
