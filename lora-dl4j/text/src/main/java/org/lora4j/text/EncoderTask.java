/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.error.Silence;
import org.lora4j.internal.text.EncodedInputs;
import org.lora4j.internal.text.EncodedText;
import org.lora4j.internal.text.FitEncoder;
import org.lora4j.internal.text.HeadInputs;
import org.lora4j.internal.text.LabeledRows;
import org.lora4j.internal.text.LinearHead;
import org.lora4j.internal.text.TaskEvidence;
import org.lora4j.internal.text.TaskFiles;
import org.lora4j.internal.text.TaskFit;
import org.lora4j.internal.text.TaskModel;
import org.lora4j.internal.text.Tuning;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.train.Batch;
import org.lora4j.train.Progress;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.ExamplePreview;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.PreflightRule;

/**
 * A task over an encoder of texts or of images: what its kinds have in common. It is made by the builder of its class, learns by
 * {@code fit}, or is read from a directory by the {@code load} of its class.
 *
 * <p><b>State.</b> Before {@code fit} there is nothing to predict with. A fit that fails leaves what was there before.
 *
 * <p><b>Threads.</b> Predictions, evaluations and saving may run in many threads at once. One fit at a time, during which
 * predictions are those of before. The state of {@link #model} must not change while others predict.
 *
 * @param <I> an input
 * @param <E> an example to learn from
 * @param <P> a prediction
 * @param <R> an evaluation
 * @param <T> the task itself
 * @apiNote Status: stable
 */
public abstract class EncoderTask<I, E, P, R, T extends EncoderTask<I, E, P, R, T>> extends TunedEncoder<E, T> {

    private static final double NANOS = 1e9;

    private final ExampleSpec<I, E, P, R> spec;
    private final TaskInputs<I, E> inputs;

    private volatile Fitted<I, E, P> fitted;

    /** What is there after a fit or a load; no report where a directory had none. */
    record Fitted<I, E, P>(
            FitEncoder parts,
            TaskModel model,
            Targets<I, E, P> targets,
            TextFitReport report,
            Optional<TaskEvidence> evidence)
            implements Tuned {}

    /**
     * For the class of a task.
     *
     * @param settings how it learns
     * @param head the module that holds its head
     */
    EncoderTask(
            EncoderTaskBuilder<?, T> settings,
            ExampleSpec<I, E, P, R> spec,
            TaskInputs<I, E> inputs,
            String head,
            Class<?> logged) {
        super(settings.options(inputs.words().taskType(), head), logged);
        this.spec = spec;
        this.inputs = inputs;
    }

    /** Takes up what was read. */
    final void take(Fitted<I, E, P> read) {
        fitted = read;
    }

    /** What the head tells that the task begins with, if examples ask for just that; empty if there is none. */
    Optional<Targets<I, E, P>> own(List<E> train) {
        return Optional.empty();
    }

    /** The last layer of the head that learning goes on from; empty if a new one learns. */
    Optional<LinearHead> start(Targets<I, E, P> targets, List<E> train) {
        return Optional.empty();
    }

    /** What there is to say of encoder and head. */
    List<String> encoderNotes(Targets<I, E, P> targets, Optional<LinearHead> start) {
        return List.of();
    }

    /** What is found in examples of this kind, beside what is looked for in all. */
    Preflight found(
            Preflight so,
            CheckedExamples<E> train,
            CheckedExamples<E> validation,
            Targets<I, E, P> targets,
            List<EncodedText> encoded,
            List<EncodedText> held) {
        return so;
    }

    /** What the task tells without any fit; null if nothing. */
    Fitted<I, E, P> asRead() {
        return null;
    }

    @Override
    final String trainedInstead(Tuned now) {
        return now.model().tuning() != Tuning.FULL && now.report() == null && isOfCheckpoint()
                ? "nothing was trained since the checkpoint was read"
                : super.trainedInstead(now);
    }

    /** Whether the task begins with the head of a checkpoint. */
    boolean isOfCheckpoint() {
        return false;
    }

