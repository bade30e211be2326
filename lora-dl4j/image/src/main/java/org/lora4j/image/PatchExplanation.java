/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.lora4j.error.Arguments;
import org.lora4j.internal.image.Pixels;

/**
 * Which parts of an image speak for a label, and which against it.
 *
 * @param image the image as the model sees it
 * @param label the label
 * @param output the label's number before softmax or sigmoid, for the whole image
 * @param contributions by row and column of the cells, from the top left: what the number loses when the cell is covered; below 0 where a
 *     cell speaks against the label
 * @apiNote Status: experimental
 */
public record PatchExplanation(Image image, String label, double output, double[][] contributions) {

    private static final int RGB = 3;
    private static final double STRONGEST = 0.7;

    /**
     * Copies the contributions.
     *
     * @param image as in the record
     * @param label as in the record
     * @param output as in the record
     * @param contributions as in the record
     */
    public PatchExplanation {
        Arguments.required(image, "PatchExplanation: image", "an image");
        Arguments.required(label, "PatchExplanation: label", "a label");
        Arguments.required(contributions, "PatchExplanation: contributions", "rows of numbers");
        contributions = Arrays.stream(contributions).map(double[]::clone).toArray(double[][]::new);
    }

    /** Covers one cell after the other. */
    static PatchExplanation of(
            ImageEncoder encoder, Image image, String label, int cells, Function<List<Pixels>, double[]> outputs) {
        Image prepared = encoder.prepared(image);
        Pixels whole = prepared.pixels();
        List<Pixels> all = new ArrayList<>();
        all.add(whole);
        byte[] cover = encoder.preprocessing().middle(RGB);
        for (int row = 0; row < cells; row++) {
            for (int column = 0; column < cells; column++) {
                all.add(covered(whole, row, column, cells, cover));
            }
        }
        double[] numbers = outputs.apply(all);
        double[][] contributions = new double[cells][cells];
        for (int i = 0; i < cells * cells; i++) {
            contributions[i / cells][i % cells] = numbers[0] - numbers[i + 1];
        }
        return new PatchExplanation(prepared, label, numbers[0], contributions);
    }

    private static Pixels covered(Pixels image, int row, int column, int cells, byte[] cover) {
        byte[] values = image.values().clone();
        for (int y = row * image.height() / cells; y < (row + 1) * image.height() / cells; y++) {
            for (int x = column * image.width() / cells; x < (column + 1) * image.width() / cells; x++) {
                System.arraycopy(cover, 0, values, (y * image.width() + x) * RGB, RGB);
            }
        }
        return new Pixels(image.width(), image.height(), RGB, values);
    }

    /**
     * The contributions.
     *
     * @return a copy
     */
    @Override
    public double[][] contributions() {
        return Arrays.stream(contributions).map(double[]::clone).toArray(double[][]::new);
    }

    /**
     * The image with its cells colored: red for the label, blue against it, the stronger the more.
     *
     * @return a new image
     */
    public BufferedImage picture() {
        double most = Arrays.stream(contributions)
                .flatMapToDouble(Arrays::stream)
                .map(Math::abs)
                .max()
                .orElse(0);
        BufferedImage picture = image.toBufferedImage();
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                double[] row = contributions[cell(y, image.height(), contributions.length)];
                double value = row[cell(x, image.width(), row.length)];
                double strength = most > 0 ? STRONGEST * Math.abs(value) / most : 0;
                picture.setRGB(x, y, mixed(picture.getRGB(x, y), value >= 0 ? 0xff0000 : 0x0000ff, strength));
            }
        }
        return picture;
    }

    /** The cell of a pixel: the last that begins at it or before. */
    private static int cell(int at, int length, int cells) {
        return Math.min(cells - 1, ((at + 1) * cells - 1) / length);
    }

    private static int mixed(int rgb, int color, double strength) {
        int mixed = 0;
        for (int shift = 0; shift <= 16; shift += 8) {
            double value = (rgb >> shift & 0xff) * (1 - strength) + (color >> shift & 0xff) * strength;
            mixed |= (int) Math.round(value) << shift;
        }
        return mixed;
    }

    /** The cells that give most to the label. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "%s %.2f", label, output));
        for (double[] row : contributions) {
            text.append(System.lineSeparator());
            for (double value : row) {
                text.append(String.format(Locale.ROOT, "%8.2f", value));
            }
        }
        return text.toString();
    }
}
