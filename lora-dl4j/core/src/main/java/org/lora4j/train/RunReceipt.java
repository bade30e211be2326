/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    /** Among the words of the plan, the hash of the values that a run of a trainer alone began with. */
    public static final String START = "start";
    /** In the part of a receipt that no hash covers, the hash of the last checkpoint. */
    public static final String CHECKPOINT = "checkpoint";
    /** The step of that checkpoint. */
    public static final String CHECKPOINT_STEP = "checkpoint_step";

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
        return new Receipt(
                task,
                hashes,
                data,
                config,
                report.training().isPresent() ? words(plan) : Map.of(),
                seed,
                result(report),
                isJudged(report) ? List.of(CHANGED) : List.of(),
                libraries(),
                envelope(report.training()),
                run(report.training(), report.seconds()));
    }

    /** The receipt of a run of a trainer alone, which knows of no validation part, and judges nobody. */
    static Receipt of(
            String task,
            Map<String, String> hashes,
            Map<String, DataHashes> data,
            Map<String, Object> config,
            RunEvidence evidence) {
        TrainingResult training = evidence.result();
        Map<String, Object> plan = words(evidence.plan());
        plan.put(START, evidence.start());
        Map<String, Object> result = new LinkedHashMap<>();
        put(training, result);
        training.bestEpoch().ifPresent(epoch -> result.put("best_epoch", epoch));
        training.bestMetric().ifPresent(metric -> put(result, "best_metric", metric));
        result.put("best_restored", training.bestRestored());
        List<String> unchanged = training.unchangedModules();
        if (!unchanged.isEmpty()) {
            result.put("unchanged", unchanged);
        }
        double seconds =
                training.epochs().stream().mapToDouble(EpochReport::seconds).sum();
        return new Receipt(
                task,
                hashes,
                data,
                config,
                plan,
                evidence.plan().seed(),
                result,
                unchanged.isEmpty() && training.stopReason() != StopReason.INTERRUPTED ? List.of(CHANGED) : List.of(),
                libraries(),
                envelope(Optional.of(training)),
                run(Optional.of(training), seconds));
    }

    private static Map<String, Object> words(TrainingPlan plan) {
        Map<String, Object> words = new LinkedHashMap<>();
        plan.words()
                .forEach((name, value) ->
                        words.put(name, ADDRESS.matcher(String.valueOf(value)).replaceAll("")));
        return words;
    }

    private static Map<String, Object> libraries() {
        return Map.of("lora4j", LibraryVersion.LORA4J, "nd4j", nd4j());
    }

    /** Times, and the last checkpoint: when one is written depends on the time. */
    private static Map<String, Object> run(Optional<TrainingResult> training, double seconds) {
        Map<String, Object> run = new LinkedHashMap<>();
        run.put("step_seconds", seconds);
        training.flatMap(TrainingResult::checkpoint).ifPresent(checkpoint -> {
            run.put(CHECKPOINT_STEP, checkpoint.step());
            run.put(CHECKPOINT, checkpoint.hash());
        });
        return run;
    }

    private static void put(TrainingResult training, Map<String, Object> result) {
        result.put("stop_reason", training.stopReason().name());
        result.put("steps", training.steps());
        result.put("epochs", training.epochs().size());
        put(result, "highest_rate", training.highestRate());
        if (!training.losses().isEmpty()) {
            put(result, "first_loss", training.losses().get(0));
            put(result, "last_loss", training.losses().get(training.losses().size() - 1));
        }
    }

    private static Map<String, Object> result(FitReport report) {
        Map<String, Object> result = new LinkedHashMap<>();
        report.training().ifPresent(training -> put(training, result));
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
    private static Map<String, Object> envelope(Optional<TrainingResult> training) {
        Map<String, Object> envelope = new LinkedHashMap<>();
        envelope.put("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
        envelope.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        envelope.put("java_vectors", javaVectors());
        envelope.put("processors", Runtime.getRuntime().availableProcessors());
        envelope.put("native_threads", Nd4j.getEnvironment().maxThreads());
        training.map(TrainingResult::computation).ifPresent(computation -> {
            envelope.put("products", computation.products());
            envelope.put("parts", computation.parting().count());
            envelope.put("most_parts", computation.mostParts());
        });
        return envelope;
    }

    /** Up to which instructions the Java compiler goes on this processor; a machine that does not tell has all that its processor has. */
    private static String javaVectors() {
        HotSpotDiagnosticMXBean machine = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        List<String> found = new ArrayList<>();
        for (String option : machine == null ? List.<String>of() : List.of("UseAVX", "UseSSE", "UseSVE")) {
            try {
                found.add(option + "=" + machine.getVMOption(option).getValue());
            } catch (IllegalArgumentException e) {
                // One of another kind of processor.
                continue;
            }
        }
        return found.isEmpty() ? "all that the processor has" : String.join(" ", found);
    }

    private static String nd4j() {
        String version = Nd4j.class.getPackage().getImplementationVersion();
        return version == null ? "1.0.0-M2.1" : version;
    }
}
