/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The classes of Transformers that prepare images for a model: what they do where a file does not say. A name ends in
 * {@code ImageProcessor}, {@code ImageProcessorFast} or, in older files, {@code FeatureExtractor}.
 *
 * @apiNote Status: internal
 */
enum ImageProcessor {
    /** For vit: to the size, whatever the shape was. */
    VIT("ViT", ImageSize.square(224), Resampling.BILINEAR, 0, OptionalDouble.empty(), HALF(), HALF(), true),
    /** For deit: to a square, of which the middle is cut. */
    DEIT("DeiT", ImageSize.square(256), Resampling.BICUBIC, 224, OptionalDouble.empty(), HALF(), HALF(), true),
    /** For dinov2: the shortest edge to a length, then the middle is cut. */
    BIT(
            "Bit",
            ImageSize.shortest(224),
            Resampling.BICUBIC,
            224,
            OptionalDouble.empty(),
            new double[] {0.48145466, 0.4578275, 0.40821073},
            new double[] {0.26862954, 0.26130258, 0.27577711},
            false),
    /** For convnext: a square, cut from a larger image unless it is a large square itself. */
    CONVNEXT(
            "ConvNext",
            ImageSize.shortest(384),
            Resampling.BILINEAR,
            0,
            OptionalDouble.of(224.0 / 256),
            HALF(),
            HALF(),
            false);

    /** How the names of classes end that share their steps. */
    static final String FAST = "Fast";

    private static final List<String> ENDS =
            List.of("ImageProcessor", "ImageProcessor" + FAST, "ImageProcessorPil", "FeatureExtractor");

    private final String start;
    private final ImageSize size;
    private final Resampling resampling;
    private final int crop;
    private final OptionalDouble cropShare;
    private final double[] mean;
    private final double[] deviation;
    private final boolean squares;

    ImageProcessor(
            String start,
            ImageSize size,
            Resampling resampling,
            int crop,
            OptionalDouble cropShare,
            double[] mean,
            double[] deviation,
            boolean squares) {
        this.start = start;
        this.size = size;
        this.resampling = resampling;
        this.crop = crop;
        this.cropShare = cropShare;
        this.mean = mean;
        this.deviation = deviation;
        this.squares = squares;
    }

    // A method, as a constant of the enum cannot refer to a field of it.
    private static double[] HALF() {
        return new double[] {0.5, 0.5, 0.5};
    }

    static Optional<ImageProcessor> of(String name) {
        return Arrays.stream(values())
                .filter(processor -> ENDS.stream().anyMatch(end -> name.equals(processor.start + end)))
                .findFirst();
    }

    /** The names that are told where another is found. */
    static List<String> names() {
        return Arrays.stream(values()).map(ImageProcessor::className).toList();
    }

    /** The name that is written. */
    String className() {
        return start + ENDS.get(0);
    }

    ImageSize size() {
        return size;
    }

    Resampling resampling() {
        return resampling;
    }

    /** Edge of the square that is cut from the middle; 0 if none is. */
    int crop() {
        return crop;
    }

    /** Which share of a small square's edge is left when it is cut; empty if that is not how it is done. */
    OptionalDouble cropShare() {
        return cropShare;
    }

    double[] mean() {
        return mean.clone();
    }

    double[] deviation() {
        return deviation.clone();
    }

    /** Whether a size that is a number is that of a square, not of the shortest edge. */
    boolean squares() {
        return squares;
    }
}
