/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.format.DType;

/**
 * Where the time of a step goes: the steps of its plan by kind, beside what the machine gives at most. Of any contender of the
 * other benchmarks that this library runs, each in a process of its own; of Deeplearning4j's layers, which have no plan, shares
 * of stacks.
 *
 * <p>Arguments: the folder for the report, the number of rounds that count, a clock, which is not asked, the numbers of threads
 * with commas, a name, and the keys of the contenders with commas, or {@code all} for a step of LoRA on MiniLM.
 */
public final class ProfileBenchmark {

    private static final double MILLI = 1e3;
    private static final double MICRO = 1e6;
    private static final double GIGA = 1e9;
    private static final double PERCENT = 100;
    /** What a thread does that begins its part later than another, or is done with it earlier. */
    private static final String WAITING = "waiting for other threads";

    /** Inputs are cut, parts joined, parameters updated; one thread does that unless said otherwise. */
    private static final String OUTSIDE = "outside of plans: parts cut and joined, the optimizer";

    private static final String STEP = "a step";
    private static final List<Integer> MORE_THREADS = List.of(4, 8, 16, 64);

    private final int rounds;
    private final Summary summary;

    private ProfileBenchmark(int rounds, Summary summary) {
        this.rounds = rounds;
        this.summary = summary;
    }

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds, clock, threads, name, keys
     * @throws IOException if a process fails or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        String only = args.length > 5 && !args[5].equals("all") ? args[5] : EncoderTeam.ALL;
        Summary summary = new Summary("Where the time of a step goes", Machine.facts());
        summary.note("numbers", "medians of " + args[1] + " rounds; a step is a turn of the contender");
        ProfileBenchmark benchmark = new ProfileBenchmark(Integer.parseInt(args[1]), summary);
        Path models = Files.createTempDirectory("profile");
        try {
            for (String key : only.split(",")) {
                writeModels(models, key.trim());
                benchmark.profile(key.trim(), args[3]);
            }
        } finally {
            try (Stream<Path> files = Files.walk(models)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
        summary.publish(Path.of(args[0]), "profile");
    }

    private static void writeModels(Path models, String key) throws IOException {
        if (Team.of(key) != Team.DECODER) {
            return;
        }
        System.setProperty(DecoderTeam.MODELS, models.toString());
        boolean half = key.equals(DecoderTeam.TOKEN_BF16);
        Path model = models.resolve(half ? RandomModel.SMALL_BF16 : RandomModel.SMALL_F32);
        if (!Files.exists(model)) {
            RandomModel.writeTokenizer(
                    model, RandomModel.write(model, RandomModel.SMALL, half ? DType.BF16 : DType.F32));
        }
    }

    private void profile(String key, String counts) throws IOException {
        Map<Integer, Map<String, Double>> told = new LinkedHashMap<>();
        for (String count : counts.split(",")) {
            int threads = Integer.parseInt(count.trim());
            told.put(threads, measure(key, threads));
            report(key + ", " + threads + (threads == 1 ? " thread" : " threads"), threads, told.get(threads));
        }
        if (told.size() > 1 && told.containsKey(1)) {
            told.forEach((threads, found) -> {
                if (threads > 1) {
                    compare(key, threads, told.get(1), found);
                }
            });
        }
    }

    private Map<String, Double> measure(String key, int threads) throws IOException {
        Team team = Team.of(key);
        List<String> options = new ArrayList<>(team.options());
        options.add("-D" + Turn.PROPERTY + "=" + threads);
        return ChildJava.run(
                ProfileProcess.class, options, List.of(key, String.valueOf(rounds)), team.environment(threads));
    }

    private void report(String where, int threads, Map<String, Double> told) {
        Map<String, Double> all = ProfileProcess.group(ProfileProcess.ALL, told).get("");
        double bandwidth = all.get(ProfileProcess.BANDWIDTH);
        double peak = all.get(ProfileProcess.PEAK);
        summary.note(
                where,
                String.format(
                        Locale.ROOT,
                        "a step takes %.1f ms, %.1f of all processors; to each thread the machine gives %.1f GB/s of"
                                + " reading and %.0f GFLOP/s of products in %s",
                        MILLI * all.get(ProfileProcess.SECONDS),
                        MILLI * all.get(ProfileProcess.CPU_SECONDS),
                        bandwidth / GIGA,
                        peak / GIGA,
                        ProfileProcess.isNarrow(where) ? "BF16" : "F32"));
        if (threads > 1) {
            summary.note(
                    where + ", waiting for locks, all threads",
                    String.format(Locale.ROOT, "%.2f ms a step", MILLI * all.get(ProfileProcess.BLOCKED)));
        }
        Map<String, Map<String, Double>> kinds = ProfileProcess.group(ProfileProcess.KIND, told);
        if (kinds.isEmpty()) {
            stacks(where, ProfileProcess.group(ProfileProcess.STACKS, told), all.get(ProfileProcess.SECONDS));
            return;
        }
        List<Map<String, Object>> rows = new ArrayList<>();
        for (StepKind kind : StepKind.values()) {
            if (kinds.containsKey(kind.name())) {
                rows.add(row(kind.label(), threads, kinds.get(kind.name()), bandwidth, peak));
            }
        }
        if (threads > 1) {
            rows.add(only(WAITING, all.get(ProfileProcess.WAITING)));
        }
        rows.add(only(OUTSIDE, all.get(ProfileProcess.OUTSIDE)));
        rows.add(only(STEP, all.get(ProfileProcess.SECONDS)));
        summary.grid(where, rows);
        List<Map<String, Object>> steps = new ArrayList<>();
        ProfileProcess.group(ProfileProcess.STEP, told).entrySet().stream()
                .sorted(Comparator.comparing(step -> -step.getValue().get(ProfileProcess.SECONDS)))
                .forEach(step -> steps.add(row(step.getKey(), threads, step.getValue(), bandwidth, peak)));
        summary.grid(where + ", the longest by shape", steps);
    }

    private static Map<String, Object> row(
            String label, int threads, Map<String, Double> spent, double bandwidth, double peak) {
        double seconds = spent.get(ProfileProcess.SECONDS);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("steps", label);
        row.put("calls", spent.get(ProfileProcess.CALLS));
        row.put("ms", MILLI * seconds / threads);
        row.put("processor ms", MILLI * spent.get(ProfileProcess.CPU_SECONDS));
        row.put("µs a call", MICRO * seconds / spent.get(ProfileProcess.CALLS));
        row.put("% of bandwidth", PERCENT * spent.get(ProfileProcess.BYTES) / seconds / bandwidth);
        double operations = spent.get(ProfileProcess.OPERATIONS);
        row.put("% of peak", operations == 0 ? "" : PERCENT * operations / seconds / peak);
        return row;
    }

    private static Map<String, Object> only(String label, double seconds) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("steps", label);
        row.put("calls", "");
        row.put("ms", MILLI * seconds);
        List.of("processor ms", "µs a call", "% of bandwidth", "% of peak").forEach(column -> row.put(column, ""));
        return row;
    }

