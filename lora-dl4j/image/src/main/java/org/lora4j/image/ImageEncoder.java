/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.adapter.BaseHashes;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.image.ImageConfig;
import org.lora4j.internal.image.ImageGraph;
import org.lora4j.internal.image.ImageParts;
import org.lora4j.internal.image.ImageShelf;
import org.lora4j.internal.image.ImageWeights;
import org.lora4j.internal.image.Pixels;
import org.lora4j.internal.image.Preprocessing;
import org.lora4j.internal.text.ExecutorPool;
import org.lora4j.internal.text.RowOutputs;
import org.lora4j.train.Progress;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * An encoder of images from a directory of Hugging Face, with all that belongs to it: weights, and how images are prepared.
 *
 * <pre>{@code
 * ImageEncoder encoder = ImageEncoder.load(Path.of("models/dinov2-small"));
 * float[] vector = encoder.embed(Image.read(Path.of("cat.jpg")));
 * }</pre>
 *
 * <p>Read are {@code model_type} {@code vit}, {@code deit}, {@code dinov2} and {@code convnext}, with or without a head. Graphs name
 * their modules as the Python classes do, so that adapters of PEFT load onto them.
 *
 * <p><b>State.</b> Immutable; the weights are shared by everything that is made of the encoder and never written to.
 * <b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class ImageEncoder implements AutoCloseable {

    /** Nothing is drawn where vectors are computed. */
    private static final ImageParts.RandomChanges UNCHANGED = new ImageParts.RandomChanges() {
        @Override
        public boolean isNone() {
            return true;
        }

        @Override
        public Pixels before(Pixels whole, SplittableRandom random) {
            return whole;
        }

        @Override
        public Pixels after(Pixels framed, SplittableRandom random) {
            return framed;
        }
    };

    private final String name;
    private final ImageWeights weights;
    private final Preprocessing preprocessing;
    private final ImageParts parts;
    private ExecutorPool executors;
    private RowOutputs frozen;

    private ImageEncoder(String name, ImageWeights weights, Preprocessing preprocessing) {
        this.name = name;
        this.weights = weights;
        this.preprocessing = preprocessing;
        this.parts = parts(false, Augmentation.NONE);
    }

    /**
     * Reads an encoder: {@code config.json}, {@code model.safetensors} (or an index and its shards) and {@code
     * preprocessor_config.json}. Without the last, images are prepared as the family's processor does it by itself, for the size that
     * the model was made for.
     *
     * @param directory of Hugging Face Transformers
     * @return the encoder
     * @throws ModelFormatException if a file is damaged or of another model, an option is not supported, or images would get a size that
     *     the model cannot read; the message lists every problem
     * @throws IOException if a file does not exist or cannot be read
     */
    public static ImageEncoder load(Path directory) throws IOException {
        Arguments.required(directory, "ImageEncoder.load: directory", "a directory of a model");
        ImageConfig config = ImageConfig.read(directory.resolve(ImageConfig.FILE));
        Preprocessing preprocessing = Preprocessing.read(directory, config);
        Problems problems = new Problems();
        int[] size = preprocessing.heightAndWidth().orElse(new int[0]);
        if (size.length == 0) {
            problems.add("images keep their shape, expected one size for all: \"size\" with height and width, or"
                    + " do_center_crop with a crop_size");
        } else {
            config.checkSize(size[0], size[1], problems);
        }
        if (!problems.isEmpty()) {
            Path preprocessor = directory.resolve(Preprocessing.FILE);
            // Without that file, sizes are those of the config.
            Path file = Files.exists(preprocessor) ? preprocessor : directory.resolve(ImageConfig.FILE);
            throw new ModelFormatException(
                    problems.message(file.toString()) + ". Correct the file, or take that of the model.");
        }
        return new ImageEncoder(directory.toString(), ImageWeights.read(directory, config), preprocessing);
    }

    ImageParts parts(boolean asRead, Augmentation augmentation) {
        return new ImageParts(
                weights,
                preprocessing,
                asRead,
                augmentation.equals(Augmentation.NONE) ? UNCHANGED : new Drawn(augmentation));
    }

    /** What an augmentation changes. */
    private record Drawn(Augmentation augmentation) implements ImageParts.RandomChanges {

        @Override
        public boolean isNone() {
            return false;
        }

        @Override
        public Pixels before(Pixels whole, SplittableRandom random) {
            return augmentation.cropped(whole, random);
        }

        @Override
        public Pixels after(Pixels framed, SplittableRandom random) {
            return augmentation.changed(framed, random);
        }
    }

    /** A hash of all weights, by which another encoder of the same shape is told; of an array that has not changed it is known. */
    String hash() {
        return BaseHashes.together(BaseHashes.of(weights.tensors()).byPath());
    }

    ImageWeights weights() {
        return weights;
    }

    Preprocessing preprocessing() {
        return preprocessing;
    }

    /**
     * What the encoder is called.
     *
     * @return the path of its files
     */
    public String name() {
        return name;
    }

    /**
     * The length of a vector.
     *
     * @return 1 or more
     */
    public int dimension() {
        return weights.config().hidden();
    }

    /**
     * The height that images get.
     *
     * @return number of rows
     */
    public int height() {
        return preprocessing.heightAndWidth().orElseThrow()[0];
    }

    /**
     * The width that images get.
     *
     * @return number of columns
     */
    public int width() {
        return preprocessing.heightAndWidth().orElseThrow()[1];
    }

    /**
     * What the outputs of the head in the file are called.
     *
     * @return a name for each; empty if the file has no head
     */
    public List<String> labels() {
        return weights.head().isEmpty() ? List.of() : weights.config().labels();
    }

    /**
     * The modules that PEFT adapts in this family by itself, for {@code targetModules} of a config.
     *
     * @return such as {@code query} and {@code value}
     */
    public List<String> defaultTargets() {
        return weights.config().family().defaultTargets();
    }

    /**
     * The image as the model sees it: resized and cut, but not yet normalized.
     *
     * @param image the image
     * @return another image, of {@link #height} and {@link #width}
     */
    public Image prepared(Image image) {
        Arguments.required(image, "ImageEncoder.prepared: image", "an image");
        return new Image(preprocessing.framed(image.pixels()));
    }

    /**
     * Builds the graph of the encoder without a head, as the Python class {@code ViTModel}: placeholder {@code pixel_values}, outputs
     * {@code last_hidden_state}, {@code pooled} and, where there is one, {@code pooler_output}. Adapters of PEFT for that class load onto
     * it.
     *
     * @return a new graph over the weights
     */
    public SameDiff graph() {
        return ImageGraph.encoder(weights, height(), width());
    }

    /**
     * Builds the graph of the classifier in the file, as the Python class {@code ViTForImageClassification}: output {@code logits};
     * of {@code DeiTForImageClassificationWithTeacher} also {@code cls_logits} and {@code distillation_logits}. Adapters of PEFT for that
     * class load onto it.
     *
     * @return a new graph over the weights
     * @throws IllegalStateException if the file has no head
     */
    public SameDiff classifierGraph() {
        if (weights.head().isEmpty()) {
            throw new IllegalStateException(
                    "ImageEncoder.classifierGraph: " + MessageText.value(name)
                            + " has no head; expected the directory of a classifier. Train one: ImageClassifier.builder(encoder).");
        }
        return ImageGraph.classifier(weights, height(), width());
    }

    /**
     * The vectors of images by the encoder as it was read, each divided by its length.
     *
     * @param images the images
     * @return for each image its vector
     */
    public float[][] embed(List<Image> images) {
        return embed(images, Progress.of("ImageEncoder.embed"));
    }

    /**
     * The same, as part of longer work, or in silence.
     *
     * @param images the images
     * @param progress of the work that this is part of; {@code Progress.none()} for silence
     * @return as {@link #embed(List)}
     */
    public float[][] embed(List<Image> images, Progress progress) {
        Arguments.allRequired(images, "ImageEncoder.embed: images", "an image");
        Arguments.required(progress, "ImageEncoder.embed: progress", "a Progress, Progress.none() for silence");
        List<Pixels> pixels = images.stream().map(Image::pixels).toList();
        Progress.Stage prepared = progress.stage("preparation", "images", images.size());
        try (ImageShelf.Row row = parts.row(pixels, false, () -> prepared.advance(1))) {
            float[][] vectors = frozen().of(row.tokens(), progress.stage("vectors", "images", images.size()));
            List<float[]> unit = new ArrayList<>();
            for (float[] vector : vectors) {
                unit.add(unit(vector));
            }
            return unit.toArray(float[][]::new);
        }
    }

    private static float[] unit(float[] vector) {
        double squares = 0;
        for (float value : vector) {
            squares += (double) value * value;
        }
        float[] unit = vector.clone();
        for (int i = 0; i < unit.length && squares > 0; i++) {
            unit[i] = (float) (vector[i] / Math.sqrt(squares));
        }
        return unit;
    }

    /**
     * The vector of an image.
     *
     * @param image the image
     * @return as {@link #embed(List)}
     */
    public float[] embed(Image image) {
        Arguments.required(image, "ImageEncoder.embed: image", "an image");
        return embed(List.of(image))[0];
    }

    private synchronized RowOutputs frozen() {
        if (frozen == null) {
            var executor = SameDiffExecutor.forInference(graph()).fastest();
            executors = new ExecutorPool(() -> executor);
            frozen = new RowOutputs(executors, ImageGraph.POOLED, parts, false);
        }
        return frozen;
    }

    /** Frees the memory of {@link #embed}. */
    @Override
    public synchronized void close() {
        if (executors != null) {
            executors.close();
        }
    }

    @Override
    public String toString() {
        return "ImageEncoder[" + MessageText.value(name) + ", " + weights.config() + ", images of " + height() + " x "
                + width() + "]";
    }
}
