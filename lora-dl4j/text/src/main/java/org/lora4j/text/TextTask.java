/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.ServiceLoader;
import java.util.function.Function;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Arguments;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.error.Silence;
import org.lora4j.internal.text.EncodedText;
import org.lora4j.internal.text.EncoderParts;
import org.lora4j.internal.text.LabeledRows;
import org.lora4j.internal.text.LinearHead;
import org.lora4j.internal.text.TaskEvidence;
import org.lora4j.internal.text.TaskFiles;
import org.lora4j.internal.text.TaskFit;
import org.lora4j.internal.text.TaskModel;
import org.lora4j.internal.text.TextOptions;
import org.lora4j.internal.text.TokenRows;
import org.lora4j.internal.text.Tuning;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.PretrainedHead;
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
import org.lora4j.trust.TrustPolicy;
import org.lora4j.weights.ModelWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A task over an encoder: what its kinds have in common. It is made by the builder of its class, learns by {@code fit}, or is
 * read from a directory by the {@code load} of its class.
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
public abstract class TextTask<I, E, P, R, T extends TextTask<I, E, P, R, T>> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(TextTask.class);
    private static final double NANOS = 1e9;
    private static final String RESUME = "resume";

    /** What whoever calls {@code fit} on a task that has learned has to know. */
    static final String STARTS_ANEW =
            "every fit starts from the encoder, so what was learned before is replaced; to go on from"
                    + " it, write its encoder by HuggingFaceExport.of(task.encoder()).weights(task.weights()).withoutHead()"
                    + ".write(directory), and make the task over TextEncoder.load(directory)";

    private final String name = getClass().getSimpleName();
    private final TextEncoder encoder;
    private final TaskSpec<I, E, P, R> spec;
    private final EncoderParts parts;
    private final TextOptions options;

    private volatile Fitted<I, E, P> fitted;
    private volatile boolean closed;
    private boolean ownsEncoder;

    /** What is there after a fit or a load; no report where a directory had none. */
    private record Fitted<I, E, P>(
            TaskModel model, Targets<I, E, P> targets, TextFitReport report, Optional<TaskEvidence> evidence) {}

    /**
     * For the class of a task.
     *
     * @param settings how it learns
     * @param spec what it learns
     */
    protected TextTask(TextTaskBuilder<?, T> settings, TaskSpec<I, E, P, R> spec) {
        Objects.requireNonNull(settings, "settings is null; expected the builder of the task");
        Objects.requireNonNull(spec, "spec is null; expected what the task learns");
        this.encoder = settings.encoder();
        this.spec = spec;
        this.options = settings.options(spec.kind().taskType(), EncoderClassifier.HEAD);
        boolean types = spec.kind().pairs() && encoder.weights().config().typeVocabulary() > 1;
        this.parts = new EncoderParts(encoder.name(), encoder.weights(), encoder.pooling(), types, settings.head());
    }

    /**
     * The task itself.
     *
     * @return this
     */
    protected abstract T self();

    /**
     * Learns; a part of the examples is kept back to choose the head's cost and the best epoch by, as {@code validationFraction} of the
     * builder says.
     *
     * @param train the examples
     * @return this
     * @throws IllegalArgumentException if there is no example, a text is empty, an example is none that this task can learn, or
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
        CheckedExamples<E> learned = CheckedExamples.of(spec, train, "train", options.skipEmpty(), problems, notes);
        CheckedExamples<E> held =
                CheckedExamples.of(spec, validation, "validation", options.skipEmpty(), problems, notes);
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
        return labels.isEmpty()
                ? FloatBuffer.wrap(targets.encode(example, spec.tokens(encoder, spec.input(example))))
                : labels;
    }

    private synchronized void learn(
            String call, CheckedExamples<E> learned, CheckedExamples<E> held, boolean taken, List<String> noted) {
        requireOpen();
        long start = System.nanoTime();
        Progress progress = options.fit().progress(name + ".fit");
        Targets<I, E, P> targets = targets(learned, held);
        List<E> train = learned.examples();
        List<E> validation = held.examples();
        Progress.Stage tokens = progress.stage("tokens", "texts", train.size() + validation.size());
        List<EncodedText> encoded = encode(train, targets, tokens);
        List<EncodedText> encodedHeld = encode(validation, targets, tokens);
        List<String> notes = new ArrayList<>(noted);
        notes.addAll(targets.notes());
        Optional<LinearHead> own = start(targets, train);
        headNote(targets, own).ifPresent(notes::add);
        if (encoder.isPoolingGuessed() && targets.head() != TaskExporter.Head.TAGS) {
            notes.add("the files of the encoder do not say how a text becomes one vector; " + encoder.pooling()
                    + " was chosen, encoder.withPooling(...) sets another");
        }
        Preflight preflight = preflight(learned, held, targets, encoded, encodedHeld);
        preflight.require(name + ".fit");
        notes.addAll(preflight.notes());
        Fitted<I, E, P> before = fitted;
        if (before != null && before.model().tuning() != Tuning.HEAD_ONLY) {
            notes.add(STARTS_ANEW);
        }
        if (!Silence.isKept()) {
            notes.forEach(note -> LOG.warn("{}: {}", name, note));
        }
        TaskFit.Outcome outcome = TaskFit.fit(
                parts,
                new TargetHead(name, targets),
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
            LOG.info("{}: {}", name, report.line());
        }
        TaskEvidence evidence = evidence(outcome.model(), targets, report, train, encoded, validation, encodedHeld);
        fitted = new Fitted<>(outcome.model(), targets, report, Optional.of(evidence));
        if (before != null) {
            before.model().close();
        }
    }

    /** Checks what a fit gave, and takes note of it for a receipt. */
    private TaskEvidence evidence(
            TaskModel model,
            Targets<I, E, P> targets,
            TextFitReport report,
            List<E> train,
            List<EncodedText> encoded,
            List<E> validation,
            List<EncodedText> held) {
        TrainingPlan plan = options.planWithHead(!validation.isEmpty());
        try {
            RunReceipt.requireChanged(name + ".fit", plan, report);
        } catch (IllegalStateException e) {
            model.close();
            throw e;
        }
        Map<String, DataHashes> data = new LinkedHashMap<>();
        data.put(Receipt.TRAIN, hashes(train, encoded));
        if (!validation.isEmpty()) {
            data.put(Receipt.VALIDATION, hashes(validation, held));
        }
        return TaskEvidence.of(
                spec.kind().name(),
                model,
                encoder::hashes,
                data,
                plan,
                options.fit().seed(),
                report);
    }

    private DataHashes hashes(List<E> examples, List<EncodedText> encoded) {
        DataHashes.Gathering gathering = new DataHashes.Gathering();
        for (int i = 0; i < examples.size(); i++) {
            spec.texts(spec.input(examples.get(i))).forEach(gathering::text);
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

    /** The task as one that can begin with the head of a checkpoint; empty unless it does. */
    private Optional<CheckpointSpec<I, E, P, R>> checkpoint() {
        return spec instanceof CheckpointSpec<I, E, P, R> own && parts.head().isPresent()
                ? Optional.of(own)
                : Optional.empty();
    }

    /** What the head of the checkpoint tells, if examples ask for just that. */
    private Optional<Targets<I, E, P>> own(List<E> train) {
        return checkpoint().flatMap(of -> of.targets(parts.head().orElseThrow(), train));
    }

    /** The last layer of the checkpoint's head, if learning goes on from it. */
    private Optional<LinearHead> start(Targets<I, E, P> targets, List<E> train) {
        return options.tuning() == Tuning.HEAD_ONLY || own(train).isEmpty()
                ? Optional.empty()
                : checkpoint().map(of -> of.start(parts.head().orElseThrow(), targets));
    }

    /** What becomes of a head that the checkpoint has, unless learning goes on from it. */
    private Optional<String> headNote(Targets<I, E, P> targets, Optional<LinearHead> start) {
        Optional<PretrainedHead> head = parts.head().or(encoder::head);
        if (head.isEmpty() || start.isPresent()) {
            return Optional.empty();
        }
        if (head.get().last().isEmpty()) {
            return Optional.of("the encoder's checkpoint " + CheckpointTask.leftOut(head.get())
                    + "; it is left out, and a new head learns");
        }
        String old = "the head of the encoder's checkpoint, a "
                + MessageText.name(head.get().architecture()) + " for "
                + MessageText.values(head.get().labels()) + ", is not kept: ";
        if (parts.head().isEmpty()) {
            return Optional.of(
                    old + "this task began with the encoder alone; builder(directory) of the task that reads it goes on"
                            + " with it");
        }
        return Optional.of(old
                + (options.tuning() == Tuning.HEAD_ONLY
                        ? "headOnly() finds its last layer anew"
                        : "the examples have " + MessageText.values(targets.names())
                                + ", for which its last layer is a new one"));
    }

    /** Looks through a list by itself. */
    private CheckedExamples<E> checked(
            List<E> examples, String where, String call, boolean skipEmpty, List<String> notes) {
        Problems problems = new Problems();
        CheckedExamples<E> checked = CheckedExamples.of(spec, examples, where, skipEmpty, problems, notes);
        problems.throwIfAny(name + "." + call);
        return checked;
    }

    private List<EncodedText> encode(List<E> examples, Targets<I, E, P> targets, Progress.Stage stage) {
        List<TokenizedText> tokens = tokens(examples.stream().map(spec::input).toList(), stage);
        TokenRows.requireFit(name, tokens, encoder.weights().config());
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

    private List<TokenizedText> tokens(List<? extends I> inputs, Progress.Stage stage) {
        List<TokenizedText> tokens = new ArrayList<>();
        for (I input : inputs) {
            tokens.add(spec.tokens(encoder, input));
            stage.advance(1);
        }
        return tokens;
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
        List<EncodedText> all = Stream.concat(encoded.stream(), held.stream()).toList();
        found = TextPreflight.ofTokens(
                found, all.stream().map(EncodedText::tokens).toList(), encoder.maxLength());
        found = TextPreflight.withoutTarget(found, targets, train, encoded);
        found = TextPreflight.withoutTarget(found, targets, validation, held);
        List<Integer> words = Stream.concat(train.examples().stream(), validation.examples().stream())
                .map(example -> spec.texts(spec.input(example)).size())
                .toList();
        found = TextPreflight.cutLabels(found, targets, words, all);
        found = TextPreflight.inBothParts(found, train, validation, example -> spec.texts(spec.input(example)));
        return found.showing(
                TextPreview.of(train.examples(), 3, example -> TextPreview.of(spec, targets, encoder, example))
                        .examples()
                        .stream()
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
        return TextPreview.of(all.examples(), count, example -> TextPreview.of(spec, targets, encoder, example));
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
        return predict(List.of(Objects.requireNonNull(input, name + ".predict: input is null; expected a text")))
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

    private List<P> predict(List<? extends I> inputs, String call) {
        Arguments.required(inputs, name + ".predict: inputs", "a list of texts");
        Fitted<I, E, P> now = requireFitted(call);
        List<TokenizedText> tokens = new ArrayList<>();
        float[][] logits = logits(now, inputs, call, tokens);
        List<P> predictions = new ArrayList<>();
        for (int i = 0; i < logits.length; i++) {
            predictions.add(now.targets().decode(inputs.get(i), tokens.get(i), logits[i]));
        }
        return predictions;
    }

    /** The numbers of the head as they are. */
    final float[][] logits(List<? extends I> inputs, String call) {
        return logits(requireFitted(call), inputs, call, new ArrayList<>());
    }

    private float[][] logits(Fitted<I, E, P> now, List<? extends I> inputs, String call, List<TokenizedText> tokens) {
        Problems problems = new Problems();
        CheckedExamples.<I>checkInputs(
                "input",
                inputs,
                input -> spec.texts(input).stream().anyMatch(String::isBlank),
                "an empty text",
                problems);
        problems.throwIfAny(name + ".predict");
        Progress progress = options.fit().progress(name + "." + call);
        tokens.addAll(tokens(inputs, progress.stage("tokens", "texts", inputs.size())));
        TokenRows.requireFit(name + ".predict", tokens, encoder.weights().config());
        return now.model().outputs(tokens, progress.stage("", "texts", tokens.size()));
    }

    /**
     * Compares predictions with what is true.
     *
     * @param examples the examples, none of them learned from
     * @return the numbers
     * @throws IllegalStateException as {@link #predict(Object)}
     * @throws IllegalArgumentException if there is no example, one is null, a text or label is empty, or a label or tag is none that
     *     was learned; the message lists every problem with its examples
     */
    public R evaluate(List<E> examples) {
        Arguments.required(examples, name + ".evaluate: examples", "a list of examples");
        List<String> notes = new ArrayList<>();
        CheckedExamples<E> known = known(examples, "evaluate", options.skipEmpty(), notes);
        notes.forEach(note -> LOG.warn("{}.evaluate: {}", name, note));
        if (known.examples().isEmpty()) {
            throw new IllegalArgumentException(name + ".evaluate: no examples; expected one or more.");
        }
        List<I> inputs = known.examples().stream().map(spec::input).toList();
        return spec.evaluate(known.examples(), predict(inputs, "evaluate"));
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
     * head among {@code modules_to_save}), and beside it {@code lora4j_text.json} with the labels and what the encoder has to
     * be. The encoder itself is not written. A head alone, and all weights, are written as safetensors of our own.
     *
     * @param directory where to; created if missing, files of an earlier save are replaced, all at once
     * @throws IOException if it cannot be written; what was there before is unchanged then
     * @throws IllegalStateException if nothing was learned yet
     */
    public void save(Path directory) throws IOException {
        Arguments.required(directory, name + ".save: directory", "a directory to write to");
        Fitted<I, E, P> now = requireFitted("save");
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("task", spec.kind().name());
        fields.put("encoder", SavedEncoder.fields(encoder));
        fields.putAll(now.targets().description());
        if (parts.head().isPresent()) {
            fields.put(CheckpointTask.HEAD, CheckpointTask.OF_CHECKPOINT);
        }
        if (now.report() != null) {
            fields.put("report", now.report().fields());
        }
        synchronized (this) {
            TaskFiles.save(
                    name + ".save",
                    directory,
                    now.model(),
                    fields,
                    now.evidence().flatMap(evidence -> evidence.receipt(name + ".save", now.model())),
                    (staging, written) ->
                            TaskFiles.load(staging, written, parts, new TargetHead(name, now.targets()), true));
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
     * read, with tokenizer, labels and a card. {@code HuggingFaceExport} of the artifact {@code lora-dl4j-export} has more options.
     *
     * @param directory where to; must not exist
     * @throws IOException if it exists or cannot be written; nothing is left behind then
     * @throws IllegalStateException if nothing was learned yet, or {@code lora-dl4j-export} is not on the class path
     * @throws IllegalArgumentException if the format has no place for this task; the message says why
     */
    public void export(Path directory) throws IOException {
        Arguments.required(directory, name + ".export: directory", "a directory to write to");
        Fitted<I, E, P> now = requireFitted("export");
        Targets<I, E, P> targets = now.targets();
        exporter(name + ".export")
                .export(
                        new TaskExporter.Task(
                                encoder, targets.forOthers(now.model().parameters()), targets.head(), targets.names()),
                        directory);
    }

    /** What writes tasks, if it is on the class path. */
    static TaskExporter exporter(String where) {
        return ServiceLoader.load(TaskExporter.class, TaskExporter.class.getClassLoader())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(where
                        + ": nothing on the class path writes directories of Hugging Face; expected the artifact"
                        + " org.lora4j:lora-dl4j-export. Add it to the dependencies."));
    }

    /**
     * Reads a task and the encoder that it was saved with, for the {@code load} of a task's class. The encoder is closed with the task.
     *
     * @param directory where {@link #save} wrote it
     * @param where the call, for messages
     * @param builder the builder of the class, for an encoder
     * @param encoderFolders folders below which the encoder may be looked for, by its path and its last names; none are needed for a
     *     published encoder
     * @param <T> the task
     * @return the task, which predicts what the saved one did
     * @throws IOException if a file is missing or damaged, or the encoder is not found, is a link to elsewhere, or has other weights than
     *     when the task was saved
     */
    protected static <T extends TextTask<?, ?, ?, ?, T>> T load(
            Path directory,
            String where,
            Function<TextEncoder, ? extends TextTaskBuilder<?, T>> builder,
            Path... encoderFolders)
            throws IOException {
        TextEncoder encoder = SavedEncoder.open(directory, where, encoderFolders);
        TextTask<?, ?, ?, ?, T> loaded =
                SavedEncoder.with(encoder, found -> builder.apply(found).build().read(directory));
        loaded.ownsEncoder = true;
        return loaded.self();
    }

    /** Reads what a task of a class saved, or a checkpoint whose head that class reads; what is there tells which. */
    static <T extends TextTask<?, ?, ?, ?, T>> T load(
            CheckpointTask kind,
            Path directory,
            Function<TextEncoder, ? extends TextTaskBuilder<?, T>> builder,
            Path... encoderFolders)
            throws IOException {
        String where = kind.call("load");
        Arguments.required(directory, where + ": directory", "a directory that save wrote, or one of a checkpoint");
        if (CheckpointTask.isSaved(directory) || !Files.isDirectory(directory)) {
            boolean head = CheckpointTask.beginsWithHead(TaskFiles.read(directory));
            return load(
                    directory, where, encoder -> CheckpointTask.builder(builder.apply(encoder), head), encoderFolders);
        }
        T loaded = SavedEncoder.with(
                kind.open(where, directory),
                encoder -> builder.apply(encoder).fromCheckpoint().build());
        ((TextTask<?, ?, ?, ?, T>) loaded).ownsEncoder = true;
        return loaded;
    }

    /** Reads what a task of a class saved, with its encoder. */
    static <T extends TextTask<?, ?, ?, ?, T>> T load(
            CheckpointTask kind,
            Path directory,
            TextEncoder encoder,
            Function<TextEncoder, ? extends TextTaskBuilder<?, T>> builder)
            throws IOException {
        String where = kind.call("load");
        Arguments.required(directory, where + ": directory", "a directory that save wrote");
        Arguments.required(encoder, where + ": encoder", "an encoder, such as TextEncoder.load(directory)");
        if (!CheckpointTask.isSaved(directory) && Files.exists(directory.resolve("config.json"))) {
            throw new IncompatibleBaseException(where + ": " + MessageText.path(directory)
                    + " is a checkpoint with weights of its own; expected what save of a task wrote, for an encoder. Call "
                    + where
                    + "(directory) alone.");
        }
        boolean head = CheckpointTask.beginsWithHead(TaskFiles.read(directory));
        TextTask<?, ?, ?, ?, T> task =
                CheckpointTask.builder(builder.apply(encoder), head).build();
        return task.read(directory);
    }

    /**
     * Takes up what {@link #save} wrote, for the {@code load} of a task's class.
     *
     * @param directory the directory
     * @return this
     * @throws IOException if a file is missing or damaged, or is of another task or for another encoder
     */
    protected final T read(Path directory) throws IOException {
        try (TrustPolicy.Opened opened = encoder.trust().open(directory)) {
            return readFrom(opened.path(), directory);
        }
    }

    private T readFrom(Path directory, Path named) throws IOException {
        Map<String, Object> fields = SavedEncoder.read(directory, spec.kind().name(), name, encoder);
        Path file = directory.resolve(TaskFiles.DESCRIPTION);
        if (CheckpointTask.beginsWithHead(fields) && parts.head().isEmpty()) {
            throw new IncompatibleBaseException(
                    file + ": its head began as that of a checkpoint, but the encoder has none;"
                            + " expected the encoder of that checkpoint. Load it from there: TextEncoder.load(directory).");
        }
        Targets<I, E, P> targets = spec.targets(file, fields);
        TextFitReport report = fields.get("report") == null ? null : TextFitReport.read(file, fields.get("report"));
        TaskModel model = TaskFiles.load(
                directory,
                fields,
                parts,
                new TargetHead(name, targets),
                encoder.trust().allowsOtherBase());
        Optional<Receipt> receipt = TaskFiles.receipt(directory, model);
        SavedEncoder.requireTrusted(named, receipt, encoder);
        fitted = new Fitted<>(model, targets, report, receipt.map(of -> TaskEvidence.loaded(model, of)));
        return self();
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
            throw new IllegalStateException(name
                    + ".report: the directory that this task was loaded from has no report; expected one that save of this"
                    + " version wrote. Call fit(...), or load one that was saved after it.");
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
        TaskModel model = now.model();
        return model.adapted()
                .orElseThrow(() -> new IllegalStateException(name + ".model: "
                        + (model.tuning() == Tuning.FULL
                                ? "all weights were trained"
                                : now.report() == null && parts.head().isPresent()
                                        ? "nothing was trained since the checkpoint was read"
                                        : "the head alone was trained")
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
     * What this task adds to its encoder, for a server that computes the encoder for many tasks at once.
     *
     * @return a copy of what was learned
     * @throws IllegalStateException if nothing was learned yet, or all weights were
     * @throws IllegalArgumentException if the head is one that cannot be computed apart from the encoder; the message says why
     */
    public TaskHead<I, P> taskHead() {
        Fitted<I, E, P> now = requireFitted("taskHead");
        // Without this task, which a server does not keep.
        TaskSpec<I, E, P, R> of = spec;
        TextEncoder by = encoder;
        return TaskHead.of(
                name + ".taskHead",
                spec.kind(),
                encoder,
                parts,
                now.model(),
                now.targets(),
                input -> of.tokens(by, input));
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
     * An input as the model sees it, the encoder's prefix in front.
     *
     * @param input the input
     * @return its tokens, which {@link #graph} takes as ids
     * @throws IllegalStateException if this task or its encoder is closed
     * @throws IllegalArgumentException if the input is null or empty, or does not fit the encoder
     */
    public TokenizedText tokens(I input) {
        requireOpen();
        if (input == null || spec.texts(input).stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException(
                    name + ".tokens: the input is " + (input == null ? "null" : "an empty text") + "; expected words.");
        }
        TokenizedText tokens = spec.tokens(encoder, input);
        TokenRows.requireFit(
                name + ".tokens", List.of(tokens), encoder.weights().config());
        return tokens;
    }

    /**
     * Examples as {@link #model} learns from them, each a batch of its own, in their order: for what asks for the loss or the
     * gradient of one example, such as the influence of examples to learn from.
     *
     * @param examples the examples
     * @return a batch for each; its arrays are the caller's
     * @throws IllegalStateException as {@link #predict(Object)}
     * @throws IllegalArgumentException if an example is null, empty or none that this task has learned to tell; the message
     *     lists every problem
     */
    public List<Batch> batches(List<E> examples) {
        Arguments.required(examples, name + ".batches: examples", "a list of examples");
        Targets<I, E, P> targets = learned("batches");
        // None is left out, as there is a batch for each; nothing is said, as this is asked for each example again.
        List<E> known = known(examples, "batches", false, new ArrayList<>()).examples();
        return LabeledRows.single(
                encode(known, targets, Progress.none().stage("", "texts", 0)), new TargetHead(name, targets), parts);
    }

    /**
     * The encoder.
     *
     * @return the encoder that this task was made with
     */
    public TextEncoder encoder() {
        return encoder;
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

    private Fitted<I, E, P> requireFitted(String call) {
        requireOpen();
        Fitted<I, E, P> now = fitted != null ? fitted : asRead();
        if (now == null) {
            throw new IllegalStateException(name + "." + call
                    + ": nothing was learned yet; expected fit(...) or load(...) before it."
                    + encoder.head()
                            .filter(head -> head.last().isEmpty())
                            .map(head -> " The checkpoint " + CheckpointTask.leftOut(head) + ", and was left out.")
                            .orElse(""));
        }
        return now;
    }

    /** What the checkpoint that this task begins with tells; null if there is none. */
    private synchronized Fitted<I, E, P> asRead() {
        if (fitted == null) {
            checkpoint().ifPresent(of -> {
                PretrainedHead head = parts.head().orElseThrow();
                Targets<I, E, P> targets = of.targets(head);
                LinearHead last = of.start(head, targets);
                TaskModel model = TaskModel.of(parts, new TargetHead(name, targets).kind(), last);
                fitted = new Fitted<>(model, targets, null, Optional.empty());
            });
        }
        return fitted;
    }

    private void requireOpen() {
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
            encoder.close();
        }
    }
}
