/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.lora4j.integration.benchmark.StepTimes.Spent;
import org.lora4j.integration.benchmark.dl4j.Profile;
import org.lora4j.internal.engine.plan.Plan;
import org.lora4j.internal.engine.plan.PlanStep;
import org.lora4j.internal.engine.plan.PlanStep.Operand;

/**
 * The process that {@link ProfileBenchmark} starts for a contender: does what the contender does, and tells what became of the
 * time. All numbers are medians over the rounds, and of one turn.
 */
public final class ProfileProcess {

    static final String SEPARATOR = "|";

    /** What a number is of: a kind of steps, one shape of a step, a part of stacks, or everything. */
    static final String KIND = "kind";

    static final String STEP = "step";
    static final String STACKS = "stacks";
    static final String ALL = "all";

    static final String CALLS = "calls";
    static final String SECONDS = "seconds";
    static final String CPU_SECONDS = "processor seconds";
    static final String BYTES = "bytes";
    static final String OPERATIONS = "operations";
    static final String SHARE = "share";
    static final String WAITING = "seconds that threads waited for others";
    static final String OUTSIDE = "seconds in which no thread was in a step";
    static final String BLOCKED = "seconds that threads waited for locks";
    static final String BANDWIDTH = "bytes a second";
    static final String PEAK = "operations a second";

    private static final int WARM_UP = 3;
    private static final int STACK_TURNS = 10;
    private static final int MOST_STEPS = 16;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final Map<String, List<Double>> samples = new HashMap<>();

    private ProfileProcess() {}

    /**
     * Measures.
     *
     * @param args key of the contender, rounds
     * @throws IOException if its model is missing
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        String key = args[0];
        Contender contender = Team.of(key).contenders(key::equals).stream()
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "profile: there is no contender \"" + key + "\", or it cannot run here."));
        new ProfileProcess().measure(contender, Integer.parseInt(args[1]));
        Runtime.getRuntime().halt(0);
    }

    private void measure(Contender contender, int rounds) {
        for (int i = 0; i < WARM_UP; i++) {
            contender.turns().get();
        }
        THREADS.setThreadContentionMonitoringEnabled(THREADS.isThreadContentionMonitoringSupported());
        try (Peaks peaks = new Peaks(Turn.THREADS, isNarrow(contender.key()))) {
            peaks.operations();
            for (int i = 0; i < rounds; i++) {
                add(ALL, "", BANDWIDTH, peaks.bandwidth());
                add(ALL, "", PEAK, peaks.operations());
                StepTimes times = new StepTimes();
                double blocked = blockedSeconds();
                Plan.watch(times);
                List<Turn> turns = contender.turns().get();
                Plan.watch(null);
                add(ALL, "", BLOCKED, (blockedSeconds() - blocked) / turns.size());
                add(times, turns);
            }
        }
        samples.forEach((name, values) ->
                ChildJava.tell(name, name.endsWith(BLOCKED) ? mean(values) : Measurements.median(values)));
        if (samples.keySet().stream().noneMatch(name -> name.startsWith(KIND))) {
            // Layers of Deeplearning4j call ND4J op by op.
            Profile.of(() -> contender.turns().get(), STACK_TURNS)
                    .forEach((part, share) -> ChildJava.tell(name(STACKS, part, SHARE), share));
        }
    }

    // Locks are told in whole milliseconds, so a median would be none.
    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    private static double blockedSeconds() {
        return Arrays.stream(THREADS.getThreadInfo(THREADS.getAllThreadIds()))
                        .filter(Objects::nonNull)
                        .mapToLong(ThreadInfo::getBlockedTime)
                        .filter(milliseconds -> milliseconds > 0)
                        .sum()
                / 1e3;
    }

    /** Whether most of what a contender multiplies is in BF16. */
    static boolean isNarrow(String key) {
        return key.toLowerCase(Locale.ROOT).contains("bf16");
    }

    private void add(StepTimes times, List<Turn> turns) {
        add(
                ALL,
                "",
                SECONDS,
                turns.stream().mapToDouble(Turn::seconds).average().orElseThrow());
        add(
                ALL,
                "",
                CPU_SECONDS,
                turns.stream().mapToDouble(Turn::cpuSeconds).average().orElseThrow());
        Map<StepKind, Spent> kinds = times.by(StepKind::of);
        double inSteps = kinds.values().stream().mapToDouble(Spent::seconds).sum() / Turn.THREADS;
        double waiting = times.waiting(Turn.THREADS);
        double seconds = turns.stream().mapToDouble(Turn::seconds).sum();
        add(ALL, "", WAITING, waiting / turns.size());
        add(ALL, "", OUTSIDE, (seconds - waiting - inSteps) / turns.size());
        kinds.forEach((kind, spent) -> add(KIND, kind.name(), spent, turns.size()));
        times.by(ProfileProcess::shape).entrySet().stream()
                .sorted((a, b) ->
                        Double.compare(b.getValue().seconds(), a.getValue().seconds()))
                .limit(MOST_STEPS)
                .forEach(step -> add(STEP, step.getKey(), step.getValue(), turns.size()));
        times.by(step -> StepKind.of(step) == StepKind.OTHER ? step.work() : "").forEach((work, spent) -> {
            if (!work.isEmpty()) {
                add(STEP, "not in the table of kinds: " + work, spent, turns.size());
            }
        });
    }

    private void add(String group, String what, Spent spent, int turns) {
        add(group, what, CALLS, (double) spent.calls() / turns);
        add(group, what, SECONDS, spent.seconds() / turns);
        add(group, what, CPU_SECONDS, spent.cpuSeconds() / turns);
        add(group, what, BYTES, spent.bytes() / turns);
        add(group, what, OPERATIONS, spent.operations() / turns);
    }

    private void add(String group, String what, String field, double value) {
        samples.computeIfAbsent(name(group, what, field), n -> new ArrayList<>())
                .add(value);
    }

    private static String name(String... words) {
        return String.join(SEPARATOR, words);
    }

    private static String shape(PlanStep step) {
        return shapes(step.outputs()) + " = " + step.work()
                + step.inputs().stream()
                        .map(operand -> (operand.weight() ? "weight " : "") + operand.shape())
                        .collect(Collectors.joining(", ", "(", ")"));
    }

    private static String shapes(List<Operand> operands) {
        return operands.stream().map(operand -> operand.shape().toString()).collect(Collectors.joining(", "));
    }

    /** Of the numbers that a process told: those of a group, by what they are of. */
    static Map<String, Map<String, Double>> group(String group, Map<String, Double> told) {
        Map<String, Map<String, Double>> found = new HashMap<>();
        told.forEach((name, value) -> {
            String[] words = name.split(Pattern.quote(SEPARATOR));
            if (words[0].equals(group)) {
                found.computeIfAbsent(words[1], w -> new HashMap<>()).put(words[2], value);
            }
        });
        return found;
    }
}