    @Override
    final CheckedExamples<E> checked(
            List<E> examples, String where, boolean skipEmpty, Problems problems, List<String> notes) {
        return CheckedExamples.of(spec, inputs, examples, where, skipEmpty, problems, notes);
    }

    @Override
    final Function<E, Object> strata(CheckedExamples<E> all) {
        Targets<I, E, P> targets = targets(all, CheckedExamples.part("validation", List.of()));
        return example -> group(example, targets);
    }

    private Object group(E example, Targets<I, E, P> targets) {
        // A value, not its hash: those of ones among zeros repeat after 16 labels.
        if (targets.head() != TaskExporter.Head.ONE_CLASS) {
            return 0;
        }
        // Labels cost no tokens; a task of another program may have none.
        List<String> labels = spec.labels(example);
        if (!labels.isEmpty()) {
            return labels;
        }
        Progress.Stage silent = Progress.none().stage("", inputs.words().preparation(), 0);
        try (EncodedInputs one = inputs.encoded(inputs.toFit(), List.of(spec.input(example)), false, name(), silent)) {
            return FloatBuffer.wrap(targets.encode(example, one.tokens().get(0)));
        }
    }

    @Override
    final synchronized void learn(
            boolean resumed, CheckedExamples<E> learned, CheckedExamples<E> held, boolean taken, List<String> noted) {
        requireOpen();
        long start = System.nanoTime();
        Progress progress = options().fit().progress(name() + ".fit");
        Targets<I, E, P> targets = targets(learned, held);
        List<E> train = learned.examples();
        List<E> validation = held.examples();
        FitEncoder parts = inputs.toFit();
        Progress.Stage prepared =
                progress.stage(inputs.words().preparation(), parts.inputs(), train.size() + validation.size());
        Fitted<I, E, P> before = fitted;
        try (EncodedInputs rows = inputs.encoded(parts, inputsOf(train), true, name(), prepared);
                EncodedInputs heldRows = inputs.encoded(parts, inputsOf(validation), false, name(), prepared)) {
            List<EncodedText> encoded = encode(train, targets, rows);
            List<EncodedText> encodedHeld = encode(validation, targets, heldRows);
            List<String> notes = new ArrayList<>(noted);
            notes.addAll(targets.notes());
            Optional<LinearHead> own = start(targets, train);
            notes.addAll(encoderNotes(targets, own));
            Preflight preflight = preflight(learned, held, targets, encoded, encodedHeld);
            preflight.require(name() + ".fit");
            notes.addAll(preflight.notes());
            if (before != null && before.model().tuning() != Tuning.HEAD_ONLY) {
                notes.add(inputs.startsAnew());
            }
            if (!Silence.isKept()) {
                warn("", notes);
            }
            TaskFit.Outcome outcome = TaskFit.fit(
                    parts,
                    new TargetHead(name(), targets, i -> shown(validation.get(i), targets)),
                    options().resuming(resumed),
                    own,
                    encoded,
                    encodedHeld,
                    taken,
                    progress);
            TextFitReport report = new TextFitReport(
                    train.size(),
                    validation.size(),
                    options().fit().learningRate(),
                    outcome.cost(),
                    targets.metric(),
                    targets.higherIsBetter(),
                    validation.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(outcome.headScore()),
                    outcome.score(),
                    outcome.startKept(),
                    outcome.gain(),
                    outcome.training(),
                    notes,
                    (System.nanoTime() - start) / NANOS);
            if (!progress.isNone()) {
                say(report);
            }
            TaskEvidence evidence = evidence(
                    inputs.words().task(),
                    outcome.model(),
                    options().planWithHead(!validation.isEmpty(), parts.head()),
                    report,
                    hashes(train, encoded),
                    hashes(validation, encodedHeld));
            fitted = new Fitted<>(parts, outcome.model(), targets, report, Optional.of(evidence));
        }
        if (before != null) {
            before.model().close();
        }
    }