    private void stacks(String where, Map<String, Map<String, Double>> parts, double seconds) {
        List<Map<String, Object>> rows = new ArrayList<>();
        parts.entrySet().stream()
                .sorted(Comparator.comparing(part -> -part.getValue().get(ProfileProcess.SHARE)))
                .forEach(part -> {
                    double share = part.getValue().get(ProfileProcess.SHARE);
                    Map<String, Object> row = new LinkedHashMap<>();
                    row.put("by stacks", part.getKey());
                    row.put("ms", MILLI * seconds * share);
                    row.put("% of the step", PERCENT * share);
                    rows.add(row);
                });
        summary.grid(where, rows);
    }

    /** What more threads bring, and what Amdahl's law makes of that. */
    private void compare(String key, int threads, Map<String, Double> one, Map<String, Double> more) {
        Map<String, Double> allOfOne =
                ProfileProcess.group(ProfileProcess.ALL, one).get("");
        Map<String, Double> allOfMore =
                ProfileProcess.group(ProfileProcess.ALL, more).get("");
        Map<String, Map<String, Double>> before = ProfileProcess.group(ProfileProcess.KIND, one);
        Map<String, Map<String, Double>> after = ProfileProcess.group(ProfileProcess.KIND, more);
        List<Map<String, Object>> rows = new ArrayList<>();
        for (StepKind kind : StepKind.values()) {
            if (before.containsKey(kind.name()) && after.containsKey(kind.name())) {
                rows.add(pair(
                        kind.label(),
                        before.get(kind.name()).get(ProfileProcess.SECONDS),
                        after.get(kind.name()).get(ProfileProcess.SECONDS) / threads,
                        threads));
            }
        }
        double first = allOfOne.get(ProfileProcess.SECONDS);
        double second = allOfMore.get(ProfileProcess.SECONDS);
        rows.add(pair(WAITING, 0, allOfMore.get(ProfileProcess.WAITING), threads));
        double outside = allOfOne.get(ProfileProcess.OUTSIDE);
        rows.add(pair(OUTSIDE, outside, allOfMore.get(ProfileProcess.OUTSIDE), threads));
        rows.add(pair(STEP, first, second, threads));
        summary.grid(key + ", 1 thread and " + threads, rows);
        law(
                key + ", serial share by Amdahl from 1 and " + threads + " threads",
                (threads * second / first - 1) / (threads - 1));
        law(key + ", share of what is outside of plans with 1 thread", outside / first);
    }

    private void law(String name, double serial) {
        StringBuilder words = new StringBuilder(String.format(Locale.ROOT, "%.1f %%; then at most", PERCENT * serial));
        double share = Math.max(0, serial);
        for (int count : MORE_THREADS) {
            words.append(String.format(
                    Locale.ROOT, " %.1f times faster with %d threads,", 1 / (share + (1 - share) / count), count));
        }
        summary.note(name, words.substring(0, words.length() - 1));
    }

    private static Map<String, Object> pair(String label, double one, double more, int threads) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("steps", label);
        row.put("ms, 1 thread", MILLI * one);
        row.put("ms, " + threads + " threads", MILLI * more);
        row.put("times faster", one / more);
        return row;
    }
}
