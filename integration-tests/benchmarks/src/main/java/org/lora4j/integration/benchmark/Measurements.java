/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The turns of all contenders, round by round. */
final class Measurements {

    private final Map<String, String> labels = new LinkedHashMap<>();
    private final Map<String, List<List<Turn>>> rounds = new LinkedHashMap<>();
    private final Map<String, String> missing = new LinkedHashMap<>();

    void add(String key, String label, List<Turn> turns) {
        labels.put(key, label);
        rounds.computeIfAbsent(key, k -> new ArrayList<>()).add(List.copyOf(turns));
    }

    /** Adds the rounds that others measured to those of the same contenders. */
    void addAll(Measurements others) {
        labels.putAll(others.labels);
        others.rounds.forEach((key, more) ->
                rounds.computeIfAbsent(key, k -> new ArrayList<>()).addAll(more));
        missing.putAll(others.missing);
    }

    /** Notes why a contender, or a group of them, took no part. */
    void miss(String key, String reason) {
        missing.put(key, reason);
    }

    boolean has(String key) {
        return rounds.containsKey(key);
    }

    /** What is known of a contender that took no part. */
    String whyMissing(String key) {
        return missing.entrySet().stream()
                .filter(entry -> key.startsWith(entry.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(key + " took no part");
    }

    Map<String, String> labels() {
        return labels;
    }

    String label(String key) {
        return labels.get(key);
    }

    /** Of all turns. */
    double median(String key, TimedBy clock) {
        return median(rounds.get(key).stream()
                .flatMap(List::stream)
                .map(clock::seconds)
                .toList());
    }

    /** The fastest of all turns. */
    double best(String key, TimedBy clock) {
        return rounds.get(key).stream()
                .flatMap(List::stream)
                .mapToDouble(clock::seconds)
                .min()
                .orElseThrow();
    }

    int turns(String key) {
        return rounds.get(key).stream().mapToInt(List::size).sum();
    }

    /** The median of the ratios within each round, in which both met the same mood of the machine. */
    double ratio(String over, String under, TimedBy clock) {
        List<List<Turn>> top = rounds.get(over);
        List<List<Turn>> bottom = rounds.get(under);
        return median(IntStream.range(0, Math.min(top.size(), bottom.size()))
                .mapToObj(round -> ofRound(top.get(round), clock) / ofRound(bottom.get(round), clock))
                .toList());
    }

    private static double ofRound(List<Turn> turns, TimedBy clock) {
        return median(turns.stream().map(clock::seconds).toList());
    }

    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int count = sorted.size();
        return (sorted.get((count - 1) / 2) + sorted.get(count / 2)) / 2;
    }
}