    private List<I> inputsOf(List<E> examples) {
        return examples.stream().map(spec::input).toList();
    }

    /** An example as people read it. */
    private String shown(E example, Targets<I, E, P> targets) {
        return inputs.shown(example, targets).parts().stream()
                .map(ExamplePreview.Part::text)
                .collect(Collectors.joining());
    }

    private DataHashes hashes(List<E> examples, List<EncodedText> encoded) {
        DataHashes.Gathering gathering = new DataHashes.Gathering();
        for (int i = 0; i < examples.size(); i++) {
            inputs.hash(spec.input(examples.get(i)), gathering);
            for (float value : encoded.get(i).target()) {
                gathering.number(Float.floatToRawIntBits(value));
            }
            gathering.end();
        }
        return gathering.hashes();
    }

    /** The targets of the training part, after everything that is wrong with either part was told. */
    private Targets<I, E, P> targets(CheckedExamples<E> train, CheckedExamples<E> validation) {
        Problems problems = new Problems();
        problems.check(!train.examples().isEmpty(), "no examples to learn from, expected some of each kind");
        problems.throwIfAny(name() + ".fit");
        Targets<I, E, P> targets = own(train.examples()).orElseGet(() -> spec.targets(train.examples()));
        train.check(targets, problems);
        validation.check(targets, problems);
        problems.throwIfAny(name() + ".fit");
        return targets;
    }

    private List<EncodedText> encode(List<E> examples, Targets<I, E, P> targets, EncodedInputs rows) {
        List<TokenizedText> tokens = rows.tokens();
        List<EncodedText> encoded = new ArrayList<>();
        for (int i = 0; i < tokens.size(); i++) {
            float[] target = targets.encode(examples.get(i), tokens.get(i));
            int numbers = targets.names().size()
                    * (targets.head() == TaskExporter.Head.TAGS ? tokens.get(i).length() : 1);
            if (target.length != numbers) {
                throw new IllegalStateException(name() + ": the target of an example has " + target.length
                        + " numbers; expected " + numbers + ", one for each name of its targets.");
            }
            encoded.add(new EncodedText(tokens.get(i), target));
        }
        return encoded;
    }

    /** What is found in the examples, before anything is computed with them. */
    private Preflight preflight(
            CheckedExamples<E> train,
            CheckedExamples<E> validation,
            Targets<I, E, P> targets,
            List<EncodedText> encoded,
            List<EncodedText> held) {
        Preflight found = options().fit().preflight();
        if (options().tuning() == Tuning.HEAD_ONLY) {
            found = found.without(PreflightRule.RATE_OF_ANOTHER_KIND);
        }
        found = found(found, train, validation, targets, encoded, held);
        found = CheckedExamples.inBothParts(
                found,
                train,
                validation,
                example -> inputs.identity(spec.input(example)),
                inputs.toFit().inputs());
        return showing(found, train, example -> inputs.shown(example, targets));
    }

    @Override
    final Function<E, ExamplePreview.Example> shown(CheckedExamples<E> all) {
        Fitted<I, E, P> now = fitted;
        Targets<I, E, P> targets =
                now == null ? targets(all, CheckedExamples.part("validation", List.of())) : now.targets();
        return example -> inputs.shown(example, targets);
    }

    /**
     * Predicts for one input.
     *
     * @param input the input
     * @return the prediction
     * @throws IllegalStateException if nothing was learned yet, or this task or its encoder is closed
     * @throws IllegalArgumentException if the input is null or empty
     */
    public P predict(I input) {
        return predict(List.of(Objects.requireNonNull(
                        input,
                        name() + ".predict: input is null; expected "
                                + inputs.words().one())))
                .get(0);
    }

    /**
     * Predicts for many inputs at once, which is several times faster than one after the other.
     *
     * @param inputs the inputs
     * @return a prediction for each, in their order
     * @throws IllegalStateException as {@link #predict(Object)}
     * @throws IllegalArgumentException if an input is null or empty; the message lists them
     */
    public List<P> predict(List<? extends I> inputs) {
        return predict(inputs, "predict");
    }

