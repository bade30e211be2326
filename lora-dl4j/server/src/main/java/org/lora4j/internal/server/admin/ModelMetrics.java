/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.admin;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.lora4j.internal.http.Metrics;
import org.lora4j.internal.server.HostedAdapter;
import org.lora4j.internal.server.ModelCatalog;
import org.lora4j.internal.server.ModelHost;
import org.lora4j.internal.server.TextHost;
import org.lora4j.serve.RouteCounts;
import org.lora4j.serve.RouteStatus;
import org.lora4j.serve.text.TextServerMetrics;

/**
 * What bases and adapters tell of themselves when somebody looks. Labels are names that are served now.
 *
 * @apiNote Status: internal
 */
public final class ModelMetrics {

    private ModelMetrics() {}

    /** Adds them. */
    public static void register(ModelCatalog catalog, Metrics metrics) {
        perAdapter(
                catalog,
                metrics,
                "adapter_generation",
                "The generation of an adapter.",
                one -> one.by().generation());
        perAdapter(catalog, metrics, "adapter_bytes", "What an adapter takes in memory.", HostedAdapter::bytes);
        perAdapter(catalog, metrics, "adapter_leases", "Requests that have an adapter now.", HostedAdapter::active);
        metrics.gauge(
                "alias_agreement",
                "How far the answers of a candidate agree with those of what is in use, 0 to 1.",
                List.of("base", "alias"),
                () -> agreements(catalog));
        perPart(catalog, metrics, "alias_answers", "Requests that a part of an alias answered.", RouteCounts::answered);
        perPart(catalog, metrics, "alias_failures", "Requests that a part of an alias failed.", RouteCounts::failed);
        perPart(
                catalog,
                metrics,
                "alias_latency_seconds",
                "In how many seconds a part of an alias answers half of its requests.",
                counts -> counts.latency().quantile(0.5));
        perServer(catalog, metrics, "text_waiting", "Texts that wait for a batch.", TextServerMetrics::waiting);
        perServer(catalog, metrics, "text_running", "Texts in batches that are computed.", TextServerMetrics::running);
        counted(catalog, metrics, "text_texts_total", "Texts that were computed.", TextServerMetrics::texts);
        counted(catalog, metrics, "text_tokens_total", "Tokens that were computed.", TextServerMetrics::tokens);
        counted(
                catalog,
                metrics,
                "text_padded_tokens_total",
                "Tokens that were computed with padding.",
                TextServerMetrics::paddedTokens);
        counted(catalog, metrics, "text_batches_total", "Batches that were computed.", TextServerMetrics::batches);
        counted(catalog, metrics, "text_rejected_total", "Requests that found no room.", TextServerMetrics::rejected);
        counted(catalog, metrics, "text_timed_out_total", "Requests whose time was over.", TextServerMetrics::timedOut);
    }

    private static Map<List<String>, Double> agreements(ModelCatalog catalog) {
        Map<List<String>, Double> values = new HashMap<>();
        for (ModelHost host : catalog.hosts()) {
            for (RouteStatus status : host.routes().status()) {
                put(values, status.agreement(), host.name(), status.alias());
            }
        }
        return values;
    }

    /** Since a part begins at 0 with each change of an alias, these are no counters. */
    private static void perPart(
            ModelCatalog catalog, Metrics metrics, String name, String help, ToDoubleFunction<RouteCounts> value) {
        metrics.gauge(name, help, List.of("base", "alias", "part"), () -> {
            Map<List<String>, Double> values = new HashMap<>();
            for (ModelHost host : catalog.hosts()) {
                for (RouteStatus status : host.routes().status()) {
                    put(values, value.applyAsDouble(status.ofCurrent()), host.name(), status.alias(), "in_use");
                    if (status.candidate().isPresent()) {
                        put(
                                values,
                                value.applyAsDouble(status.ofCandidate()),
                                host.name(),
                                status.alias(),
                                "candidate");
                    }
                }
            }
            return values;
        });
    }

    private static void put(Map<List<String>, Double> values, double value, String... of) {
        // Nothing was measured yet.
        if (!Double.isNaN(value)) {
            values.put(List.of(of), value);
        }
    }

    private static void perAdapter(
            ModelCatalog catalog, Metrics metrics, String name, String help, ToDoubleFunction<HostedAdapter> value) {
        metrics.gauge(name, help, List.of("base", "adapter"), () -> {
            Map<List<String>, Double> values = new HashMap<>();
            for (ModelHost host : catalog.hosts()) {
                host.adapters().forEach(one -> values.put(List.of(host.name(), one.name()), value.applyAsDouble(one)));
            }
            return values;
        });
    }

    private static void perServer(
            ModelCatalog catalog,
            Metrics metrics,
            String name,
            String help,
            ToDoubleFunction<TextServerMetrics> value) {
        metrics.gauge(name, help, List.of("base"), () -> values(catalog, value));
    }

    private static void counted(
            ModelCatalog catalog,
            Metrics metrics,
            String name,
            String help,
            ToDoubleFunction<TextServerMetrics> value) {
        metrics.counter(name, help, List.of("base"), () -> values(catalog, value));
    }

    private static Map<List<String>, Double> values(ModelCatalog catalog, ToDoubleFunction<TextServerMetrics> value) {
        Map<List<String>, Double> values = new TreeMap<>((a, b) -> a.toString().compareTo(b.toString()));
        catalog.hosts(TextHost.class)
                .forEach(host -> values.put(
                        List.of(host.name()), value.applyAsDouble(host.server().metrics())));
        return values;
    }
}
