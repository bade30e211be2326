/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import java.util.SplittableRandom;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.image.PixelChanges;
import org.lora4j.internal.image.Pixels;
import org.lora4j.random.RandomStreams;

/**
 * How images to learn from are changed at random, in every epoch another way, so that a model learns what does not matter.
 * Predictions and evaluations change nothing. The same seed gives the same pixels.
 *
 * @param flip whether half of the images are mirrored
 * @param smallestCrop an image becomes a part of it that has at least this share of its area; 1 for the whole
 * @param rotation by how many degrees at most it is turned, to either side; what is missing then repeats the edge
 * @param color by which share at most brightness, contrast and saturation each change; 0 for not at all
 * @apiNote Status: experimental
 */
public record Augmentation(boolean flip, double smallestCrop, double rotation, double color) {

    /** Images as they are. */
    public static final Augmentation NONE = new Augmentation(false, 1, 0, 0);

    /** What suits photographs: mirrored, a part of at least 60 % of the area, turned by up to 10 degrees, colors changed by up to 20 %. */
    public static final Augmentation PHOTOGRAPHS = new Augmentation(true, 0.6, 10, 0.2);

    /** What suits signs, digits and letters, which a mirror changes: the same as for photographs, but never mirrored. */
    public static final Augmentation SIGNS = new Augmentation(false, 0.8, 10, 0.2);

    private static final double ALL_AROUND = 180;

    /**
     * Checks the numbers.
     *
     * @param flip as in the record
     * @param smallestCrop above 0 and at most 1
     * @param rotation 0 to 180
     * @param color 0 or more and below 1
     */
    public Augmentation {
        Problems problems = new Problems();
        problems.check(
                smallestCrop > 0 && smallestCrop <= 1,
                "smallestCrop = " + smallestCrop + ", expected a share above 0 and at most 1");
        problems.check(
                rotation >= 0 && rotation <= ALL_AROUND, "rotation = " + rotation + ", expected 0 to 180 degrees");
        problems.check(color >= 0 && color < 1, "color = " + color + ", expected a share of 0 or more and below 1");
        problems.throwIfAny("Augmentation");
    }

    /**
     * Changes an image.
     *
     * @param image the image
     * @param seed decides how: the same seed gives the same pixels
     * @return another image, perhaps smaller
     */
    public Image apply(Image image, long seed) {
        Arguments.required(image, "Augmentation.apply: image", "an image");
        SplittableRandom random = RandomStreams.of(seed, "augmentation");
        return new Image(changed(cropped(image.pixels(), random), random));
    }

    /** The part of an image that is taken, before it gets the size of the model. */
    Pixels cropped(Pixels pixels, SplittableRandom random) {
        return smallestCrop < 1 ? PixelChanges.randomPart(pixels, smallestCrop, random) : pixels;
    }

    /** All other changes, which are cheaper when the image has the size of the model. */
    Pixels changed(Pixels pixels, SplittableRandom random) {
        Pixels now = flip && random.nextBoolean() ? PixelChanges.mirrored(pixels) : pixels;
        if (rotation > 0) {
            now = PixelChanges.turned(now, (2 * random.nextDouble() - 1) * rotation);
        }
        return color > 0 ? PixelChanges.recolored(now, color, random) : now;
    }
}