    private List<P> predict(List<? extends I> all, String call) {
        Arguments.required(
                all, name() + ".predict: inputs", "a list of " + inputs.toFit().inputs());
        Fitted<I, E, P> now = requireFitted(call);
        List<TokenizedText> tokens = new ArrayList<>();
        float[][] logits = logits(now, all, call, tokens);
        List<P> predictions = new ArrayList<>();
        for (int i = 0; i < logits.length; i++) {
            predictions.add(now.targets().decode(all.get(i), tokens.get(i), logits[i]));
        }
        return predictions;
    }

    /** The numbers of the head as they are. */
    final float[][] logits(List<? extends I> all, String call) {
        return logits(requireFitted(call), all, call, new ArrayList<>());
    }

    private float[][] logits(Fitted<I, E, P> now, List<? extends I> all, String call, List<TokenizedText> tokens) {
        Problems problems = new Problems();
        CheckedExamples.<I>checkInputs("input", all, inputs, problems);
        problems.throwIfAny(name() + ".predict");
        Progress progress = options().fit().progress(name() + "." + call);
        String kind = now.parts().inputs();
        Progress.Stage prepared = progress.stage(inputs.words().preparation(), kind, all.size());
        try (EncodedInputs rows = inputs.encoded(now.parts(), all, false, name() + ".predict", prepared)) {
            tokens.addAll(rows.tokens());
            return now.model().outputs(tokens, progress.stage("", kind, tokens.size()));
        }
    }

    /**
     * Compares predictions with what is true.
     *
     * @param examples the examples, none of them learned from
     * @return the numbers
     * @throws IllegalStateException as {@link #predict(Object)}
     * @throws IllegalArgumentException if there is no example, one is null, an input or label is empty, or a label or tag is none that
     *     was learned; the message lists every problem with its examples
     */
    public R evaluate(List<E> examples) {
        Arguments.required(examples, name() + ".evaluate: examples", "a list of examples");
        List<String> notes = new ArrayList<>();
        CheckedExamples<E> known = known(examples, "evaluate", options().skipEmpty(), notes);
        warn(".evaluate", notes);
        if (known.examples().isEmpty()) {
            throw new IllegalArgumentException(name() + ".evaluate: no examples; expected one or more.");
        }
        return spec.evaluate(known.examples(), predict(inputsOf(known.examples()), "evaluate"));
    }

    /** Examples with labels that this task knows. */
    private CheckedExamples<E> known(List<E> examples, String call, boolean skipEmpty, List<String> notes) {
        Targets<I, E, P> targets = learned(call);
        CheckedExamples<E> checked = checked(examples, "examples", call, skipEmpty, notes);
        Problems problems = new Problems();
        checked.check(targets, problems);
        problems.throwIfAny(name() + "." + call);
        return checked;
    }

    @Override
    final Map<String, Object> saved(Tuned now) {
        Fitted<I, E, P> own = of(now);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("task", inputs.words().task());
        fields.putAll(inputs.saved(own.parts()));
        fields.putAll(own.targets().description());
        return fields;
    }

    @Override
    final String description() {
        return inputs.words().description();
    }

    @Override
    final TaskModel readBack(Path directory, Map<String, Object> fields, Tuned now) throws IOException {
        Fitted<I, E, P> own = of(now);
        return TaskFiles.load(directory, fields, own.parts(), new TargetHead(name(), own.targets()), true);
    }

    @Override
    final void export(String where, Path directory, Tuned now) throws IOException {
        inputs.export(where, directory, now.model().parameters(), of(now).targets());
    }

    @Override
    final Map<String, String> hashes() {
        return inputs.hashes();
    }

    /** What {@link #tuned} gave. */
    @SuppressWarnings("unchecked")
    private Fitted<I, E, P> of(Tuned now) {
        return (Fitted<I, E, P>) now;
    }

