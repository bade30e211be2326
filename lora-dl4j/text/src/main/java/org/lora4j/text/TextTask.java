/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.ServiceLoader;
import java.util.function.Function;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.text.EncodedText;
import org.lora4j.internal.text.EncoderParts;
import org.lora4j.internal.text.LabeledRows;
import org.lora4j.internal.text.TaskFiles;
import org.lora4j.internal.text.TaskFit;
import org.lora4j.internal.text.TaskModel;
import org.lora4j.internal.text.TextOptions;
import org.lora4j.internal.text.TokenRows;
import org.lora4j.internal.text.Tuning;
import org.lora4j.pretrained.BertClassifier;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.lora4j.train.Holdout;
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
 * @apiNote Status: experimental
 */
public abstract class TextTask<I, E, P, R, T extends TextTask<I, E, P, R, T>> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(TextTask.class);

    private final String name = getClass().getSimpleName();
    private final TextEncoder encoder;
    private final TaskSpec<I, E, P, R> spec;
    private final EncoderParts parts;
    private final TextOptions options;

    private volatile Fitted<I, E, P> fitted;
    private volatile boolean closed;
    private boolean ownsEncoder;

    /** What is there after a fit or a load; of a task that was loaded there is no report. */
    private record Fitted<I, E, P>(TaskModel model, Targets<I, E, P> targets, TextFitReport report) {}

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
        this.options = settings.options(spec.kind().taskType(), BertClassifier.HEAD);
        boolean types = spec.kind().pairs() && encoder.weights().config().typeVocabulary() > 1;
        this.parts = new EncoderParts(encoder.name(), encoder.weights(), encoder.pooling(), types);
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
        Objects.requireNonNull(train, name + ".fit: train is null; expected a list of examples");
        Targets<I, E, P> targets = targets(train, List.of());
        Holdout.Split<E> split = options.fit().holdout().of(train, example -> group(example, targets));
        learn(split.train(), split.validation(), true);
        return self();
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
        Objects.requireNonNull(train, name + ".fit: train is null; expected a list of examples");
        Objects.requireNonNull(
                validation, name + ".fit: validation is null; expected a list of examples. fit(train) makes one.");
        if (validation.isEmpty()) {
            throw new IllegalArgumentException(
                    name + ".fit: the validation part is empty; expected examples to choose by,"
                            + " none of them in the training part. fit(train) makes one.");
        }
        learn(train, validation, false);
        return self();
    }

    private Object group(E example, Targets<I, E, P> targets) {
        return targets.head() == TaskExporter.Head.ONE_CLASS
                ? Arrays.hashCode(targets.encode(example, spec.tokens(encoder, spec.input(example))))
                : 0;
    }

    private synchronized void learn(List<E> train, List<E> validation, boolean taken) {
        requireOpen();
        Targets<I, E, P> targets = targets(train, validation);
        List<EncodedText> encoded = encode(train, targets);
        List<EncodedText> held = encode(validation, targets);
        List<String> notes = new ArrayList<>(targets.notes());
        notes.addAll(notes(train, validation, encoded, held));
        notes.forEach(note -> LOG.warn("{}: {}", name, note));
        TaskFit.Outcome outcome = TaskFit.fit(parts, new TargetHead(name, targets), options, encoded, held, taken);
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
                outcome.training(),
                List.copyOf(notes));
        LOG.info("{}: {}", name, report);
        Fitted<I, E, P> before = fitted;
        fitted = new Fitted<>(outcome.model(), targets, report);
        if (before != null) {
            before.model().close();
        }
    }

    /** The targets of the training part, after everything that is wrong with either part was told. */
    private Targets<I, E, P> targets(List<E> train, List<E> validation) {
        Problems problems = new Problems();
        problems.check(!train.isEmpty(), "no examples to learn from, expected some of each kind");
        checkTexts(train, "train", problems);
        checkTexts(validation, "validation", problems);
        problems.throwIfAny(name + ".fit");
        Targets<I, E, P> targets = spec.targets(train);
        for (int i = 0; i < train.size(); i++) {
            targets.check(train.get(i), "train[" + i + "]", problems);
        }
        for (int i = 0; i < validation.size(); i++) {
            targets.check(validation.get(i), "validation[" + i + "]", problems);
        }
        problems.throwIfAny(name + ".fit");
        return targets;
    }

    private void checkTexts(List<E> examples, String where, Problems problems) {
        for (int i = 0; i < examples.size(); i++) {
            E example = examples.get(i);
            if (example == null) {
                problems.add(where + "[" + i + "] is null, expected an example");
            } else if (spec.texts(spec.input(example)).stream().anyMatch(String::isBlank)) {
                problems.add(where + "[" + i + "] is an empty text, expected words; leave it out");
            }
        }
    }

    private List<EncodedText> encode(List<E> examples, Targets<I, E, P> targets) {
        List<TokenizedText> tokens = examples.stream()
                .map(example -> spec.tokens(encoder, spec.input(example)))
                .toList();
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

    private List<String> notes(List<E> train, List<E> validation, List<EncodedText> encoded, List<EncodedText> held) {
        List<String> notes = new ArrayList<>();
        long cut = encoded.stream().filter(example -> example.tokens().cut()).count()
                + held.stream().filter(example -> example.tokens().cut()).count();
        if (cut > 0) {
            notes.add(cut + " of " + (encoded.size() + held.size()) + " texts are longer than " + encoder.maxLength()
                    + " tokens and were cut; encoder.withMaxLength(...) takes more of them");
        }
        Map<List<String>, Integer> known = new LinkedHashMap<>();
        for (int i = 0; i < train.size(); i++) {
            known.putIfAbsent(spec.texts(spec.input(train.get(i))), i);
        }
        List<String> twice = new ArrayList<>();
        for (int i = 0; i < validation.size(); i++) {
            Integer at = known.get(spec.texts(spec.input(validation.get(i))));
            if (at != null) {
                twice.add("train[" + at + "] = validation[" + i + "]");
            }
        }
        if (!twice.isEmpty()) {
            notes.add(twice.size()
                    + " texts of the validation part are in the training part, too, so scores on it are too" + " high: "
                    + MessageText.values(twice));
        }
        return notes;
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
        Arguments.required(inputs, name + ".predict: inputs", "a list of texts");
        Fitted<I, E, P> now = requireFitted("predict");
        Problems problems = new Problems();
        for (int i = 0; i < inputs.size(); i++) {
            I input = inputs.get(i);
            problems.check(
                    input != null && spec.texts(input).stream().noneMatch(String::isBlank),
                    "input " + i + " is " + (input == null ? "null" : "an empty text") + ", expected words");
        }
        problems.throwIfAny(name + ".predict");
        List<TokenizedText> tokens = new ArrayList<>();
        inputs.forEach(input -> tokens.add(spec.tokens(encoder, input)));
        TokenRows.requireFit(name + ".predict", tokens, encoder.weights().config());
        float[][] logits = now.model().outputs(tokens);
        List<P> predictions = new ArrayList<>();
        for (int i = 0; i < logits.length; i++) {
            predictions.add(now.targets().decode(inputs.get(i), tokens.get(i), logits[i]));
        }
        return predictions;
    }

    /**
     * Compares predictions with what is true. Labels and tags that were never learned count as wrong, and are told in the log.
     *
     * @param examples the examples, none of them learned from
     * @return the numbers
     * @throws IllegalStateException as {@link #predict(Object)}
     * @throws IllegalArgumentException if there is no example, one is null or a text is empty; the message lists every problem
     */
    public R evaluate(List<E> examples) {
        Arguments.required(examples, name + ".evaluate: examples", "a list of examples");
        if (examples.isEmpty()) {
            throw new IllegalArgumentException(name + ".evaluate: no examples; expected one or more.");
        }
        Targets<I, E, P> targets = learned("evaluate");
        Problems problems = new Problems();
        checkTexts(examples, "examples", problems);
        problems.throwIfAny(name + ".evaluate");
        List<I> inputs = new ArrayList<>();
        Problems unknown = new Problems();
        for (int i = 0; i < examples.size(); i++) {
            inputs.add(spec.input(examples.get(i)));
            targets.check(examples.get(i), "examples[" + i + "]", unknown);
        }
        if (!unknown.isEmpty()) {
            LOG.warn("{}. These count as wrong.", unknown.message(name + ".evaluate"));
        }
        return spec.evaluate(examples, predict(inputs));
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
        synchronized (this) {
            TaskFiles.save(name + ".save", directory, now.model(), fields);
        }
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

    /**
     * Takes up what {@link #save} wrote, for the {@code load} of a task's class.
     *
     * @param directory the directory
     * @return this
     * @throws IOException if a file is missing or damaged, or is of another task or for another encoder
     */
    protected final T read(Path directory) throws IOException {
        Map<String, Object> fields = SavedEncoder.read(directory, spec.kind().name(), name, encoder);
        Path file = directory.resolve(TaskFiles.DESCRIPTION);
        Targets<I, E, P> targets = spec.targets(file, fields);
        TaskModel model = TaskFiles.load(directory, fields, parts, new TargetHead(name, targets));
        fitted = new Fitted<>(model, targets, null);
        return self();
    }

    /**
     * What the last {@code fit} did.
     *
     * @return the report
     * @throws IllegalStateException if nothing was learned here: not yet, or by the task that was loaded
     */
    public TextFitReport report() {
        TextFitReport report = requireFitted("report").report();
        if (report == null) {
            throw new IllegalStateException(
                    name + ".report: this task was loaded; expected one that was fitted here. Call fit(...) first.");
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
        TaskModel model = requireFitted("model").model();
        return model.adapted()
                .orElseThrow(() -> new IllegalStateException(name + ".model: "
                        + (model.tuning() == Tuning.FULL ? "all weights were trained" : "the head alone was trained")
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
        Problems problems = new Problems();
        checkTexts(examples, "examples", problems);
        problems.throwIfAny(name + ".batches");
        for (int i = 0; i < examples.size(); i++) {
            targets.check(examples.get(i), "examples[" + i + "]", problems);
        }
        problems.throwIfAny(name + ".batches");
        return LabeledRows.single(encode(examples, targets), new TargetHead(name, targets), parts);
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
        Fitted<I, E, P> now = fitted;
        if (now == null) {
            throw new IllegalStateException(
                    name + "." + call + ": nothing was learned yet; expected fit(...) or load(...) before it.");
        }
        return now;
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
