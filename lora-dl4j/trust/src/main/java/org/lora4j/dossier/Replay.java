/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.lora4j.adapter.Adapter;
import org.lora4j.dossier.ReplayVerdict.Outcome;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.TemporaryFolder;
import org.lora4j.train.CheckpointChain;
import org.lora4j.train.CheckpointRecord;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.RunReceipt;
import org.lora4j.train.StopReason;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.Receipt;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Trains again what a receipt says, and compares: receipt with receipt, and the adapter factor by factor. Within the envelope of the
 * receipt every bit has to be the same; outside of it values are compared within a tolerance, and the verdict says so. What differs is
 * named: examples, seed, plan, config, base, libraries.
 *
 * <pre>{@code
 * ReplayVerdict verdict = Replay.of(directory)
 *         .run(folder -> TextClassifier.builder(encoder).build().fit(train, validation).save(folder));
 * System.out.println(verdict);
 * }</pre>
 *
 * <p><b>Segments.</b> Of a long run whose {@link Checkpoints} were all kept, {@link #segments} trains some again: from one checkpoint to
 * the next, drawn by a seed. Each checkpoint names the hash of the one before, and the receipt names that of the last one, so that
 * none can be exchanged. The last segment is always one of them, and ends with what was saved. A run that is forged in one of the n
 * segments before it is found by k more with a probability of k/n; all of them are the whole run.
 *
 * <p><b>Costs.</b> Those of the run, or of the segments and, once, of what a fit does before its first step. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: experimental
 */
public final class Replay {

    /** Relative to the largest value of an array: what other instructions and other numbers of threads come to in a run. */
    static final double TOLERANCE = 1e-2;

    private final Path directory;

    /** Trains again what was trained. */
    @FunctionalInterface
    public interface Training {

        /**
         * Trains and saves.
         *
         * @param folder where to; it does not exist yet
         * @throws IOException if it cannot be saved
         */
        void saveTo(Path folder) throws IOException;
    }

    /** Trains a part of what was trained. */
    @FunctionalInterface
    public interface PartTraining {

        /**
         * Goes on from the checkpoint that is there, or starts if there is none, and saves. Called once for all segments: the trainer
         * takes them up one after the other, as the pieces of the checkpoints say.
         *
         * @param folder where to save; it does not exist yet
         * @param checkpoints for the builder of what trains, which is then told to resume
         * @throws IOException if it cannot be saved
         */
        void saveTo(Path folder, Checkpoints checkpoints) throws IOException;
    }

    private Replay(Path directory) {
        this.directory = directory;
    }

    /**
     * Starts a replay.
     *
     * @param directory where what was trained is saved, with its receipt
     * @return a replay
     */
    public static Replay of(Path directory) {
        return new Replay(Arguments.required(directory, "Replay.of: directory", "the directory of a save"));
    }

    /**
     * Trains again, and compares.
     *
     * @param training trains with the examples and settings of the run
     * @return the verdict, with its evidence
     * @throws AdapterFormatException if the directory has no receipt, or a receipt of something else than what is beside it
     * @throws IOException if files cannot be read or written
     */
    public ReplayVerdict run(Training training) throws IOException {
        Arguments.required(training, "Replay.run: training", "what trains and saves");
        Saved recorded = Saved.read(directory);
        try (TemporaryFolder temporary = TemporaryFolder.create()) {
            Path again = temporary.folder().resolve("replay");
            training.saveTo(again);
            return compared(recorded, Saved.read(again));
        }
    }

    /**
     * Trains some segments again, each from one checkpoint to the next, and compares what the later one holds: parameters, the
     * optimizer's state, losses, the place in the data. The last segment has to end with what was saved, too.
     *
     * <pre>{@code
     * ReplayVerdict verdict = Replay.of(directory)
     *         .segments(kept, 3, 42, (folder, checkpoints) -> TextClassifier.builder(encoder)
     *                 .checkpoints(checkpoints)
     *                 .build()
     *                 .resume(train, validation)
     *                 .save(folder));
     * }</pre>
     *
     * @param kept the directory of the run's checkpoints
     * @param count how many segments, the last one among them; all of them if there are fewer
     * @param seed which of the others
     * @param training trains with the examples and settings of the run
     * @return the verdict, with its evidence
     * @throws AdapterFormatException if the directory has no receipt, or a receipt of something else than what is beside it
     * @throws IllegalArgumentException if {@code count} is below 1, or no checkpoint is there
     * @throws IOException if files cannot be read or written
     */
    public ReplayVerdict segments(Path kept, int count, long seed, PartTraining training) throws IOException {
        Arguments.required(kept, "Replay.segments: kept", "the directory of the checkpoints");
        Arguments.required(training, "Replay.segments: training", "what trains and saves");
        Problems problems = new Problems();
        problems.atLeast("count", count, 1);
        problems.throwIfAny("Replay.segments");
        Saved recorded = Saved.read(directory);
        CheckpointChain chain = CheckpointChain.read(kept);
        List<String> forged = new ArrayList<>(chain.problems());
        requireLast(recorded, chain, forged);
        requireFirst(chain, forged);
        if (!forged.isEmpty()) {
            // What was exchanged is no run that could be trained again.
            return new ReplayVerdict(Outcome.DIFFERENT, forged, List.of(), Map.of(), 0, TOLERANCE, List.of());
        }
        return new ReplaySegments(chain, training).compare(recorded, count, seed);
    }

    /** The receipt has to name the last checkpoint, which has to hold what is beside it. */
    private static void requireLast(Saved recorded, CheckpointChain chain, List<String> forged) {
        if (chain.links().isEmpty()) {
            throw new IllegalArgumentException(
                    "Replay.segments: there is no checkpoint; expected those of the run, all kept by"
                            + " Checkpoints.in(directory).withKeep(...).");
        }
        Object named = recorded.receipt().run().get(RunReceipt.CHECKPOINT);
        CheckpointRecord last = chain.links().get(chain.links().size() - 1).record();
        if (!last.hash().equals(named)) {
            forged.add("the last checkpoint, of step " + last.step() + ", has the hash " + last.hash()
                    + ", and the receipt names " + MessageText.name(named) + ": they are of two runs");
        }
    }

    /** Without its start a run is not known as a whole, however well the rest fits. */
    private static void requireFirst(CheckpointChain chain, List<String> forged) {
        CheckpointRecord first = chain.links().get(0).record();
        first.before()
                .ifPresent(before -> forged.add("the first checkpoint, of step " + first.step() + ", names "
                        + MessageText.name(before)
                        + " as the one before it, which is not there: the start of the run was"
                        + " removed, or not kept"));
    }

    /** What a directory has. */
    record Saved(Receipt receipt, Map<String, INDArray> arrays) {

        static Saved read(Path directory) throws IOException {
            Path file = directory.resolve(Receipt.FILE);
            if (!Files.exists(directory.resolve("adapter_config.json"))) {
                return new Saved(Receipt.read(file), Map.of());
            }
            // Refuses a receipt of other tensors.
            Adapter adapter = Adapter.load(directory);
            Receipt receipt = adapter.receipt()
                    .orElseThrow(() -> new AdapterFormatException(MessageText.path(directory)
                            + ": there is no " + Receipt.FILE
                            + "; expected one, as it says what to repeat. Save what was"
                            + " trained with lora4j."));
            Map<String, INDArray> arrays = new TreeMap<>();
            adapter.modules()
                    .forEach((path, factors) ->
                            factors.forEach((suffix, array) -> arrays.put(path + "." + suffix, array)));
            arrays.putAll(adapter.savedParameters());
            return new Saved(receipt, arrays);
        }
    }

    private static ReplayVerdict compared(Saved recorded, Saved replayed) {
        Receipt one = recorded.receipt();
        Receipt other = replayed.receipt();
        List<String> envelope = envelope(one, other);
        List<String> inputs = inputs(one, other, !envelope.isEmpty());
        Map<String, Double> apart = apart(recorded.arrays(), replayed.arrays());
        boolean sameBits = one.hash(Receipt.TRAINED).equals(other.hash(Receipt.TRAINED));
        double most = apart.values().stream().mapToDouble(value -> value).max().orElse(0);
        Outcome outcome = Outcome.DIFFERENT;
        if (inputs.isEmpty() && sameBits) {
            outcome = Outcome.SAME_BITS;
        } else if (inputs.isEmpty() && !envelope.isEmpty() && !apart.isEmpty() && most <= TOLERANCE) {
            outcome = Outcome.SAME_WITHIN_TOLERANCE;
        }
        return new ReplayVerdict(outcome, inputs, envelope, apart, most, TOLERANCE, List.of());
    }

    /** What of the machine differs. */
    static List<String> envelope(Receipt one, Receipt other) {
        List<String> envelope = new ArrayList<>();
        differ("envelope", one.envelope(), other.envelope(), envelope);
        return envelope;
    }

    /**
     * What went in otherwise.
     *
     * @param elsewhere whether the machine is another one, where start values that were computed may differ by rounding
     */
    static List<String> inputs(Receipt one, Receipt other, boolean elsewhere) {
        List<String> inputs = new ArrayList<>();
        differ("task", one.task(), other.task(), inputs);
        for (String name : List.of(Receipt.BASE, Receipt.BASE_PARAMETERS, Receipt.TOKENIZER, Receipt.CHAT_TEMPLATE)) {
            differ(
                    name.replace('_', ' '),
                    one.hashes().get(name),
                    other.hashes().get(name),
                    inputs);
        }
        for (String part : List.of(Receipt.TRAIN, Receipt.VALIDATION)) {
            // A run that ended within its first epoch does not know all examples.
            if (!cutShort(other) || other.data().containsKey(part)) {
                examples(part, one.data().get(part), other.data().get(part), inputs);
            }
        }
        differ("seed", one.seed(), other.seed(), inputs);
        differ("config", one.config(), other.config(), inputs);
        differ("plan", plan(one, elsewhere), plan(other, elsewhere), inputs);
        differ("libraries", one.libraries(), other.libraries(), inputs);
        return inputs;
    }

    private static boolean cutShort(Receipt receipt) {
        return StopReason.INTERRUPTED.name().equals(receipt.result().get("stop_reason"));
    }

    private static Map<String, Object> plan(Receipt receipt, boolean elsewhere) {
        Map<String, Object> plan = new LinkedHashMap<>(receipt.plan());
        if (elsewhere) {
            plan.remove(RunReceipt.START);
        }
        return plan;
    }

    private static void examples(String part, DataHashes one, DataHashes other, List<String> differences) {
        if (one != null && other != null && !one.equals(other)) {
            differences.add(
                    one.anyOrder().equals(other.anyOrder())
                            ? "the examples of " + part + " are the same in another order"
                            : "the examples of " + part + " are others: " + one.examples() + " were recorded, "
                                    + other.examples() + " given, with another content");
        } else if (one == null != (other == null)) {
            differences.add("the part " + part + " is " + (one == null ? "new" : "missing"));
        }
    }

    private static void differ(String what, Object one, Object other, List<String> differences) {
        if (one instanceof Map<?, ?> before && other instanceof Map<?, ?> now) {
            TreeSet<String> names = new TreeSet<>();
            before.keySet().forEach(name -> names.add((String) name));
            now.keySet().forEach(name -> names.add((String) name));
            names.forEach(name -> differ(what + " " + name, before.get(name), now.get(name), differences));
        } else if (one == null ? other != null : !one.equals(other)) {
            differences.add("the " + what + " was " + MessageText.name(one) + " and is " + MessageText.name(other));
        }
    }

    /** For each array that differs, by how much, relative to its largest value. */
    static Map<String, Double> apart(Map<String, INDArray> one, Map<String, INDArray> other) {
        Map<String, Double> apart = new LinkedHashMap<>();
        TreeSet<String> names = new TreeSet<>(one.keySet());
        names.addAll(other.keySet());
        for (String name : names) {
            INDArray before = one.get(name);
            INDArray now = other.get(name);
            if (before == null || now == null || !Arrays.equals(before.shape(), now.shape())) {
                apart.put(name, Double.MAX_VALUE);
            } else if (!before.isEmpty()) {
                double largest = Math.max(
                        before.amaxNumber().doubleValue(), now.amaxNumber().doubleValue());
                double difference = before.sub(now).amaxNumber().doubleValue();
                if (difference > 0) {
                    apart.put(name, largest == 0 ? 0 : difference / largest);
                }
            }
        }
        return apart;
    }
}