    /**
     * Examples as {@link #model} learns from them, each a batch of its own, in their order: for what asks for the loss or the
     * gradient of one example, such as an advisor or the influence of examples to learn from.
     *
     * @param examples the examples
     * @return a batch for each; its arrays are the caller's
     * @throws IllegalStateException as {@link #predict(Object)}
     * @throws IllegalArgumentException if an example is null, empty or none that this task has learned to tell; the message
     *     lists every problem
     */
    public List<Batch> batches(List<E> examples) {
        Arguments.required(examples, name() + ".batches: examples", "a list of examples");
        Fitted<I, E, P> now = requireFitted("batches");
        // None is left out, as there is a batch for each; nothing is said, as this is asked for each example again.
        List<E> known = known(examples, "batches", false, new ArrayList<>()).examples();
        Progress.Stage silent = Progress.none().stage("", now.parts().inputs(), 0);
        try (EncodedInputs rows = inputs.encoded(now.parts(), inputsOf(known), false, name(), silent)) {
            return LabeledRows.single(
                    encode(known, now.targets(), rows), new TargetHead(name(), now.targets()), now.parts());
        }
    }

    /** Examples as a fit encodes them; for inputs that are their tokens, as nothing else of them is kept. */
    final List<EncodedText> encodedToLearn(List<E> examples, String call) {
        Fitted<I, E, P> now = requireFitted(call);
        List<E> known =
                known(examples, call, options().skipEmpty(), new ArrayList<>()).examples();
        Progress.Stage silent = Progress.none().stage("", now.parts().inputs(), 0);
        try (EncodedInputs rows = inputs.encoded(now.parts(), inputsOf(known), true, name(), silent)) {
            return encode(known, now.targets(), rows);
        }
    }

    /**
     * The vectors of the frozen encoder that a head begins with, which advisors look at.
     *
     * @param all the inputs
     * @param progress of the work that this is part of; {@code Progress.none()} for silence
     * @return for each input its vector
     * @throws IllegalStateException if this task or its encoder is closed
     * @throws IllegalArgumentException if an input is null or empty; the message lists them
     */
    public float[][] embed(List<? extends I> all, Progress progress) {
        Arguments.required(all, name() + ".embed: all", "a list of inputs");
        Arguments.required(progress, name() + ".embed: progress", "a Progress, Progress.none() for silence");
        requireOpen();
        Problems problems = new Problems();
        CheckedExamples.<I>checkInputs("input", all, inputs, problems);
        problems.throwIfAny(name() + ".embed");
        FitEncoder parts = inputs.toFit();
        Progress.Stage prepared = progress.stage(inputs.words().preparation(), parts.inputs(), all.size());
        try (EncodedInputs rows = inputs.encoded(parts, all, false, name() + ".embed", prepared)) {
            return HeadInputs.vectors(parts, rows.tokens(), progress);
        }
    }

    /**
     * What tells this kind of task from the others.
     *
     * @return what an example consists of, and how predictions are judged
     */
    public ExampleSpec<I, E, P, R> spec() {
        return spec;
    }

    /**
     * What was learned to tell, for results that only one kind of task has.
     *
     * @param call the call that asks, for messages
     * @return the targets
     * @throws IllegalStateException if nothing was learned yet, or this task is closed
     */
    protected final Targets<I, E, P> learned(String call) {
        return requireFitted(call).targets();
    }

    /** What is there to predict with. */
    final Fitted<I, E, P> requireFitted(String call) {
        return of(requireTuned(call));
    }

    @Override
    final Fitted<I, E, P> tuned() {
        return fitted != null ? fitted : readOnce();
    }

    private synchronized Fitted<I, E, P> readOnce() {
        if (fitted == null) {
            fitted = asRead();
        }
        return fitted;
    }

    @Override
    final void closeModel() {
        Fitted<I, E, P> now = fitted;
        if (now != null) {
            now.model().close();
        }
    }

    @Override
    final void closeEncoder() {
        inputs.closeEncoder();
    }
}
