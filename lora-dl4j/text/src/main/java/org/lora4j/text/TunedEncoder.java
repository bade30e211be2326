/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.text.TaskEvidence;
import org.lora4j.internal.text.TaskFiles;
import org.lora4j.internal.text.TaskModel;
import org.lora4j.internal.text.TextOptions;
import org.lora4j.internal.text.Tuning;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Holdout;
import org.lora4j.train.RunReceipt;
import org.lora4j.train.TrainingPlan;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.ExamplePreview;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.Receipt;
import org.lora4j.weights.ModelWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An encoder that learns from examples, and what was learned: what tasks with a head and {@link SentenceEncoder} have in common.
 *
 * <p><b>State.</b> A fit that fails leaves what was there before.
 *
 * <p><b>Threads.</b> Saving and reading may run in many threads at once. One fit at a time. The state of {@link #model} must not change
 * while others predict.
 *
 * @param <E> an example to learn from
 * @param <T> the class itself
 * @apiNote Status: stable
 */
public abstract class TunedEncoder<E, T extends TunedEncoder<E, T>> implements AutoCloseable {

    private static final String RESUME = "resume";
    private static final String TRAIN = "train";
    private static final String VALIDATION = "validation";
    private static final int SHOWN = 3;

    private final Logger log;
    private final String name = getClass().getSimpleName();
    private final TextOptions options;
    private volatile boolean closed;
    private boolean ownsEncoder;

    /** What is there after a fit or a load; no report where a directory had none. */
    interface Tuned {

        TaskModel model();

        TextFitReport report();

        Optional<TaskEvidence> evidence();
    }

    TunedEncoder(TextOptions options, Class<?> logged) {
        this.options = options;
        this.log = LoggerFactory.getLogger(logged);
    }

    /**
     * The object itself, as its class.
     *
     * @return this
     */
    protected abstract T self();

    /** Looks through a list; what is wrong goes into the problems. */
    abstract CheckedExamples<E> checked(
            List<E> examples, String where, boolean skipEmpty, Problems problems, List<String> notes);

    /** By what a part is kept back: examples with equal values are in both parts. Refuses examples of which nothing can be learned. */
    abstract Function<E, Object> strata(CheckedExamples<E> all);

    /**
     * Learns.
     *
     * @param resumed whether from the latest checkpoint on
     * @param taken whether the validation part was taken from the examples
     */
    abstract void learn(
            boolean resumed,
            CheckedExamples<E> train,
            CheckedExamples<E> validation,
            boolean taken,
            List<String> notes);

    /** How each of some examples is shown. */
    abstract Function<E, ExamplePreview.Example> shown(CheckedExamples<E> all);

    /** What was learned; null before. */
    abstract Tuned tuned();

    /** What a directory says of it, beside the report. */
    abstract Map<String, Object> saved(Tuned now);

    /** The name of the file that says so. */
    abstract String description();

    /** Reads what was just written, as {@code load} would. */
    abstract TaskModel readBack(Path directory, Map<String, Object> fields, Tuned now) throws IOException;

    /** Writes it where others run it. */
    abstract void export(String where, Path directory, Tuned now) throws IOException;

    /** The hashes of the encoder, for a receipt. */
    abstract Map<String, String> hashes();

    /** Closes the encoder, if this is the only one that has it. */
    abstract void closeEncoder();

    /** Behind "nothing was learned yet", why that may be so. */
    String whyNothing() {
        return "";
    }

    /** What was trained, where there is no adapter. */
    String trainedInstead(Tuned now) {
        return now.model().tuning() == Tuning.FULL ? "all weights were trained" : "the head alone was trained";
    }

    /** The name of the class. */
    final String name() {
        return name;
    }

    /** How it learns. */
    final TextOptions options() {
        return options;
    }

    /** Closes the encoder with this. */
    final void ownEncoder() {
        ownsEncoder = true;
    }

    /** Says what the user has to know, in the log of the class. */
    final void warn(String call, List<String> notes) {
        notes.forEach(note -> log.warn("{}{}: {}", name, call, note));
    }

    /** Says how a fit ended, in the log of the class. */
    final void say(TextFitReport report) {
        log.info("{}: {}", name, report.line());
    }

    /**
     * Learns; a part of the examples is kept back to choose by (the best epoch, and the cost of a head), as {@code validationFraction}
     * of the builder says.
     *
     * @param train the examples
     * @return this
     * @throws IllegalArgumentException if there is no example, an input is empty, an example is none that can be learned, or there is
     *     nothing to tell apart: a single label or tag, one number, equal relevance; the message lists every problem
     */
    public T fit(List<E> train) {
        return learnAll("fit", train);
    }

    /**
     * Learns.
     *
     * @param train the examples to learn from
     * @param validation the examples to choose the best epoch by, and the cost of a head; none of them in {@code train}, which is told in
     *     the {@link #report}
     * @return this
     * @throws IllegalArgumentException as {@link #fit(List)}, and if {@code validation} is empty, of another kind, or has a label or tag
     *     that {@code train} does not have
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
        CheckedExamples<E> all = checked(train, TRAIN, call, options.skipEmpty(), notes);
        Holdout.Split<E> split = options.fit().holdout().of(all.examples(), strata(all));
        learn(
                call.equals(RESUME),
                CheckedExamples.part(TRAIN, split.train()),
                CheckedExamples.part(VALIDATION, split.validation()),
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
        CheckedExamples<E> learned = checked(train, TRAIN, options.skipEmpty(), problems, notes);
        CheckedExamples<E> held = checked(validation, VALIDATION, options.skipEmpty(), problems, notes);
        problems.throwIfAny(name + "." + call);
        if (held.examples().isEmpty()) {
            throw new IllegalArgumentException(
                    name + "." + call + ": the validation part is empty; expected examples to choose by,"
                            + " none of them in the training part. " + call + "(train) makes one.");
        }
        learn(call.equals(RESUME), learned, held, false, notes);
        return self();
    }

    /** Looks through a list by itself. */
    final CheckedExamples<E> checked(
            List<E> examples, String where, String call, boolean skipEmpty, List<String> notes) {
        Problems problems = new Problems();
        CheckedExamples<E> checked = checked(examples, where, skipEmpty, problems, notes);
        problems.throwIfAny(name + "." + call);
        return checked;
    }

    /** Adds the first examples as the model gets them. */
    final Preflight showing(Preflight found, CheckedExamples<E> train, Function<E, ExamplePreview.Example> shown) {
        return found.showing(TextPreview.of(train.examples(), SHOWN, shown).examples().stream()
                .map(Object::toString)
                .toList());
    }

    /** Checks what a fit gave, and takes note of it for a receipt; a model that did not change is closed. */
    final TaskEvidence evidence(
            String task,
            TaskModel model,
            TrainingPlan plan,
            TextFitReport report,
            DataHashes train,
            DataHashes validation) {
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
                task, model, this::hashes, data, plan, options.fit().seed(), report);
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
        return TextPreview.of(all.examples(), count, shown(all));
    }

    /**
     * Writes what was learned: with LoRA a PEFT directory ({@code adapter_config.json}, {@code adapter_model.safetensors}, a head among
     * {@code modules_to_save}), and beside it {@code lora4j_text.json}, of images {@code lora4j_image.json}, with the labels and what the
     * encoder has to be, and a receipt of the training. The encoder itself is not written. A head alone, and all weights, are written as
     * safetensors of our own.
     *
     * @param directory where to; created if missing, files of an earlier save are replaced, all at once
     * @throws IOException if it cannot be written; what was there before is unchanged then
     * @throws IllegalStateException if nothing was learned yet
     */
    public void save(Path directory) throws IOException {
        Arguments.required(directory, name + ".save: directory", "a directory to write to");
        Tuned now = requireTuned("save");
        Map<String, Object> fields = new LinkedHashMap<>(saved(now));
        if (now.report() != null) {
            fields.put("report", now.report().fields());
        }
        synchronized (this) {
            TaskFiles.save(
                    name + ".save",
                    directory,
                    description(),
                    now.model(),
                    fields,
                    now.evidence().flatMap(evidence -> evidence.receipt(name + ".save", now.model())),
                    (staging, written) -> readBack(staging, written, now));
        }
    }

    /**
     * What the training was, as {@link #save} writes it.
     *
     * @return the receipt; empty if this was loaded from a directory without one, or what was trained was changed since
     * @throws IllegalStateException if nothing was learned yet
     */
    public Optional<Receipt> receipt() {
        Tuned now = requireTuned("receipt");
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
        export(name + ".export", directory, requireTuned("export"));
    }

    /**
     * What the last {@code fit} did, here or before this was saved.
     *
     * @return the report
     * @throws IllegalStateException if nothing was learned yet, or this was loaded from a directory without a report
     */
    public TextFitReport report() {
        TextFitReport report = requireTuned("report").report();
        if (report == null) {
            throw new IllegalStateException(
                    name
                            + ".report: there is none, as the directory that this was loaded from has none, or the adapter was adopted;"
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
        Tuned now = requireTuned("model");
        return now.model()
                .adapted()
                .orElseThrow(() -> new IllegalStateException(name + ".model: " + trainedInstead(now)
                        + "; expected an adapter. graph() gives what was trained."));
    }

    /**
     * The graph that results are computed by: of a task {@code logits} among its variables, of a {@link SentenceEncoder} {@code pooled}.
     *
     * @return the live graph: with an adapter, that of {@link #model}
     * @throws IllegalStateException if nothing was learned yet
     */
    public SameDiff graph() {
        TaskModel model = requireTuned("graph").model();
        return model.adapted().map(AdaptedSameDiff::graph).orElseGet(model::graph);
    }

    /**
     * What was learned, as a value to combine, compare or serve.
     *
     * @return a copy of the adapter, a head in it
     * @throws IllegalStateException as {@link #model}
     */
    public Adapter adapter() {
        return model().adapter(AdaptedSameDiff.DEFAULT_ADAPTER);
    }

    /**
     * All weights as they were learned: an adapter merged into those of the encoder, or all of them trained in full, and a head. Exports
     * take them: {@code HuggingFaceExport.of(encoder).weights(task.weights())}.
     *
     * @return by PyTorch's names, without a prefix, and in its layout; not to be written to
     * @throws IllegalStateException if nothing was learned yet
     */
    public ModelWeights weights() {
        return requireTuned("weights").model().parameters();
    }

    /** What is there to use; a fit that goes on is not waited for. */
    final Tuned requireTuned(String call) {
        requireOpen();
        Tuned now = tuned();
        if (now == null) {
            throw new IllegalStateException(name + "." + call
                    + ": nothing was learned yet; expected fit(...) or load(...) before it." + whyNothing());
        }
        return now;
    }

    final void requireOpen() {
        if (closed) {
            throw new IllegalStateException(name + ": it is closed; expected an open one. Load it again.");
        }
    }

    /** Frees what results are computed with; the encoder stays open, unless {@code load(directory, folders)} found it. */
    @Override
    public void close() {
        closed = true;
        closeModel();
        if (ownsEncoder) {
            closeEncoder();
        }
    }

    /** Frees what results are computed with. */
    abstract void closeModel();
}
