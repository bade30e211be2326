/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Function;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Arguments;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.MessageText;
import org.lora4j.internal.text.EncodedInputs;
import org.lora4j.internal.text.EncodedText;
import org.lora4j.internal.text.EncoderParts;
import org.lora4j.internal.text.FitEncoder;
import org.lora4j.internal.text.LabeledRows;
import org.lora4j.internal.text.LinearHead;
import org.lora4j.internal.text.TaskEvidence;
import org.lora4j.internal.text.TaskFiles;
import org.lora4j.internal.text.TaskModel;
import org.lora4j.internal.text.TokenRows;
import org.lora4j.internal.text.Tuning;
import org.lora4j.pretrained.PretrainedHead;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.train.Batches;
import org.lora4j.train.Progress;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.ExamplePreview;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;
import org.lora4j.weights.ModelWeights;

/**
 * A task over an encoder of texts: what its kinds have in common. It is made by the builder of its class, learns by {@code fit}, or is
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
public abstract class TextTask<I, E, P, R, T extends TextTask<I, E, P, R, T>> extends EncoderTask<I, E, P, R, T> {

    /** What whoever calls {@code fit} on a task that has learned has to know. */
    static final String STARTS_ANEW =
            "every fit starts from the encoder, so what was learned before is replaced; to go on from"
                    + " it, write its encoder by HuggingFaceExport.of(task.encoder()).weights(task.weights()).withoutHead()"
                    + ".write(directory), and make the task over TextEncoder.load(directory)";

    private final TextEncoder encoder;
    private final TaskSpec<I, E, P, R> spec;
    private final EncoderParts parts;

    /**
     * For the class of a task.
     *
     * @param settings how it learns
     * @param spec what it learns
     */
    protected TextTask(TextTaskBuilder<?, T> settings, TaskSpec<I, E, P, R> spec) {
        this(
                Objects.requireNonNull(settings, "settings is null; expected the builder of the task"),
                Objects.requireNonNull(spec, "spec is null; expected what the task learns"),
                parts(settings, spec));
    }

    private TextTask(TextTaskBuilder<?, T> settings, TaskSpec<I, E, P, R> spec, EncoderParts parts) {
        super(settings, spec, new Texts<>(settings.encoder(), spec, parts), parts.head(), TextTask.class);
        this.encoder = settings.encoder();
        this.spec = spec;
        this.parts = parts;
    }

    private static EncoderParts parts(TextTaskBuilder<?, ?> settings, TaskSpec<?, ?, ?, ?> spec) {
        TextEncoder encoder = settings.encoder();
        boolean types = spec.kind().pairs() && encoder.weights().config().typeVocabulary() > 1;
        return new EncoderParts(encoder.name(), encoder.weights(), encoder.pooling(), types, settings.head());
    }

    /** Texts as tokens of an encoder. */
    private record Texts<I, E>(TextEncoder encoder, TaskSpec<I, E, ?, ?> spec, EncoderParts parts)
            implements TaskInputs<I, E> {

        @Override
        public Words words() {
            TaskSpec.Kind kind = spec.kind();
            return new Words(kind.name(), kind.taskType(), TaskFiles.DESCRIPTION, "a text", "tokens");
        }

        @Override
        public FitEncoder toFit() {
            return parts;
        }

        @Override
        public EncodedInputs encoded(
                FitEncoder of, List<? extends I> inputs, boolean learned, String where, Progress.Stage stage) {
            List<TokenizedText> tokens = new ArrayList<>();
            for (I input : inputs) {
                tokens.add(spec.tokens(encoder, input));
                stage.advance(1);
            }
            TokenRows.requireFit(where, tokens, encoder.weights().config());
            return EncodedInputs.of(tokens);
        }

        @Override
        public boolean isEmpty(I input) {
            return spec.texts(input).stream().anyMatch(String::isBlank);
        }

        @Override
        public Object identity(I input) {
            return spec.texts(input);
        }

        @Override
        public void hash(I input, DataHashes.Gathering gathering) {
            spec.texts(input).forEach(gathering::text);
        }

        @Override
        public ExamplePreview.Example shown(E example, Targets<I, E, ?> targets) {
            return TextPreview.of(spec, targets, encoder, example);
        }

        @Override
        public Map<String, String> hashes() {
            return encoder.hashes();
        }

        @Override
        public Map<String, Object> saved(FitEncoder of) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("encoder", SavedEncoder.fields(encoder));
            if (parts.pretrained().isPresent()) {
                fields.put(CheckpointTask.HEAD, CheckpointTask.OF_CHECKPOINT);
            }
            return fields;
        }

        @Override
        public String startsAnew() {
            return STARTS_ANEW;
        }

        @Override
        public void export(String where, Path directory, ModelWeights weights, Targets<I, E, ?> targets)
                throws IOException {
            exporter(where)
                    .export(
                            new TaskExporter.Task(
                                    encoder,
                                    targets.forOthers(weights),
                                    targets.head(),
                                    targets.names(),
                                    targets.activation()),
                            directory);
        }

        @Override
        public void closeEncoder() {
            encoder.close();
        }
    }

    /** The task as one that can begin with the head of a checkpoint; empty unless it does. */
    private Optional<CheckpointSpec<I, E, P, R>> checkpoint() {
        return spec instanceof CheckpointSpec<I, E, P, R> own
                        && parts.pretrained().isPresent()
                ? Optional.of(own)
                : Optional.empty();
    }

    /** What the head of the checkpoint tells, if examples ask for just that. */
    @Override
    final Optional<Targets<I, E, P>> own(List<E> train) {
        return checkpoint().flatMap(of -> of.targets(parts.pretrained().orElseThrow(), train));
    }

    /** The last layer of the checkpoint's head, if learning goes on from it. */
    @Override
    final Optional<LinearHead> start(Targets<I, E, P> targets, List<E> train) {
        return options().tuning() == Tuning.HEAD_ONLY || own(train).isEmpty()
                ? Optional.empty()
                : checkpoint().map(of -> of.start(parts.pretrained().orElseThrow(), targets));
    }

    @Override
    final List<String> encoderNotes(Targets<I, E, P> targets, Optional<LinearHead> start) {
        List<String> notes = new ArrayList<>();
        headNote(targets, start).ifPresent(notes::add);
        if (encoder.isPoolingGuessed() && targets.head() != TaskExporter.Head.TAGS) {
            notes.add("the files of the encoder do not say how a text becomes one vector; " + encoder.pooling()
                    + " was chosen, encoder.withPooling(...) sets another");
        }
        return notes;
    }

    /** What becomes of a head that the checkpoint has, unless learning goes on from it. */
    private Optional<String> headNote(Targets<I, E, P> targets, Optional<LinearHead> start) {
        Optional<PretrainedHead> head = parts.pretrained().or(encoder::head);
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
        if (parts.pretrained().isEmpty()) {
            return Optional.of(
                    old + "this task began with the encoder alone; builder(directory) of the task that reads it goes on"
                            + " with it");
        }
        return Optional.of(old
                + (options().tuning() == Tuning.HEAD_ONLY
                        ? "headOnly() finds its last layer anew"
                        : "the examples have " + MessageText.values(targets.names())
                                + ", for which its last layer is a new one"));
    }

    @Override
    final Preflight found(
            Preflight so,
            CheckedExamples<E> train,
            CheckedExamples<E> validation,
            Targets<I, E, P> targets,
            List<EncodedText> encoded,
            List<EncodedText> held) {
        List<EncodedText> all = Stream.concat(encoded.stream(), held.stream()).toList();
        Preflight found =
                TextPreflight.ofTokens(so, all.stream().map(EncodedText::tokens).toList(), encoder.maxLength());
        found = TextPreflight.withoutTarget(found, targets, train, encoded);
        found = TextPreflight.withoutTarget(found, targets, validation, held);
        List<Integer> words = Stream.concat(train.examples().stream(), validation.examples().stream())
                .map(example -> spec.texts(spec.input(example)).size())
                .toList();
        return TextPreflight.cutLabels(found, targets, words, all);
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
        loaded.ownEncoder();
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
        loaded.ownEncoder();
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
        Map<String, Object> fields = SavedEncoder.read(directory, spec.kind().name(), name(), encoder);
        Path file = TaskFiles.file(directory);
        if (CheckpointTask.beginsWithHead(fields) && parts.pretrained().isEmpty()) {
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
                new TargetHead(name(), targets),
                encoder.trust().allowsOtherBase());
        Optional<Receipt> receipt = TaskFiles.receipt(directory, model);
        SavedEncoder.requireTrusted(named, receipt, encoder);
        take(new Fitted<>(parts, model, targets, report, receipt.map(of -> TaskEvidence.loaded(model, of))));
        return self();
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
                name() + ".taskHead",
                spec.kind(),
                encoder,
                parts,
                now.model(),
                now.targets(),
                input -> of.tokens(by, input));
    }

    /**
     * Examples in batches as {@code fit} learns from them: those of similar length together, drawn anew in every epoch. For a trainer of
     * one's own over {@link #graph()}, such as {@code MultiTaskTrainer} with several tasks over one adapter.
     *
     * @param examples the examples
     * @return the batches, of the size that the builder sets
     * @throws IllegalStateException if nothing was learned yet; a head alone is enough
     * @throws IllegalArgumentException if there is no example, or one is null, empty or none that this task has learned to tell; the
     *     message lists every problem
     */
    public Batches trainingBatches(List<E> examples) {
        Arguments.required(examples, name() + ".trainingBatches: examples", "a list of examples");
        Fitted<I, E, P> now = requireFitted("trainingBatches");
        List<EncodedText> encoded = encodedToLearn(examples, "trainingBatches");
        if (encoded.isEmpty()) {
            throw new IllegalArgumentException(
                    name() + ".trainingBatches: no examples to learn from; expected one or more.");
        }
        return new LabeledRows(encoded, new TargetHead(name(), now.targets()), parts, options());
    }

    /**
     * Predicts from now on with an adapter that learned elsewhere for this encoder and these labels, its head in it: together with other
     * tasks, or combined of several. What was learned before is replaced, as by {@code fit}; there is no report and no receipt of it.
     *
     * @param adapter the adapter, such as {@code MultiTaskAdapter.plain(task)}
     * @return this
     * @throws IllegalStateException if nothing was learned yet, so that no labels are known; a head alone is enough
     * @throws IllegalArgumentException if the adapter has no head, or does not fit the encoder or the labels; what was there before is
     *     unchanged then
     */
    public synchronized T adopt(Adapter adapter) {
        Arguments.required(adapter, name() + ".adopt: adapter", "an adapter with the head of this task");
        Fitted<I, E, P> now = requireFitted("adopt");
        TaskModel model = TaskModel.of(name() + ".adopt", parts, new TargetHead(name(), now.targets()), adapter);
        take(new Fitted<>(parts, model, now.targets(), null, Optional.<TaskEvidence>empty()));
        now.model().close();
        return self();
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
            throw new IllegalArgumentException(name() + ".tokens: the input is "
                    + (input == null ? "null" : "an empty text") + "; expected words.");
        }
        TokenizedText tokens = spec.tokens(encoder, input);
        TokenRows.requireFit(
                name() + ".tokens", List.of(tokens), encoder.weights().config());
        return tokens;
    }

    /**
     * The encoder.
     *
     * @return the encoder that this task was made with
     */
    public TextEncoder encoder() {
        return encoder;
    }

    @Override
    final String whyNothing() {
        return encoder.head()
                .filter(head -> head.last().isEmpty())
                .map(head -> " The checkpoint " + CheckpointTask.leftOut(head) + ", and was left out.")
                .orElse("");
    }

    @Override
    final boolean isOfCheckpoint() {
        return parts.pretrained().isPresent();
    }

    /** What the checkpoint that this task begins with tells; null if there is none. */
    @Override
    final Fitted<I, E, P> asRead() {
        return checkpoint()
                .map(of -> {
                    PretrainedHead head = parts.pretrained().orElseThrow();
                    Targets<I, E, P> targets = of.targets(head);
                    LinearHead last = of.start(head, targets);
                    TaskModel model = TaskModel.of(parts, new TargetHead(name(), targets).kind(), last);
                    return new Fitted<>(parts, model, targets, null, Optional.<TaskEvidence>empty());
                })
                .orElse(null);
    }
}
