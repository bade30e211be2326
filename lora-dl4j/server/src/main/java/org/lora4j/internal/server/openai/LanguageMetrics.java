/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.lora4j.internal.http.Metrics;

/** What is counted of language models, by the names that vLLM has for it. <b>Threads.</b> Safe. */
final class LanguageMetrics {

    private static final String MODEL = "model_name";

    private static final double SECOND = 1e9;

    private final Map<String, Load> loads = new ConcurrentHashMap<>();
    private final Metrics.Count prompts;
    private final Metrics.Count tokens;
    private final Metrics.Count finished;
    private final Metrics.Observations first;
    private final Metrics.Observations next;
    private final Metrics.Observations whole;

    /** Texts of one model that are on their way. */
    static final class Load {

        private final AtomicInteger waiting = new AtomicInteger();
        private final AtomicInteger running = new AtomicInteger();

        void waiting(int texts) {
            waiting.addAndGet(texts);
        }

        void begins() {
            waiting.decrementAndGet();
            running.incrementAndGet();
        }

        void ends(boolean hasBegun) {
            (hasBegun ? running : waiting).decrementAndGet();
        }

        int waiting() {
            return waiting.get();
        }

        int running() {
            return running.get();
        }
    }

    LanguageMetrics(Metrics metrics, Clock clock) {
        metrics.gauge("num_requests_running", "Texts that are made now.", List.of(MODEL), () -> now(Load::running));
        metrics.gauge("num_requests_waiting", "Texts that wait.", List.of(MODEL), () -> now(Load::waiting));
        metrics.gauge(
                "lora_requests_info",
                "Adapters that texts are made with and that texts wait for; the value is the time.",
                List.of("max_lora", "running_lora_adapters", "waiting_lora_adapters"),
                () -> Map.of(
                        List.of(String.valueOf(loads.size()), names(Load::running), names(Load::waiting)),
                        clock.millis() / 1e3));
        this.prompts = metrics.counter("prompt_tokens_total", "Tokens of prompts.", MODEL);
        this.tokens = metrics.counter("generation_tokens_total", "Tokens that were made.", MODEL);
        this.finished =
                metrics.counter("request_success_total", "Texts that ended, by the reason.", "finished_reason", MODEL);
        this.first = metrics.histogram(
                "time_to_first_token_seconds", "From the request to its first token.", Metrics.SECONDS, MODEL);
        this.next = metrics.histogram(
                "inter_token_latency_seconds", "From a token to the next one.", Metrics.SECONDS, MODEL);
        this.whole = metrics.histogram(
                "e2e_request_latency_seconds", "From the request to its last token.", Metrics.SECONDS, MODEL);
    }

    private Map<List<String>, Double> now(ToIntFunction<Load> number) {
        Map<List<String>, Double> all = new TreeMap<>((a, b) -> a.get(0).compareTo(b.get(0)));
        loads.forEach((model, load) -> all.put(List.of(model), (double) number.applyAsInt(load)));
        return all;
    }

    private String names(ToIntFunction<Load> number) {
        return loads.entrySet().stream()
                .filter(entry -> number.applyAsInt(entry.getValue()) > 0)
                .map(Map.Entry::getKey)
                .sorted()
                .collect(Collectors.joining(","));
    }

    /** The load of a model; its name is one that was registered. */
    Load of(String model) {
        return loads.computeIfAbsent(model, name -> new Load());
    }

    void firstToken(String model, long nanos) {
        first.observe(nanos / SECOND, model);
    }

    void nextToken(String model, long nanos) {
        next.observe(nanos / SECOND, model);
    }

    void answered(String model, long nanos) {
        whole.observe(nanos / SECOND, model);
    }

    void tokens(String model, int read, int written) {
        prompts.add(read, model);
        tokens.add(written, model);
    }

    void finished(String model, String reason, int texts) {
        finished.add(texts, reason, model);
    }
}
