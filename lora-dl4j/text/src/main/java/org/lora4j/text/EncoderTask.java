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
import java.util.stream.Collectors;
import org.lora4j.adapter.Adapter;
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
import org.lora4j.internal.text.TextOptions;
import org.lora4j.internal.text.Tuning;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.lora4j.train.Holdout;
import org.lora4j.train.Progress;
import org.lora4j.train.RunReceipt;
import org.lora4j.train.TrainingPlan;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.ExamplePreview;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.PreflightRule;
import org.lora4j.trust.Receipt;
import org.lora4j.weights.ModelWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
public abstract class EncoderTask<I, E, P, R, T extends EncoderTask<I, E, P, R, T>> implements AutoCloseable {

    private static final double NANOS = 1e9;
    private static final String RESUME = "resume";

    private final Logger log;
    private final String name = getClass().getSimpleName();
    private final ExampleSpec<I, E, P, R> spec;
    private final TaskInputs<I, E> inputs;
    private final TextOptions options;

    private volatile Fitted<I, E, P> fitted;
    private volatile boolean closed;
    private boolean ownsEncoder;

    /** What is there after a fit or a load; no report where a directory had none. */
    record Fitted<I, E, P>(
            FitEncoder parts,
            TaskModel model,
            Targets<I, E, P> targets,
            TextFitReport report,
            Optional<TaskEvidence> evidence) {}

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
        this.spec = spec;
        this.inputs = inputs;
        this.options = settings.options(inputs.words().taskType(), head);
        this.log = LoggerFactory.getLogger(logged);
    }

    /**
     * The task itself.
     *
     * @return this
     */
    protected abstract T self();

    /** The name of the task's class. */
    final String name() {
        return name;
    }

    /** How it learns. */
    final TextOptions options() {
        return options;
    }

    /** Takes up what was read. */
    final void take(Fitted<I, E, P> read) {
        fitted = read;
    }

    /** Closes the encoder with the task. */
    final void ownEncoder() {
        ownsEncoder = true;
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

    /** Behind "nothing was learned yet", why that may be so. */
    String whyNothing() {
        return "";
    }

    /** What was trained, where there is no adapter. */
    private String trainedInstead(Fitted<I, E, P> now) {
        if (now.model().tuning() == Tuning.FULL) {
            return "all weights were trained";
        }
        return now.report() == null && isOfCheckpoint()
                ? "nothing was trained since the checkpoint was read"
                : "the head alone was trained";
    }

    /** Whether the task begins with the head of a checkpoint. */
    boolean isOfCheckpoint() {
        return false;
    }

    /**
     * Learns; a part of the examples is kept back to choose the head's cost and the best epoch by, as {@code validationFraction} of the
     * builder says.
     *
     * @param train the examples
     * @return this
     * @throws IllegalArgumentException if there is no example, an input is empty, an example is none that this task can learn, or
     *     there is nothing to tell apart: a single label or tag, one number, equal relevance; the message lists every problem
     */
    public T fit(List<E> train) {
        return learnAll("fit", train);
    }

    /**
     * Learns.
     *
     * @param train the examples to learn from
     * @param validation the examples to choose the head's cost and the best epoch by; none of them in {@code train}, which is
     *     told in the {@link #report}
     * @return this
     * @throws IllegalArgumentException as {@link #fit(List)}, and if {@code validation} is empty or has a label or tag that
     *     {@code train} does not have
     */
    public T fit(List<E> train, List<E> validation) {
        return learnGiven("fit", train, validation);
    }

    /**
     * Goes on with the run of {@link #fit(List)} from its latest checkpoint, or starts it if there is none.
     *
     * @param train the same examples
     * @return this
     * @throws IllegalArgumentException as {@link #fit(List)}, and if the checkpoint is of another plan or model
     * @throws IllegalStateException without {@code checkpoints} of the builder
     */
    public T resume(List<E> train) {
        requireCheckpoints();
        return learnAll(RESUME, train);
    }

    /**
     * Goes on with the run of {@link #fit(List, List)} from its latest checkpoint, or starts it if there is none. With the same
     * examples, settings and encoder the end is the same to the bit, as far as the steps go; a head that learned alone is solved again.
     *
     * @param train the same examples
     * @param validation the same examples to choose by
     * @return this
     * @throws IllegalArgumentException as {@link #fit(List, List)}, and if the checkpoint is of another plan or model
     * @throws IllegalStateException without {@code checkpoints} of the builder
     */
    public T resume(List<E> train, List<E> validation) {
        requireCheckpoints();
        return learnGiven(RESUME, train, validation);
    }

    private void requireCheckpoints() {
        if (options.run().checkpoints().isEmpty()) {
            throw new IllegalStateException(name + ".resume: there are no checkpoints to go on from; expected"
                    + " checkpoints(Checkpoints.in(directory)) on the builder. Set it for fit as well.");
        }
    }

    private T learnAll(String call, List<E> train) {
        Objects.requireNonNull(train, name + "." + call + ": train is null; expected a list of examples");
        List<String> notes = new ArrayList<>();
        CheckedExamples<E> all = checked(train, "train", call, options.skipEmpty(), notes);
        Targets<I, E, P> targets = targets(all, CheckedExamples.part("validation", List.of()));
        Holdout.Split<E> split = options.fit().holdout().of(all.examples(), example -> group(example, targets));
        learn(
                call,
                CheckedExamples.part("train", split.train()),
                CheckedExamples.part("validation", split.validation()),
                true,
                notes);
        return self();
    }

    private T learnGiven(String call, List<E> train, List<E> validation) {
        Objects.requireNonNull(train, name + "." + call + ": train is null; expected a list of examples");
        Objects.requireNonNull(
                validation,
                name + "." + call + ": validation is null; expected a list of examples. " + call
                        + "(train) makes one.");
        List<String> notes = new ArrayList<>();
        Problems problems = new Problems();
        CheckedExamples<E> learned =
                CheckedExamples.of(spec, inputs, train, "train", options.skipEmpty(), problems, notes);
        CheckedExamples<E> held =
                CheckedExamples.of(spec, inputs, validation, "validation", options.skipEmpty(), problems, notes);
        problems.throwIfAny(name + "." + call);
        if (held.examples().isEmpty()) {
            throw new IllegalArgumentException(
                    name + "." + call + ": the validation part is empty; expected examples to choose by,"
                            + " none of them in the training part. " + call + "(train) makes one.");
        }
        learn(call, learned, held, false, notes);
        return self();
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
        try (EncodedInputs one = inputs.encoded(inputs.toFit(), List.of(spec.input(example)), false, name, silent)) {
            return FloatBuffer.wrap(targets.encode(example, one.tokens().get(0)));
        }
    }

    private synchronized void learn(
            String call, CheckedExamples<E> learned, CheckedExamples<E> held, boolean taken, List<String> noted) {
        requireOpen();
        long start = System.nanoTime();
        Progress progress = options.fit().progress(name + ".fit");
        Targets<I, E, P> targets = targets(learned, held);
        List<E> train = learned.examples();
        List<E> validation = held.examples();
        FitEncoder parts = inputs.toFit();
        Progress.Stage prepared =
                progress.stage(inputs.words().preparation(), parts.inputs(), train.size() + validation.size());
        Fitted<I, E, P> before = fitted;
        try (EncodedInputs rows = inputs.encoded(parts, inputsOf(train), true, name, prepared);
                EncodedInputs heldRows = inputs.encoded(parts, inputsOf(validation), false, name, prepared)) {
            List<EncodedText> encoded = encode(train, targets, rows);
            List<EncodedText> encodedHeld = encode(validation, targets, heldRows);
            List<String> notes = new ArrayList<>(noted);
            notes.addAll(targets.notes());
            Optional<LinearHead> own = start(targets, train);
            notes.addAll(encoderNotes(targets, own));
            Preflight preflight = preflight(learned, held, targets, encoded, encodedHeld);
            preflight.require(name + ".fit");
            notes.addAll(preflight.notes());
            if (before != null && before.model().tuning() != Tuning.HEAD_ONLY) {
                notes.add(inputs.startsAnew());
            }
            if (!Silence.isKept()) {
                notes.forEach(note -> log.warn("{}: {}", name, note));
            }
            TaskFit.Outcome outcome = TaskFit.fit(
                    parts,
                    new TargetHead(name, targets, i -> shown(validation.get(i), targets)),
                    options.resuming(call.equals(RESUME)),
                    own,
                    encoded,
                    encodedHeld,
                    taken,
                    progress);
            TextFitReport report = new TextFitReport(
                    train.size(),
                    validation.size(),
                    options.fit().learningRate(),
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
                log.info("{}: {}", name, report.line());
            }
            TaskEvidence evidence =
                    evidence(parts, outcome.model(), report, hashes(train, encoded), hashes(validation, encodedHeld));
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

    /** Checks what a fit gave, and takes note of it for a receipt. */
    private TaskEvidence evidence(
            FitEncoder parts, TaskModel model, TextFitReport report, DataHashes train, DataHashes validation) {
        TrainingPlan plan = options.planWithHead(validation.examples() > 0, parts.head());
        try {
            RunReceipt.requireChanged(name + ".fit", plan, report);
        } catch (IllegalStateException e) {
            model.close();
            throw e;
        }
        Map<String, DataHashes> data = new LinkedHashMap<>();
        data.put(Receipt.TRAIN, train);
        if (validation.examples() > 0) {
            data.put(Receipt.VALIDATION, validation);
        }
        return TaskEvidence.of(
                inputs.words().task(),
                model,
                inputs::hashes,
                data,
                plan,
                options.fit().seed(),
                report);
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
        problems.throwIfAny(name + ".fit");
        Targets<I, E, P> targets = own(train.examples()).orElseGet(() -> spec.targets(train.examples()));
        train.check(targets, problems);
        validation.check(targets, problems);
        problems.throwIfAny(name + ".fit");
        return targets;
    }

    /** Looks through a list by itself. */
    private CheckedExamples<E> checked(
            List<E> examples, String where, String call, boolean skipEmpty, List<String> notes) {
        Problems problems = new Problems();
        CheckedExamples<E> checked = CheckedExamples.of(spec, inputs, examples, where, skipEmpty, problems, notes);
        problems.throwIfAny(name + "." + call);
        return checked;
    }

    private List<EncodedText> encode(List<E> examples, Targets<I, E, P> targets, EncodedInputs rows) {
        List<TokenizedText> tokens = rows.tokens();
        List<EncodedText> encoded = new ArrayList<>();
        for (int i = 0; i < tokens.size(); i++) {
            float[] target = targets.encode(examples.get(i), tokens.get(i));
            int numbers = targets.names().size()
                    * (targets.head() == TaskExporter.Head.TAGS ? tokens.get(i).length() : 1);
            if (target.length != numbers) {
                throw new IllegalStateException(name + ": the target of an example has " + target.length
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
        Preflight found = options.fit().preflight();
        if (options.tuning() == Tuning.HEAD_ONLY) {
            found = found.without(PreflightRule.RATE_OF_ANOTHER_KIND);
        }
        found = found(found, train, validation, targets, encoded, held);
        found = CheckedExamples.inBothParts(
                found,
                train,
                validation,
                example -> inputs.identity(spec.input(example)),
                inputs.toFit().inputs());
        return found.showing(
                TextPreview.of(train.examples(), 3, example -> inputs.shown(example, targets)).examples().stream()
                        .map(Object::toString)
                        .toList());
    }

    /**
     * Shows examples as the model gets them, with what is learned of them, before anything is trained.
     *
     * @param examples the examples
     * @param count how many are shown at most, the first ones; 1 or more
     * @return the first examples, for a terminal or as a page
     * @throws IllegalArgumentException as {@link #fit(List)}
     */
    public ExamplePreview preview(List<E> examples, int count) {
        Arguments.required(examples, name + ".preview: examples", "a list of examples");
        Problems problems = new Problems();
        problems.atLeast("count", count, 1);
        problems.throwIfAny(name + ".preview");
        requireOpen();
        CheckedExamples<E> all = checked(examples, "examples", "preview", options.skipEmpty(), new ArrayList<>());
        Fitted<I, E, P> now = fitted;
        Targets<I, E, P> targets =
                now == null ? targets(all, CheckedExamples.part("validation", List.of())) : now.targets();
        return TextPreview.of(all.examples(), count, example -> inputs.shown(example, targets));
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
                        name + ".predict: input is null; expected "
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
                all, name + ".predict: inputs", "a list of " + inputs.toFit().inputs());
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
        problems.throwIfAny(name + ".predict");
        Progress progress = options.fit().progress(name + "." + call);
        String kind = now.parts().inputs();
        Progress.Stage prepared = progress.stage(inputs.words().preparation(), kind, all.size());
        try (EncodedInputs rows = inputs.encoded(now.parts(), all, false, name + ".predict", prepared)) {
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
        Arguments.required(examples, name + ".evaluate: examples", "a list of examples");
        List<String> notes = new ArrayList<>();
        CheckedExamples<E> known = known(examples, "evaluate", options.skipEmpty(), notes);
        notes.forEach(note -> log.warn("{}.evaluate: {}", name, note));
        if (known.examples().isEmpty()) {
            throw new IllegalArgumentException(name + ".evaluate: no examples; expected one or more.");
        }
        return spec.evaluate(known.examples(), predict(inputsOf(known.examples()), "evaluate"));
    }

    /** Examples with labels that this task knows. */
    private CheckedExamples<E> known(List<E> examples, String call, boolean skipEmpty, List<String> notes) {
        Targets<I, E, P> targets = learned(call);
        CheckedExamples<E> checked = checked(examples, "examples", call, skipEmpty, notes);
        Problems problems = new Problems();
        checked.check(targets, problems);
        problems.throwIfAny(name + "." + call);
        return checked;
    }

    /**
     * Writes what was learned: with LoRA a PEFT directory ({@code adapter_config.json}, {@code adapter_model.safetensors}, the
     * head among {@code modules_to_save}), and beside it {@code lora4j_text.json}, of images {@code lora4j_image.json}, with the labels
     * and what the encoder has to be, and a receipt of the training. The encoder itself is not written. A head alone, and all weights,
     * are written as safetensors of our own.
     *
     * @param directory where to; created if missing, files of an earlier save are replaced, all at once
     * @throws IOException if it cannot be written; what was there before is unchanged then
     * @throws IllegalStateException if nothing was learned yet
     */
    public void save(Path directory) throws IOException {
        Arguments.required(directory, name + ".save: directory", "a directory to write to");
        Fitted<I, E, P> now = requireFitted("save");
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("task", inputs.words().task());
        fields.putAll(inputs.saved(now.parts()));
        fields.putAll(now.targets().description());
        if (now.report() != null) {
            fields.put("report", now.report().fields());
        }
        synchronized (this) {
            TaskFiles.save(
                    name + ".save",
                    directory,
                    inputs.words().description(),
                    now.model(),
                    fields,
                    now.evidence().flatMap(evidence -> evidence.receipt(name + ".save", now.model())),
                    (staging, written) ->
                            TaskFiles.load(staging, written, now.parts(), new TargetHead(name, now.targets()), true));
        }
    }

    /**
     * What the training was, as {@link #save} writes it beside the task.
     *
     * @return the receipt; empty if this task was loaded from a directory without one, or what was trained was changed since
     * @throws IllegalStateException if nothing was learned yet
     */
    public Optional<Receipt> receipt() {
        Fitted<I, E, P> now = requireFitted("receipt");
        return now.evidence().flatMap(evidence -> evidence.receipt(name + ".receipt", now.model()));
    }

    /**
     * Writes what was learned, merged, where others run it: a directory of Hugging Face that Transformers or sentence-transformers
     * read, with labels and all that belongs to the model. Of texts, {@code HuggingFaceExport} of the artifact {@code lora-dl4j-export}
     * has more options.
     *
     * @param directory where to; must not exist
     * @throws IOException if it exists or cannot be written; nothing is left behind then
     * @throws IllegalStateException if nothing was learned yet, or, of texts, {@code lora-dl4j-export} is not on the class path
     * @throws IllegalArgumentException if the format has no place for this task; the message says why
     */
    public void export(Path directory) throws IOException {
        Arguments.required(directory, name + ".export: directory", "a directory to write to");
        Fitted<I, E, P> now = requireFitted("export");
        inputs.export(name + ".export", directory, now.model().parameters(), now.targets());
    }

    /**
     * What the last {@code fit} did, here or before this task was saved.
     *
     * @return the report
     * @throws IllegalStateException if nothing was learned yet, or this task was loaded from a directory without a report
     */
    public TextFitReport report() {
        TextFitReport report = requireFitted("report").report();
        if (report == null) {
            throw new IllegalStateException(
                    name
                            + ".report: there is none, as this task adopted its adapter, or the directory that it was loaded from has none;"
                            + " expected one that save of this version wrote after a fit. Call fit(...), or load one that was saved after it.");
        }
        return report;
    }

    /**
     * The adapted graph, with all that adapters can do: status, merging, other adapters beside this one.
     *
     * @return the live model
     * @throws IllegalStateException if nothing was learned yet, or no adapter was
     */
    public AdaptedSameDiff model() {
        Fitted<I, E, P> now = requireFitted("model");
        return now.model()
                .adapted()
                .orElseThrow(() -> new IllegalStateException(name + ".model: " + trainedInstead(now)
                        + "; expected an adapter. graph() gives what was trained."));
    }

    /**
     * The graph that predictions are computed by, {@code logits} among its variables.
     *
     * @return the live graph: with an adapter, that of {@link #model}
     * @throws IllegalStateException if nothing was learned yet
     */
    public SameDiff graph() {
        TaskModel model = requireFitted("graph").model();
        return model.adapted().map(AdaptedSameDiff::graph).orElseGet(model::graph);
    }

    /**
     * What was learned, as a value to combine, compare or serve.
     *
     * @return a copy of the adapter, the head in it
     * @throws IllegalStateException as {@link #model}
     */
    public Adapter adapter() {
        return model().adapter(AdaptedSameDiff.DEFAULT_ADAPTER);
    }

    /**
     * All weights as they were learned: an adapter merged into those of the encoder, or all of them trained in full, and the
     * head. Exports take them: {@code HuggingFaceExport.of(encoder).weights(task.weights())}.
     *
     * @return by PyTorch's names, without a prefix, and in its layout; not to be written to
     * @throws IllegalStateException if nothing was learned yet
     */
    public ModelWeights weights() {
        return requireFitted("weights").model().parameters();
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
        Arguments.required(examples, name + ".batches: examples", "a list of examples");
        Fitted<I, E, P> now = requireFitted("batches");
        // None is left out, as there is a batch for each; nothing is said, as this is asked for each example again.
        List<E> known = known(examples, "batches", false, new ArrayList<>()).examples();
        Progress.Stage silent = Progress.none().stage("", now.parts().inputs(), 0);
        try (EncodedInputs rows = inputs.encoded(now.parts(), inputsOf(known), false, name, silent)) {
            return LabeledRows.single(
                    encode(known, now.targets(), rows), new TargetHead(name, now.targets()), now.parts());
        }
    }

    /** Examples as a fit encodes them; for inputs that are their tokens, as nothing else of them is kept. */
    final List<EncodedText> encodedToLearn(List<E> examples, String call) {
        Fitted<I, E, P> now = requireFitted(call);
        List<E> known =
                known(examples, call, options.skipEmpty(), new ArrayList<>()).examples();
        Progress.Stage silent = Progress.none().stage("", now.parts().inputs(), 0);
        try (EncodedInputs rows = inputs.encoded(now.parts(), inputsOf(known), true, name, silent)) {
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
        Arguments.required(all, name + ".embed: all", "a list of inputs");
        Arguments.required(progress, name + ".embed: progress", "a Progress, Progress.none() for silence");
        requireOpen();
        Problems problems = new Problems();
        CheckedExamples.<I>checkInputs("input", all, inputs, problems);
        problems.throwIfAny(name + ".embed");
        FitEncoder parts = inputs.toFit();
        Progress.Stage prepared = progress.stage(inputs.words().preparation(), parts.inputs(), all.size());
        try (EncodedInputs rows = inputs.encoded(parts, all, false, name + ".embed", prepared)) {
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

    /** What is there to predict with; a fit that goes on is not waited for. */
    final Fitted<I, E, P> requireFitted(String call) {
        requireOpen();
        Fitted<I, E, P> now = fitted != null ? fitted : readOnce();
        if (now == null) {
            throw new IllegalStateException(name + "." + call
                    + ": nothing was learned yet; expected fit(...) or load(...) before it." + whyNothing());
        }
        return now;
    }

    private synchronized Fitted<I, E, P> readOnce() {
        if (fitted == null) {
            fitted = asRead();
        }
        return fitted;
    }

    final void requireOpen() {
        if (closed) {
            throw new IllegalStateException(name + ": it is closed; expected an open one. Load it again.");
        }
    }

    /** Frees what predictions keep; the encoder stays open, unless {@code load(directory, folders)} found it. */
    @Override
    public void close() {
        closed = true;
        Fitted<I, E, P> now = fitted;
        if (now != null) {
            now.model().close();
        }
        if (ownsEncoder) {
            inputs.closeEncoder();
        }
    }
}
