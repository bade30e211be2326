/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.Arguments;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.image.ImageParts;
import org.lora4j.internal.image.ImageShelf;
import org.lora4j.internal.image.Pixels;
import org.lora4j.internal.text.EncodedText;
import org.lora4j.internal.text.FitRun;
import org.lora4j.internal.text.LabeledRows;
import org.lora4j.internal.text.LinearHead;
import org.lora4j.internal.text.TaskFiles;
import org.lora4j.internal.text.TaskFit;
import org.lora4j.internal.text.TaskModel;
import org.lora4j.internal.text.TextOptions;
import org.lora4j.internal.text.Tuning;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.LabelTargets;
import org.lora4j.text.LabelTargets.LabelSettings;
import org.lora4j.text.Prediction;
import org.lora4j.text.TextFitReport;
import org.lora4j.train.Batch;
import org.lora4j.train.FitOptions;
import org.lora4j.train.FitSettings;
import org.lora4j.train.Holdout;
import org.lora4j.train.Progress;
import org.lora4j.weights.ModelWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the label of an image, or its labels. It learns as text tasks do: a head on the vectors of the frozen encoder first, then LoRA
 * together with the head, and whichever is better is kept.
 *
 * <pre>{@code
 * ImageEncoder encoder = ImageEncoder.load(Path.of("models/dinov2-small"));
 * List<LabeledImage> train = LabeledImage.folder(Path.of("signs"));
 * ImageClassifier classifier = ImageClassifier.builder(encoder).build().fit(train);
 * Prediction p = classifier.predict(Image.read(Path.of("sign.png")));
 * classifier.save(Path.of("classifier"));
 * }</pre>
 *
 * <p><b>State.</b> Before {@code fit} there is nothing to predict with. A fit that fails leaves what was there before.
 *
 * <p><b>Threads.</b> Predictions, evaluations and saving may run in many threads at once. One fit at a time, during which predictions
 * are those of before. The state of {@link #model} must not change while others predict.
 *
 * @apiNote Status: experimental
 */
public final class ImageClassifier implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ImageClassifier.class);
    private static final String NAME = "ImageClassifier";
    private static final double NANOS = 1e9;

    /** In the file: whether the head takes what that of the encoder's file takes. */
    private static final String AS_READ = "headAsInFile";

    private final ImageEncoder encoder;
    private final LabelSettings settings;
    private final Augmentation augmentation;
    private final TextOptions options;

    private volatile Fitted fitted;
    private volatile boolean closed;
    private boolean ownsEncoder;

    /** What is there after a fit or a load; no report where a directory had none. */
    private record Fitted(
            TaskModel model, ImageParts parts, LabelTargets<Image, LabeledImage> targets, TextFitReport report) {}

    private ImageClassifier(Builder builder) {
        this.encoder = builder.encoder;
        this.settings = builder.settings();
        this.augmentation = builder.augmentation;
        this.options = builder.taskOptions();
    }

    /**
     * Starts a classifier.
     *
     * @param encoder the encoder; shared, and never changed
     * @return a builder, which needs no further call
     */
    public static Builder builder(ImageEncoder encoder) {
        return new Builder(Arguments.required(encoder, NAME + ".builder: encoder", "an ImageEncoder"));
    }

    /**
     * Reads a classifier that was fine-tuned elsewhere: a directory of Hugging Face whose class is one {@code ForImageClassification},
     * with its encoder, its head and its labels. It predicts what Python does. A {@link #fit} learns a new head.
     *
     * @param directory of Hugging Face Transformers
     * @return the classifier
     * @throws IOException as {@link ImageEncoder#load}, and if the file has no head
     */
    public static ImageClassifier load(Path directory) throws IOException {
        Arguments.required(directory, NAME + ".load: directory", "a directory of a classifier");
        if (Files.exists(directory.resolve(TaskFiles.DESCRIPTION))) {
            return load(directory, new Path[0]);
        }
        ImageEncoder encoder = ImageEncoder.load(directory);
        INDArray[] head = encoder.weights()
                .linearHead()
                .orElseThrow(() -> new ModelFormatException(directory + ": the model has no head; expected the weights"
                        + " of a class for image classification. Train one: ImageClassifier.builder(encoder)."));
        ImageClassifier classifier = builder(encoder).build();
        classifier.ownsEncoder = true;
        ImageParts parts = encoder.parts(true, Augmentation.NONE);
        LabelTargets<Image, LabeledImage> targets = LabelTargets.read(
                directory,
                Map.of(
                        "labels",
                        labels(encoder, (int) head[1].length()),
                        "several",
                        encoder.weights().config().hasSeveralLabels(),
                        "threshold",
                        classifier.settings.threshold()),
                LabeledImage::labels,
                classifier.settings);
        LinearHead linear = new LinearHead(
                parts.width(false), targets.names().size(), head[0].ravel().toFloatVector(), head[1].toFloatVector());
        TaskModel model = TaskModel.of(parts, new ImageHead(targets).kind(), linear);
        classifier.fitted = new Fitted(model, parts, targets, null);
        return classifier;
    }

    private static List<String> labels(ImageEncoder encoder, int outputs) {
        List<String> labels = new ArrayList<>(encoder.labels());
        for (int i = labels.size(); i < outputs; i++) {
            labels.add("LABEL_" + i);
        }
        return labels;
    }

    /**
     * Reads a classifier that {@link #save} wrote.
     *
     * @param directory where {@link #save} wrote it
     * @param encoder the encoder that it was made with
     * @return the classifier, which predicts what the saved one did
     * @throws IOException if a file is missing or damaged, or the encoder is another one; the message lists every difference
     */
    public static ImageClassifier load(Path directory, ImageEncoder encoder) throws IOException {
        Arguments.required(directory, NAME + ".load: directory", "a directory that save wrote");
        Arguments.required(encoder, NAME + ".load: encoder", "an encoder, such as ImageEncoder.load(directory)");
        Map<String, Object> fields = SavedImageEncoder.read(directory, encoder);
        Path file = directory.resolve(TaskFiles.DESCRIPTION);
        ImageClassifier classifier = builder(encoder).build();
        LabelTargets<Image, LabeledImage> targets =
                LabelTargets.read(file, fields, LabeledImage::labels, classifier.settings);
        TextFitReport report = fields.get("report") == null ? null : TextFitReport.read(file, fields.get("report"));
        ImageParts parts = encoder.parts(Boolean.TRUE.equals(fields.get(AS_READ)), Augmentation.NONE);
        TaskModel model = TaskFiles.load(directory, fields, parts, new ImageHead(targets), false);
        classifier.fitted = new Fitted(model, parts, targets, report);
        return classifier;
    }

    /**
     * Reads a classifier that {@link #save} wrote and the encoder that it was made with, which is closed with it.
     *
     * @param directory where {@link #save} wrote it
     * @param encoderFolders folders below which the encoder may be looked for, by its path and its last names
     * @return the classifier, which predicts what the saved one did
     * @throws IOException as {@link #load(Path, ImageEncoder)}, and if the encoder is not found there or is a link to elsewhere
     */
    public static ImageClassifier load(Path directory, Path... encoderFolders) throws IOException {
        Arguments.required(directory, NAME + ".load: directory", "a directory that save wrote");
        ImageEncoder encoder = SavedImageEncoder.open(directory, encoderFolders);
        try {
            ImageClassifier classifier = load(directory, encoder);
            classifier.ownsEncoder = true;
            return classifier;
        } catch (IOException | RuntimeException e) {
            encoder.close();
            throw e;
        }
    }

    /**
     * Learns; a part of the examples is kept back to choose the head's cost and the best epoch by, as {@code validationFraction} of the
     * builder says.
     *
     * @param train the examples
     * @return this
     * @throws IllegalArgumentException if there is no example, one cannot be learned, or there is a single label; the message lists every
     *     problem
     */
    public ImageClassifier fit(List<LabeledImage> train) {
        Arguments.required(train, NAME + ".fit: train", "a list of examples");
        Problems problems = new Problems();
        CheckedImages all = CheckedImages.of("train", train, problems);
        problems.throwIfAny(NAME + ".fit");
        CheckedImages none = new CheckedImages("validation", List.of());
        LabelTargets<Image, LabeledImage> targets = targets(all, none);
        Holdout.Split<LabeledImage> split =
                options.fit().holdout().of(all.examples(), example -> settings.several() ? 0 : example.labels());
        learn(
                targets,
                new CheckedImages("train", split.train()),
                new CheckedImages("validation", split.validation()),
                true);
        return this;
    }

    /**
     * Learns.
     *
     * @param train the examples to learn from
     * @param validation the examples to choose the head's cost and the best epoch by; none of them in {@code train}, which is told in the
     *     {@link #report}
     * @return this
     * @throws IllegalArgumentException as {@link #fit(List)}, and if {@code validation} is empty or has a label that {@code train} does
     *     not have
     */
    public ImageClassifier fit(List<LabeledImage> train, List<LabeledImage> validation) {
        Arguments.required(train, NAME + ".fit: train", "a list of examples");
        Arguments.required(validation, NAME + ".fit: validation", "a list of examples; fit(train) makes one");
        Problems problems = new Problems();
        CheckedImages learned = CheckedImages.of("train", train, problems);
        CheckedImages held = CheckedImages.of("validation", validation, problems);
        problems.check(!validation.isEmpty(), "the validation part is empty, expected examples to choose by");
        problems.throwIfAny(NAME + ".fit");
        learn(targets(learned, held), learned, held, false);
        return this;
    }

    private LabelTargets<Image, LabeledImage> targets(CheckedImages train, CheckedImages validation) {
        Problems problems = new Problems();
        problems.check(!train.examples().isEmpty(), "no examples to learn from, expected some of each kind");
        problems.throwIfAny(NAME + ".fit");
        LabelTargets<Image, LabeledImage> targets =
                LabelTargets.of(NAME + ".fit", train.examples(), LabeledImage::labels, settings);
        train.check(targets, problems);
        validation.check(targets, problems);
        problems.throwIfAny(NAME + ".fit");
        return targets;
    }

    private synchronized void learn(
            LabelTargets<Image, LabeledImage> targets, CheckedImages train, CheckedImages validation, boolean taken) {
        requireOpen();
        long start = System.nanoTime();
        Progress progress = options.fit().progress(NAME + ".fit");
        List<String> notes = train.repeatedIn(validation);
        notes.forEach(note -> LOG.warn("{}: {}", NAME, note));
        ImageParts parts = encoder.parts(false, augmentation);
        Progress.Stage prepared = progress.stage(
                "preparation",
                "images",
                train.examples().size() + validation.examples().size());
        TaskFit.Outcome outcome;
        try (ImageShelf.Row learned = row(parts, train.images(), true, prepared);
                ImageShelf.Row held = row(parts, validation.images(), false, prepared)) {
            outcome = TaskFit.fit(
                    parts,
                    new ImageHead(targets),
                    options,
                    Optional.empty(),
                    encoded(train, learned, targets),
                    encoded(validation, held, targets),
                    taken,
                    progress);
        }
        TextFitReport report = new TextFitReport(
                train.examples().size(),
                validation.examples().size(),
                options.fit().learningRate(),
                outcome.cost(),
                targets.metric(),
                targets.higherIsBetter(),
                validation.examples().isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(outcome.headScore()),
                outcome.score(),
                outcome.startKept(),
                outcome.gain(),
                outcome.training(),
                notes,
                (System.nanoTime() - start) / NANOS);
        if (!progress.isNone()) {
            LOG.info("{}: {}", NAME, report.line());
        }
        Fitted before = fitted;
        fitted = new Fitted(outcome.model(), parts, targets, report);
        if (before != null) {
            before.model().close();
        }
    }

    private static ImageShelf.Row row(ImageParts parts, List<Image> images, boolean learned, Progress.Stage stage) {
        List<Pixels> pixels = images.stream().map(Image::pixels).toList();
        return parts.row(pixels, learned, () -> stage.advance(1));
    }

    private static List<EncodedText> encoded(
            CheckedImages images, ImageShelf.Row row, LabelTargets<Image, LabeledImage> targets) {
        List<EncodedText> encoded = new ArrayList<>();
        for (int i = 0; i < images.examples().size(); i++) {
            var tokens = row.tokens().get(i);
            encoded.add(new EncodedText(tokens, targets.encode(images.examples().get(i), tokens)));
        }
        return encoded;
    }

    /**
     * Predicts for an image.
     *
     * @param image the image
     * @return the prediction
     * @throws IllegalStateException if nothing was learned yet, or this is closed
     */
    public Prediction predict(Image image) {
        Arguments.required(image, NAME + ".predict: image", "an image");
        return predict(List.of(image)).get(0);
    }

    /**
     * Predicts for many images at once.
     *
     * @param images the images
     * @return a prediction for each, in their order
     * @throws IllegalStateException as {@link #predict(Image)}
     */
    public List<Prediction> predict(List<Image> images) {
        Arguments.allRequired(images, NAME + ".predict: images", "an image");
        Fitted now = requireFitted("predict");
        float[][] logits = logits(now, images, options.fit().progress(NAME + ".predict"));
        List<Prediction> predictions = new ArrayList<>();
        for (int i = 0; i < logits.length; i++) {
            predictions.add(now.targets().decode(images.get(i), null, logits[i]));
        }
        return predictions;
    }

    private static float[][] logits(Fitted now, List<Image> images, Progress progress) {
        Progress.Stage prepared = progress.stage("preparation", "images", images.size());
        try (ImageShelf.Row row = row(now.parts(), images, false, prepared)) {
            return now.model().outputs(row.tokens(), progress.stage("", "images", images.size()));
        }
    }

    /**
     * Compares predictions with what is true.
     *
     * @param examples the examples, none of them learned from
     * @return the numbers
     * @throws IllegalStateException as {@link #predict(Image)}
     * @throws IllegalArgumentException if there is no example, one is null, or a label is none that was learned; the message lists every
     *     problem with its examples
     */
    public LabelEvaluation evaluate(List<LabeledImage> examples) {
        Arguments.required(examples, NAME + ".evaluate: examples", "a list of examples");
        Fitted now = requireFitted("evaluate");
        Problems problems = new Problems();
        problems.check(!examples.isEmpty(), "no examples, expected one or more");
        CheckedImages checked = known(now, "evaluate", examples, problems);
        return LabelEvaluation.of(
                checked.examples().stream().map(LabeledImage::labels).toList(),
                predict(checked.images()).stream().map(Prediction::labels).toList());
    }

    /**
     * Shows which parts of an image speak for a label: the image is divided into cells, each is covered by the mean of what the model was
     * trained with, and what that takes from the label's number before softmax or sigmoid is what the cell gave to it.
     *
     * @param image the image
     * @param label one of {@link #labels}
     * @param cells rows and columns of the division, such as 7; more are finer and cost more, one output of the model for each
     * @return the contributions
     * @throws IllegalStateException as {@link #predict(Image)}
     * @throws IllegalArgumentException if the label is none that was learned, or there are too few or more cells than pixels
     */
    public PatchExplanation explain(Image image, String label, int cells) {
        Arguments.required(image, NAME + ".explain: image", "an image");
        Arguments.required(label, NAME + ".explain: label", "a label");
        Fitted now = requireFitted("explain");
        int output = now.targets().labels().indexOf(label);
        Problems problems = new Problems();
        problems.check(
                output >= 0,
                "label = \"" + label + "\", expected one of "
                        + Problems.quoted(now.targets().labels()));
        int most = Math.min(encoder.height(), encoder.width());
        problems.check(cells >= 1 && cells <= most, "cells = " + cells + ", expected 1 to " + most);
        problems.throwIfAny(NAME + ".explain");
        Progress progress = options.fit().progress(NAME + ".explain");
        return PatchExplanation.of(
                encoder,
                image,
                label,
                cells,
                images -> Stream.of(logits(images, now, progress))
                        .mapToDouble(row -> row[output])
                        .toArray());
    }

    private static float[][] logits(List<Pixels> framed, Fitted now, Progress progress) {
        try (ImageShelf.Row row = now.parts().framedRow(framed)) {
            return now.model().outputs(row.tokens(), progress.stage("covered cells", "images", framed.size()));
        }
    }

    /**
     * Writes what was learned: with LoRA a PEFT directory ({@code adapter_config.json}, {@code adapter_model.safetensors}, the head among
     * {@code modules_to_save}), and beside it {@code lora4j_text.json} with the labels and what the encoder has to be. The encoder itself
     * is not written.
     *
     * @param directory where to; created if missing, files of an earlier save are replaced, all at once
     * @throws IOException if it cannot be written; what was there before is unchanged then
     * @throws IllegalStateException if nothing was learned yet
     */
    public void save(Path directory) throws IOException {
        Arguments.required(directory, NAME + ".save: directory", "a directory to write to");
        Fitted now = requireFitted("save");
        Map<String, Object> fields = new LinkedHashMap<>(SavedImageEncoder.fields(encoder));
        fields.put(AS_READ, now.parts().isAsRead());
        fields.putAll(now.targets().description());
        if (now.report() != null) {
            fields.put("report", now.report().fields());
        }
        synchronized (this) {
            TaskFiles.save(
                    NAME + ".save",
                    directory,
                    now.model(),
                    fields,
                    Optional.empty(),
                    (staging, written) ->
                            TaskFiles.load(staging, written, now.parts(), new ImageHead(now.targets()), true));
        }
    }

    /**
     * Writes what was learned, merged, as a directory of Hugging Face: {@code config.json} with the labels, {@code model.safetensors},
     * {@code preprocessor_config.json}. Transformers, and {@link #load(Path)}, read it as the class for image classification.
     *
     * @param directory where to; must not exist
     * @throws IOException if it exists or cannot be written; nothing is left behind then
     * @throws IllegalStateException if nothing was learned yet
     */
    public void export(Path directory) throws IOException {
        Arguments.required(directory, NAME + ".export: directory", "a directory to write to");
        Fitted now = requireFitted("export");
        ImageExport.write(
                NAME + ".export",
                directory,
                encoder,
                now.model().parameters(),
                now.targets().labels(),
                now.targets().head());
    }

    /**
     * The labels that it tells apart.
     *
     * @return in the order of its outputs
     * @throws IllegalStateException if nothing was learned yet
     */
    public List<String> labels() {
        return requireFitted("labels").targets().labels();
    }

    /**
     * What the last {@code fit} did, here or before this was saved.
     *
     * @return the report
     * @throws IllegalStateException if nothing was learned yet, or this was loaded from a directory without a report
     */
    public TextFitReport report() {
        TextFitReport report = requireFitted("report").report();
        if (report == null) {
            throw new IllegalStateException(NAME + ".report: the directory that this was loaded from has no report;"
                    + " expected one that save wrote after a fit. Call fit(...).");
        }
        return report;
    }

    /**
     * The adapted graph, with all that adapters can do.
     *
     * @return the live model
     * @throws IllegalStateException if nothing was learned yet, or no adapter was
     */
    public AdaptedSameDiff model() {
        return requireFitted("model")
                .model()
                .adapted()
                .orElseThrow(() -> new IllegalStateException(
                        NAME + ".model: no adapter was learned; expected one. graph() gives what predicts."));
    }

    /**
     * The graph that predictions are computed by, {@code pixel_values} and {@code logits} among its variables.
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
     * All weights as they were learned, an adapter merged, and the head.
     *
     * @return by PyTorch's names, without a prefix, and in its layout; not to be written to
     * @throws IllegalStateException if nothing was learned yet
     */
    public ModelWeights weights() {
        return requireFitted("weights").model().parameters();
    }

    /**
     * Examples as {@link #model} learns from them, each a batch of its own, in their order: for what asks for the loss or the gradient of
     * one example, such as an advisor or the influence of examples.
     *
     * @param examples the examples
     * @return a batch for each; its arrays are the caller's
     * @throws IllegalStateException as {@link #predict(Image)}
     * @throws IllegalArgumentException if an example is null, or a label is none that was learned; the message lists every problem
     */
    public List<Batch> batches(List<LabeledImage> examples) {
        Arguments.required(examples, NAME + ".batches: examples", "a list of examples");
        Fitted now = requireFitted("batches");
        CheckedImages checked = known(now, "batches", examples, new Problems());
        try (ImageShelf.Row row =
                row(now.parts(), checked.images(), false, Progress.none().stage("", "images", 0))) {
            return LabeledRows.single(encoded(checked, row, now.targets()), new ImageHead(now.targets()), now.parts());
        }
    }

    /** Examples with labels that this knows. */
    private static CheckedImages known(Fitted now, String call, List<LabeledImage> examples, Problems problems) {
        CheckedImages checked = CheckedImages.of("examples", examples, problems);
        checked.check(now.targets(), problems);
        problems.throwIfAny(NAME + "." + call);
        return checked;
    }

    /**
     * The encoder.
     *
     * @return the encoder that this was made with
     */
    public ImageEncoder encoder() {
        return encoder;
    }

    private Fitted requireFitted(String call) {
        requireOpen();
        Fitted now = fitted;
        if (now == null) {
            throw new IllegalStateException(
                    NAME + "." + call + ": nothing was learned yet; expected fit(...) or load(...) before it.");
        }
        return now;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(NAME + ": it is closed; expected an open one. Load it again.");
        }
    }

    /** Frees what predictions keep; the encoder stays open, unless {@code load} found it. */
    @Override
    public void close() {
        closed = true;
        Fitted now = fitted;
        if (now != null) {
            now.model().close();
        }
        if (ownsEncoder) {
            encoder.close();
        }
    }

    /**
     * Collects what a classifier needs. Without any call: LoRA of rank 8 on all linear layers, three epochs of batches of at most 32
     * images as they are, and the best epoch on the validation part kept.
     *
     * @apiNote Status: experimental
     */
    public static final class Builder extends FitSettings<Builder> {

        private static final int EPOCHS = 3;
        private static final int PATIENCE = 4;
        private static final int PLACE_BUDGET = 8192;
        private static final double RATE = 2e-3;
        private static final double HEAD_RATE = 2e-3;
        private static final double FULL_RATE = 5e-5;
        private static final double FULL_HEAD_RATE = 1e-3;

        private final ImageEncoder encoder;
        private Augmentation augmentation = Augmentation.NONE;
        private boolean headOnly;
        private OptionalInt batchSize = OptionalInt.empty();
        private OptionalDouble headLearningRate = OptionalDouble.empty();
        private boolean several;
        private double threshold = 0.5;
        private boolean balanced;

        private Builder(ImageEncoder encoder) {
            super(EPOCHS, PATIENCE, PLACE_BUDGET);
            this.encoder = encoder;
        }

        @Override
        protected Builder self() {
            return this;
        }

        @Override
        protected double defaultRate(boolean allWeights) {
            return allWeights ? FULL_RATE : RATE;
        }

        /**
         * Changes images to learn from at random, in every epoch another way. The head alone, which comes first, learns from the images as
         * they are.
         *
         * @param changes how
         * @return this
         */
        public Builder augmentation(Augmentation changes) {
            augmentation = Arguments.required(changes, NAME + ".augmentation: changes", "an Augmentation");
            return this;
        }

        /**
         * Trains the head alone, on what the encoder gives as it is.
         *
         * @return this
         */
        public Builder headOnly() {
            headOnly = true;
            return this;
        }

        /**
         * Trains all weights, in a copy of the encoder.
         *
         * @return this
         */
        @Override
        public Builder fullFineTuning() {
            headOnly = false;
            return super.fullFineTuning();
        }

        /**
         * Sets the adapter that learns, of any method, in place of LoRA of rank 8 on all linear layers.
         *
         * @param config the config
         * @return this
         */
        @Override
        public Builder adapter(AdapterConfig config) {
            headOnly = false;
            return super.adapter(config);
        }

        /**
         * Sets the maximum number of images of a batch. By default it is a 32nd of the images to learn from, but at least
         * {@value TextOptions#FEWEST_IN_A_BATCH} and at most {@value TextOptions#MOST_IN_A_BATCH}.
         *
         * @param images 1 or more
         * @return this
         */
        public Builder batchSize(int images) {
            batchSize = OptionalInt.of(images);
            return this;
        }

        /**
         * Sets the highest learning rate of the head, {@value #HEAD_RATE} by default, {@value #FULL_HEAD_RATE} if all weights learn.
         *
         * @param rate a finite number above 0
         * @return this
         */
        public Builder headLearningRate(double rate) {
            headLearningRate = OptionalDouble.of(rate);
            return this;
        }

        /**
         * Lets an image have any number of labels, none included.
         *
         * @return this
         */
        public Builder severalLabels() {
            several = true;
            return this;
        }

        /**
         * Sets from which probability on a label is given, if there may be several; 0.5 by default.
         *
         * @param probability above 0 and below 1
         * @return this
         */
        public Builder threshold(double probability) {
            threshold = probability;
            return this;
        }

        /**
         * Lets every label count the same, however few examples it has. For images with one label.
         *
         * @return this
         */
        public Builder balancedLabels() {
            balanced = true;
            return this;
        }

        /**
         * Makes the classifier.
         *
         * @return the classifier, which has learned nothing yet
         * @throws IllegalArgumentException if a setting is out of its range, or two do not go together; the message lists every problem
         */
        public ImageClassifier build() {
            Problems problems = new Problems();
            check(problems);
            problems.throwIfAny(NAME);
            return new ImageClassifier(this);
        }

        @Override
        protected void check(Problems problems) {
            super.check(problems);
            batchSize.ifPresent(images -> problems.atLeast("batchSize", images, 1));
            headLearningRate.ifPresent(rate -> problems.finiteAboveZero("headLearningRate", rate));
            problems.check(
                    threshold > 0 && threshold < 1,
                    "threshold = " + threshold + ", expected a probability above 0 and below 1");
            problems.check(
                    !(balanced && several), "balancedLabels with severalLabels is not supported, expected one of them");
        }

        private LabelSettings settings() {
            return new LabelSettings(several, threshold, balanced, Map.of());
        }

        private TextOptions taskOptions() {
            FitOptions fit = options();
            Tuning tuning = fit.full() ? Tuning.FULL : Tuning.LORA;
            return new TextOptions(
                    fit,
                    headOnly ? Tuning.HEAD_ONLY : tuning,
                    // PEFT has no type of task for images.
                    fit.adapterFor(null, encoder.name(), EncoderClassifier.HEAD),
                    batchSize,
                    headLearningRate.orElse(fit.full() ? FULL_HEAD_RATE : HEAD_RATE),
                    false,
                    new FitRun(Optional.empty(), false));
        }
    }
}
