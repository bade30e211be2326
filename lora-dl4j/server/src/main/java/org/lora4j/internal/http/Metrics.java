/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * Counts in Prometheus' text format. Values of labels are kept for as long as the server runs: only what is known beforehand may be
 * one. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class Metrics {

    /** The format, as its header says it. */
    public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    /** Bounds for durations, in seconds. */
    public static final List<Double> SECONDS =
            List.of(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0);

    private final String prefix;
    private final Map<String, Family> families;

    private record Family(String type, String help, Supplier<String> samples) {}

    /** A number that only grows. */
    public interface Count {
        void add(double amount, String... labels);
    }

    /** Where values fall. */
    public interface Observations {
        void observe(double value, String... labels);
    }

    /**
     * Metrics without samples.
     *
     * @param prefix of all names, such as {@code lora4j_}
     */
    public Metrics(String prefix) {
        this(prefix, new ConcurrentHashMap<>());
    }

    private Metrics(String prefix, Map<String, Family> families) {
        this.prefix = prefix;
        this.families = families;
    }

    /** The same metrics, to which others with another prefix are added. */
    public Metrics withPrefix(String other) {
        return new Metrics(other, families);
    }

    /**
     * A counter.
     *
     * @param name ends in {@code _total}
     */
    public Count counter(String name, String help, String... labels) {
        Map<List<String>, DoubleAdder> values = new ConcurrentHashMap<>();
        if (labels.length == 0) {
            values.put(List.of(), new DoubleAdder());
        }
        add(name, "counter", help, () -> {
            StringBuilder text = new StringBuilder();
            sorted(values).forEach((of, value) -> line(text, name, List.of(labels), of, "", value.sum()));
            return text.toString();
        });
        return (amount, of) -> values.computeIfAbsent(checked(labels, of), key -> new DoubleAdder())
                .add(amount);
    }

    /** A number that is asked for when somebody looks. */
    public void gauge(String name, String help, DoubleSupplier value) {
        gauge(name, help, List.of(), () -> Map.of(List.of(), value.getAsDouble()));
    }

    /** Numbers with labels that are asked for when somebody looks. */
    public void gauge(String name, String help, List<String> labels, Supplier<Map<List<String>, Double>> values) {
        sampled(name, "gauge", help, labels, values);
    }

    /** Counts with labels that somebody else keeps. */
    public void counter(String name, String help, List<String> labels, Supplier<Map<List<String>, Double>> values) {
        sampled(name, "counter", help, labels, values);
    }

    private void sampled(
            String name, String type, String help, List<String> labels, Supplier<Map<List<String>, Double>> values) {
        add(name, type, help, () -> {
            StringBuilder text = new StringBuilder();
            sorted(values.get()).forEach((of, value) -> line(text, name, labels, of, "", value));
            return text.toString();
        });
    }

    /** A histogram of durations in seconds, or of another unit that its name ends in. */
    public Observations histogram(String name, String help, List<Double> bounds, String... labels) {
        Map<List<String>, Buckets> values = new ConcurrentHashMap<>();
        add(name, "histogram", help, () -> {
            StringBuilder text = new StringBuilder();
            sorted(values).forEach((of, buckets) -> buckets.write(text, name, List.of(labels), of));
            return text.toString();
        });
        return (value, of) -> values.computeIfAbsent(checked(labels, of), key -> new Buckets(bounds))
                .observe(value);
    }

    private static List<String> checked(String[] labels, String[] of) {
        if (labels.length != of.length) {
            throw new IllegalArgumentException(
                    "Metrics: " + of.length + " values for " + labels.length + " labels " + List.of(labels));
        }
        return List.of(of);
    }

    private void add(String name, String type, String help, Supplier<String> samples) {
        if (families.putIfAbsent(prefix + name, new Family(type, help, samples)) != null) {
            throw new IllegalArgumentException(
                    "Metrics: " + prefix + name + " is there already; expected each name once");
        }
    }

    private static <V> Map<List<String>, V> sorted(Map<List<String>, V> values) {
        Map<List<String>, V> sorted = new TreeMap<>((a, b) -> a.toString().compareTo(b.toString()));
        sorted.putAll(values);
        return sorted;
    }

    /** Everything, in the text format. */
    public String text() {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(families).forEach((name, family) -> {
            text.append("# HELP ").append(name).append(' ').append(escapedHelp(family.help()));
            text.append("\n# TYPE ").append(name).append(' ').append(family.type());
            text.append('\n').append(family.samples().get());
        });
        return text.toString();
    }

    private void line(
            StringBuilder text, String name, List<String> labels, List<String> of, String bound, double value) {
        text.append(prefix).append(name);
        if (!of.isEmpty() || !bound.isEmpty()) {
            text.append('{');
            for (int i = 0; i < of.size(); i++) {
                text.append(i == 0 ? "" : ",").append(labels.get(i)).append("=\"");
                text.append(escaped(of.get(i))).append('"');
            }
            if (!bound.isEmpty()) {
                text.append(of.isEmpty() ? "" : ",")
                        .append("le=\"")
                        .append(bound)
                        .append('"');
            }
            text.append('}');
        }
        text.append(' ').append(number(value)).append('\n');
    }

    private static String escaped(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    private static String escapedHelp(String value) {
        return value.replace("\\", "\\\\").replace("\n", "\\n");
    }

    private static String number(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? String.format(Locale.ROOT, "%d", (long) value)
                : Double.toString(value);
    }

    /** Counts by bounds. */
    private final class Buckets {
        private final List<Double> bounds;
        private final LongAdder[] counts;
        private final DoubleAdder sum = new DoubleAdder();

        Buckets(List<Double> bounds) {
            this.bounds = bounds;
            this.counts = new LongAdder[bounds.size() + 1];
            for (int i = 0; i < counts.length; i++) {
                counts[i] = new LongAdder();
            }
        }

        void observe(double value) {
            int at = 0;
            while (at < bounds.size() && value > bounds.get(at)) {
                at++;
            }
            counts[at].increment();
            sum.add(value);
        }

        void write(StringBuilder text, String name, List<String> labels, List<String> of) {
            long all = 0;
            for (int i = 0; i < counts.length; i++) {
                all += counts[i].sum();
                line(text, name + "_bucket", labels, of, i < bounds.size() ? number(bounds.get(i)) : "+Inf", all);
            }
            line(text, name + "_sum", labels, of, "", sum.sum());
            line(text, name + "_count", labels, of, "", all);
        }
    }
}
