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
import java.util.stream.Stream;
import org.lora4j.error.Arguments;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.image.ImageParts;
import org.lora4j.internal.image.ImageShelf;
import org.lora4j.internal.image.Pixels;
import org.lora4j.internal.text.EncodedInputs;
import org.lora4j.internal.text.FitEncoder;
import org.lora4j.internal.text.LinearHead;
import org.lora4j.internal.text.TaskEvidence;
import org.lora4j.internal.text.TaskFiles;
import org.lora4j.internal.text.TaskModel;
import org.lora4j.text.EncoderTaskBuilder;
import org.lora4j.text.ExampleSpec;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.LabelTargets;
import org.lora4j.text.LabelTargets.LabelSettings;
import org.lora4j.text.NonTextTask;
import org.lora4j.text.Prediction;
import org.lora4j.text.Targets;
import org.lora4j.text.TaskInputs;
import org.lora4j.text.TextFitReport;
import org.lora4j.train.Progress;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.ExamplePreview;
import org.lora4j.trust.Receipt;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

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
 * @apiNote Status: experimental
 */
public final class ImageClassifier
        extends NonTextTask<Image, LabeledImage, Prediction, LabelEvaluation, ImageClassifier> {

    private static final String NAME = "ImageClassifier";

    /** In the file: whether the head takes what that of the encoder's file takes. */
    private static final String AS_READ = "headAsInFile";

    private final ImageEncoder encoder;
    private final boolean quiet;

    private ImageClassifier(Builder builder) {
        super(
                builder,
                new Spec(builder.settings()),
                new Images(builder.encoder, builder.augmentation),
                ImageClassifier.class);
        this.encoder = builder.encoder;
        this.quiet = builder.options().quiet();
    }

    @Override
    protected ImageClassifier self() {
        return this;
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
     * with its encoder, its head and its labels. It predicts what Python does. A {@code fit} learns a new head.
     *
     * @param directory of Hugging Face Transformers
     * @return the classifier
     * @throws IOException as {@link ImageEncoder#load}, and if the file has no head
     */
    public static ImageClassifier load(Path directory) throws IOException {
        Arguments.required(directory, NAME + ".load: directory", "a directory of a classifier");
        if (Files.exists(TaskFiles.file(directory))) {
            return load(directory, new Path[0]);
        }
        ImageEncoder encoder = ImageEncoder.load(directory);
        INDArray[] head = encoder.weights()
                .linearHead()
                .orElseThrow(() -> new ModelFormatException(directory + ": the model has no head; expected the weights"
                        + " of a class for image classification. Train one: ImageClassifier.builder(encoder)."));
        ImageClassifier classifier = builder(encoder).build();
        classifier.takeEncoder();
        ImageParts parts = encoder.parts(true, Augmentation.NONE);
        Targets<Image, LabeledImage, Prediction> targets = classifier
                .spec()
                .targets(
                        directory,
                        Map.of(
                                "labels",
                                labels(encoder, (int) head[1].length()),
                                "several",
                                encoder.weights().config().hasSeveralLabels(),
                                "threshold",
                                Builder.THRESHOLD));
        LinearHead linear = new LinearHead(
                parts.width(false), targets.names().size(), head[0].ravel().toFloatVector(), head[1].toFloatVector());
        TaskModel model = TaskModel.of(parts, new ImageHead(targets).kind(), linear);
        classifier.takeUp(new Learned<>(parts, model, targets), Optional.empty(), Optional.empty());
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
        Path file = TaskFiles.file(directory);
        ImageClassifier classifier = builder(encoder).build();
        Targets<Image, LabeledImage, Prediction> targets = classifier.spec().targets(file, fields);
        Optional<TextFitReport> report = fields.get("report") == null
                ? Optional.empty()
                : Optional.of(TextFitReport.read(file, fields.get("report")));
        ImageParts parts = encoder.parts(Boolean.TRUE.equals(fields.get(AS_READ)), Augmentation.NONE);
        TaskModel model = TaskFiles.load(directory, fields, parts, new ImageHead(targets), false);
        Optional<Receipt> receipt = TaskFiles.receipt(directory, model);
        SavedImageEncoder.requireTrained(directory, receipt, encoder);
        classifier.takeUp(
                new Learned<>(parts, model, targets), report, receipt.map(of -> TaskEvidence.loaded(model, of)));
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
            classifier.takeEncoder();
            return classifier;
        } catch (IOException | RuntimeException e) {
            encoder.close();
            throw e;
        }
    }

    /**
     * Shows which parts of an image speak for a label: the image is divided into cells, each is covered by the mean of what the model was
     * trained with, and what that takes from the label's number before softmax or sigmoid is what the cell gave to it.
     *
     * @param image the image
     * @param label one of {@link #labels}
     * @param cells rows and columns of the division, such as 7; more are finer and cost more, one output of the model for each
     * @return the contributions
     * @throws IllegalStateException as {@link #predict(Object)}
     * @throws IllegalArgumentException if the label is none that was learned, or there are too few or more cells than pixels
     */
    public PatchExplanation explain(Image image, String label, int cells) {
        Arguments.required(image, NAME + ".explain: image", "an image");
        Arguments.required(label, NAME + ".explain: label", "a label");
        Learned<Image, LabeledImage, Prediction> now = learnedModel("explain");
        int output = now.targets().names().indexOf(label);
        Problems problems = new Problems();
        problems.check(
                output >= 0,
                "label = \"" + label + "\", expected one of "
                        + Problems.quoted(now.targets().names()));
        int most = Math.min(encoder.height(), encoder.width());
        problems.check(cells >= 1 && cells <= most, "cells = " + cells + ", expected 1 to " + most);
        problems.throwIfAny(NAME + ".explain");
        Progress progress = quiet ? Progress.none() : Progress.of(NAME + ".explain");
        return PatchExplanation.of(
                encoder,
                image,
                label,
                cells,
                images -> Stream.of(logits(images, now, progress))
                        .mapToDouble(row -> row[output])
                        .toArray());
    }

    private static float[][] logits(
            List<Pixels> framed, Learned<Image, LabeledImage, Prediction> now, Progress progress) {
        try (ImageShelf.Row row = ((ImageParts) now.parts()).framedRow(framed)) {
            return now.model().outputs(row.tokens(), progress.stage("covered cells", "images", framed.size()));
        }
    }

    /**
     * The labels that it tells apart.
     *
     * @return in the order of its outputs
     * @throws IllegalStateException if nothing was learned yet
     */
    public List<String> labels() {
        return learned("labels").names();
    }

    /**
     * The encoder.
     *
     * @return the encoder that this was made with
     */
    public ImageEncoder encoder() {
        return encoder;
    }

    /** Images with labels. */
    private record Spec(LabelSettings settings)
            implements ExampleSpec<Image, LabeledImage, Prediction, LabelEvaluation> {

        @Override
        public Image input(LabeledImage example) {
            return example.image();
        }

        @Override
        public LabeledImage tidy(LabeledImage example) {
            List<String> labels = example.labels().stream().map(String::strip).toList();
            return labels.equals(example.labels()) ? example : new LabeledImage(example.image(), labels);
        }

        @Override
        public List<String> labels(LabeledImage example) {
            return example.labels();
        }

        @Override
        public Targets<Image, LabeledImage, Prediction> targets(List<LabeledImage> train) {
            return LabelTargets.of(NAME + ".fit", train, LabeledImage::labels, settings);
        }

        @Override
        public Targets<Image, LabeledImage, Prediction> targets(Path file, Map<String, Object> description)
                throws IOException {
            return LabelTargets.read(file, description, LabeledImage::labels, settings);
        }

        @Override
        public LabelEvaluation evaluate(List<LabeledImage> examples, List<Prediction> predictions) {
            return LabelEvaluation.of(
                    examples.stream().map(LabeledImage::labels).toList(),
                    predictions.stream().map(Prediction::labels).toList());
        }
    }

    /** Images as rows of places of an encoder. */
    private record Images(ImageEncoder encoder, Augmentation augmentation) implements TaskInputs<Image, LabeledImage> {

        @Override
        public Words words() {
            // PEFT has no type of task for images.
            return new Words(SavedImageEncoder.TASK, null, TaskFiles.OF_IMAGES, "an image", "preparation");
        }

        @Override
        public FitEncoder toFit() {
            return encoder.parts(false, augmentation);
        }

        @Override
        public EncodedInputs encoded(
                FitEncoder parts, List<? extends Image> images, boolean learned, String where, Progress.Stage stage) {
            List<Pixels> pixels = images.stream().map(Image::pixels).toList();
            return ((ImageParts) parts).row(pixels, learned, () -> stage.advance(1));
        }

        @Override
        public void hash(Image image, DataHashes.Gathering gathering) {
            Pixels pixels = image.pixels();
            gathering.number(pixels.width()).number(pixels.height()).text(Sha256.of(pixels.values()));
        }

        @Override
        public ExamplePreview.Example shown(LabeledImage example, Targets<Image, LabeledImage, ?> targets) {
            Image image = example.image();
            String size = image.width() + " x " + image.height() + " pixels, seen as " + encoder.width() + " x "
                    + encoder.height();
            return new ExamplePreview.Example(
                    List.of(new ExamplePreview.Part(size, false)),
                    String.join(", ", example.labels()),
                    encoder.parts(false, Augmentation.NONE).longest(),
                    1);
        }

        @Override
        public Map<String, String> hashes() {
            return Map.of(Receipt.BASE, encoder.hash());
        }

        @Override
        public Map<String, Object> saved(FitEncoder parts) {
            Map<String, Object> fields = new LinkedHashMap<>(SavedImageEncoder.fields(encoder));
            fields.put(AS_READ, ((ImageParts) parts).isAsRead());
            return fields;
        }

        @Override
        public String startsAnew() {
            return "every fit starts from the encoder, so what was learned before is replaced; to go on from it, write it by"
                    + " export(directory), and make the classifier over ImageEncoder.load(directory)";
        }

        @Override
        public void export(String where, Path directory, ModelWeights weights, Targets<Image, LabeledImage, ?> targets)
                throws IOException {
            ImageExport.write(where, directory, encoder, weights, targets.names(), targets.head());
        }

        @Override
        public void closeEncoder() {
            encoder.close();
        }
    }

    /**
     * Collects what a classifier needs. Without any call: LoRA of rank 8 on all linear layers, three epochs of batches of at most 32
     * images as they are, and the best epoch on the validation part kept.
     *
     * @apiNote Status: experimental
     */
    public static final class Builder extends EncoderTaskBuilder<Builder, ImageClassifier> {

        private static final double THRESHOLD = 0.5;
        private static final int PLACE_BUDGET = 8192;

        private final ImageEncoder encoder;
        private Augmentation augmentation = Augmentation.NONE;
        private boolean several;
        private double threshold = THRESHOLD;
        private boolean balanced;

        private Builder(ImageEncoder encoder) {
            super(NAME, encoder.name(), PLACE_BUDGET);
            this.encoder = encoder;
        }

        @Override
        protected Builder self() {
            return this;
        }

        @Override
        protected ImageClassifier make() {
            return new ImageClassifier(this);
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

        @Override
        protected void check(Problems problems) {
            super.check(problems);
            problems.check(
                    threshold > 0 && threshold < 1,
                    "threshold = " + threshold + ", expected a probability above 0 and below 1");
            problems.check(
                    !(balanced && several), "balancedLabels with severalLabels is not supported, expected one of them");
        }

        private LabelSettings settings() {
            return new LabelSettings(several, threshold, balanced, Map.of());
        }
    }
}
