/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.LibraryVersion;
import org.lora4j.trust.Receipt;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Checks a run that has ended, and writes down what it was.
 *
 * @apiNote Status: experimental
 */
public final class RunReceipt {

    /** The check that every module that learned has changed. */
    public static final String CHANGED = "every module that learned has changed";

    /** Where an object has no words of its own, Java writes where it was. */
    private static final Pattern ADDRESS = Pattern.compile("@[0-9a-f]{4,}");

    private RunReceipt() {}

    /**
     * Requires that every module that learned has changed, unless the start was kept or the run was interrupted.
     *
     * @param where the call, for messages
     * @param plan the plan, which may allow modules to stay without gradient
     * @param report what happened
     * @throws IllegalStateException if modules are as they were; the message names them
     */
    public static void requireChanged(String where, TrainingPlan plan, FitReport report) {
        if (isJudged(report)) {
            requireChanged(where, plan, report.training().orElseThrow());
        }
    }

    /**
     * The same of a run whose last values, or those of its best epoch, are kept.
     *
     * @param where the call, for messages
     * @param plan the plan, which may allow modules to stay without gradient
     * @param result what happened
     * @throws IllegalStateException if modules are as they were; the message names them
     */
    public static void requireChanged(String where, TrainingPlan plan, TrainingResult result) {
        Arguments.required(plan, "RunReceipt.requireChanged: plan", "the plan of the run");
        Arguments.required(result, "RunReceipt.requireChanged: result", "what the run did");
        if (result.stopReason() == StopReason.INTERRUPTED) {
            return;
        }
        List<Pattern> allowed =
                plan.allowedWithoutGradient().stream().map(Pattern::compile).toList();
        List<String> unchanged = result.unchangedModules().stream()
                .filter(module -> allowed.stream()
                        .noneMatch(pattern -> pattern.matcher(module).matches()))
                .toList();
        if (!unchanged.isEmpty()) {
            throw new IllegalStateException(where + ": after the training, " + Problems.quoted(unchanged)
                    + " is what it was before; expected a change of every module that learns. Leave it out of the targets,"
                    + " or allow it by plan(plan -> plan.allowWithoutGradient(regex)).");
        }
    }

    private static boolean isJudged(FitReport report) {
        return report.training().isPresent()
                && !report.startKept()
                && report.training().get().stopReason() != StopReason.INTERRUPTED;
    }

    /**
     * What a run was.
     *
     * @param task what was trained
     * @param hashes as in {@link Receipt}
     * @param data as in {@link Receipt}
     * @param config as in {@link Receipt}
     * @param plan the plan
     * @param seed the seed of everything random
     * @param report what happened
     * @return the receipt, which has the check {@value #CHANGED} if {@link #requireChanged} had to be met
     */
    public static Receipt of(
            String task,
            Map<String, String> hashes,
            Map<String, DataHashes> data,
            Map<String, Object> config,
            TrainingPlan plan,
            long seed,
            FitReport report) {
        Arguments.required(plan, "RunReceipt.of: plan", "the plan of the run");
        Arguments.required(report, "RunReceipt.of: report", "what the run did");
        Map<String, Object> words = new LinkedHashMap<>();
        plan.words()
                .forEach((name, value) ->
                        words.put(name, ADDRESS.matcher(String.valueOf(value)).replaceAll("")));
        List<String> checks = new ArrayList<>();
        if (isJudged(report)) {
            checks.add(CHANGED);
        }
        Map<String, Object> run = new LinkedHashMap<>();
        run.put("step_seconds", report.seconds());
        return new Receipt(
                task,
                hashes,
                data,
                config,
                report.training().isPresent() ? words : Map.of(),
                seed,
                result(report),
                checks,
                Map.of("lora4j", LibraryVersion.LORA4J, "nd4j", nd4j()),
                envelope(report),
                run);
    }

    private static Map<String, Object> result(FitReport report) {
        Map<String, Object> result = new LinkedHashMap<>();
        report.training().ifPresent(training -> {
            result.put("stop_reason", training.stopReason().name());
            result.put("steps", training.steps());
            result.put("epochs", training.epochs().size());
            put(result, "highest_rate", training.highestRate());
            if (!training.losses().isEmpty()) {
                put(result, "first_loss", training.losses().get(0));
                put(result, "last_loss", training.losses().get(training.losses().size() - 1));
            }
        });
        report.bestEpoch().ifPresent(epoch -> result.put("best_epoch", epoch));
        result.put("chosen", report.chosen());
        result.put("metric", report.metric());
        result.put("higher_is_better", report.higherIsBetter());
        report.before().ifPresent(value -> put(result, "before", value));
        report.after().ifPresent(value -> put(result, "after", value));
        result.put("start_kept", report.startKept());
        return result;
    }

    private static void put(Map<String, Object> values, String name, double number) {
        if (Double.isFinite(number)) {
            values.put(name, number);
        }
    }

    /** Within what the bits repeat. */
    private static Map<String, Object> envelope(FitReport report) {
        Map<String, Object> envelope = new LinkedHashMap<>();
        envelope.put("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
        envelope.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        envelope.put("java_vectors", javaVectors());
        envelope.put("processors", Runtime.getRuntime().availableProcessors());
        envelope.put("native_threads", Nd4j.getEnvironment().maxThreads());
        report.training().map(TrainingResult::computation).ifPresent(computation -> {
            envelope.put("products", computation.products());
            envelope.put("parts", computation.parting().count());
            envelope.put("most_parts", computation.mostParts());
        });
        return envelope;
    }

    /** Up to which instructions the Java compiler goes; what it does not tell is left out. */
    private static String javaVectors() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("-XX:UseAVX=") || argument.startsWith("-XX:UseSSE="))
                .sorted()
                .reduce((one, other) -> one + " " + other)
                .orElse("all that the processor has");
    }

    private static String nd4j() {
        String version = Nd4j.class.getPackage().getImplementationVersion();
        return version == null ? "1.0.0-M2.1" : version;
    }
}
