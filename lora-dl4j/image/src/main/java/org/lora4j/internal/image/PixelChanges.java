/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.SplittableRandom;

/**
 * Changes of images that leave what they show.
 *
 * @apiNote Status: internal
 */
public final class PixelChanges {

    /** The widest and the narrowest part of an image, by width over height beside those of the image. */
    private static final double LARGEST_RATIO = 4.0 / 3;

    private static final int TRIES = 10;
    private static final int MIRROR = 2;

    private PixelChanges() {}

    /**
     * A part of an image: a share of the area and a shape are drawn until a part of both fits (Szegedy et al. 2015,
     * arXiv:1409.4842, section 6); if none does, the whole.
     *
     * @param smallest share of the area
     * @return new pixels, or the same
     */
    public static Pixels randomPart(Pixels image, double smallest, SplittableRandom random) {
        for (int i = 0; i < TRIES; i++) {
            double share = smallest + (1 - smallest) * random.nextDouble();
            double ratio = Math.exp((2 * random.nextDouble() - 1) * Math.log(LARGEST_RATIO));
            int width = (int) Math.round(image.width() * Math.sqrt(share * ratio));
            int height = (int) Math.round(image.height() * Math.sqrt(share / ratio));
            if (width >= 1 && height >= 1 && width <= image.width() && height <= image.height()) {
                int left = random.nextInt(image.width() - width + 1);
                int top = random.nextInt(image.height() - height + 1);
                return image.cut(left, top, width, height);
            }
        }
        return image;
    }

    /**
     * The image in a mirror, left and right exchanged.
     *
     * @return new pixels
     */
    public static Pixels mirrored(Pixels image) {
        return image.upright(MIRROR);
    }

    /**
     * The image turned around its middle; between pixels it is linear, outside of the image its edge goes on.
     *
     * @param degrees against the clock
     * @return new pixels of the same size
     */
    public static Pixels turned(Pixels image, double degrees) {
        double cos = Math.cos(Math.toRadians(degrees));
        double sin = Math.sin(Math.toRadians(degrees));
        double middleX = (image.width() - 1) / 2.0;
        double middleY = (image.height() - 1) / 2.0;
        int channels = image.channels();
        byte[] values = new byte[image.values().length];
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                double fromX = middleX + (x - middleX) * cos - (y - middleY) * sin;
                double fromY = middleY + (x - middleX) * sin + (y - middleY) * cos;
                int at = (y * image.width() + x) * channels;
                between(image, fromX, fromY, values, at);
            }
        }
        return new Pixels(image.width(), image.height(), channels, values);
    }

    private static void between(Pixels image, double x, double y, byte[] values, int at) {
        double column = Math.max(0, Math.min(image.width() - 1, x));
        double row = Math.max(0, Math.min(image.height() - 1, y));
        int left = (int) column;
        int top = (int) row;
        int right = Math.min(image.width() - 1, left + 1);
        int bottom = Math.min(image.height() - 1, top + 1);
        double across = column - left;
        double down = row - top;
        int channels = image.channels();
        for (int c = 0; c < channels; c++) {
            double above = value(image, left, top, c) * (1 - across) + value(image, right, top, c) * across;
            double below = value(image, left, bottom, c) * (1 - across) + value(image, right, bottom, c) * across;
            values[at + c] = (byte) Math.round(above * (1 - down) + below * down);
        }
    }

    private static int value(Pixels image, int x, int y, int channel) {
        return image.values()[(y * image.width() + x) * image.channels() + channel] & 0xff;
    }

    /**
     * The image brighter or darker, with more or less contrast and, if it has colors, with stronger or weaker ones: each a
     * mixture of the image with black, with its mean grey, and with its own grey.
     *
     * @param most by which share each changes at most
     * @return new pixels
     */
    public static Pixels recolored(Pixels image, double most, SplittableRandom random) {
        double brightness = factor(most, random);
        double contrast = factor(most, random);
        double saturation = factor(most, random);
        byte[] grey = image.withChannels(1).values();
        double mean = 0;
        for (byte value : grey) {
            mean += (value & 0xff) / (double) grey.length;
        }
        int channels = image.channels();
        byte[] values = new byte[image.values().length];
        for (int i = 0; i < grey.length; i++) {
            double own = grey[i] & 0xff;
            for (int c = 0; c < channels; c++) {
                double value = image.values()[i * channels + c] & 0xff;
                double colored = own + (value - own) * saturation;
                double contrasted = mean + (colored - mean) * contrast;
                values[i * channels + c] = (byte) Math.round(Math.max(0, Math.min(255, contrasted * brightness)));
            }
        }
        return new Pixels(image.width(), image.height(), channels, values);
    }

    private static double factor(double most, SplittableRandom random) {
        return 1 + (2 * random.nextDouble() - 1) * most;
    }
}
