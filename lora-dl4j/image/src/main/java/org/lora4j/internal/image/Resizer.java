/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Resizes 8 bit pixels to the bit as Pillow does: rows first, then columns; weights in fixed point with 22 bits behind the point;
 * each sum rounded and clipped to 0 to 255.
 */
final class Resizer {

    private static final int BITS = 22;
    private static final int HALF = 1 << (BITS - 1);

    /**
     * What new pixels along one axis are sums of.
     *
     * @param first of the pixels that each new one takes
     * @param weights of that pixel and those behind it, in fixed point
     */
    private record Taps(int[] first, int[][] weights) {}

    private Resizer() {}

    /**
     * Resizes.
     *
     * @param pixels as they are
     * @param width of the result
     * @param height of the result
     * @return new pixels
     */
    static Pixels resize(Pixels pixels, int width, int height, Resampling filter) {
        if (filter == Resampling.NEAREST) {
            return nearest(pixels, width, height);
        }
        Pixels wide = width == pixels.width() ? pixels : alongRows(pixels, width, filter);
        return height == pixels.height() ? wide : alongColumns(wide, height, filter);
    }

    private static Pixels nearest(Pixels pixels, int width, int height) {
        int[] columns = places(pixels.width(), width);
        int[] rows = places(pixels.height(), height);
        int channels = pixels.channels();
        byte[] values = new byte[width * height * channels];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int from = (rows[y] * pixels.width() + columns[x]) * channels;
                System.arraycopy(pixels.values(), from, values, (y * width + x) * channels, channels);
            }
        }
        return new Pixels(width, height, channels, values);
    }

    /** Added up step by step, as Pillow does: a product would round another way. */
    private static int[] places(int from, int to) {
        double step = (double) from / to;
        double at = step * 0.5;
        int[] places = new int[to];
        for (int i = 0; i < to; i++) {
            places[i] = Math.min(from - 1, (int) at);
            at += step;
        }
        return places;
    }

    private static Pixels alongRows(Pixels pixels, int width, Resampling filter) {
        Taps taps = taps(pixels.width(), width, filter);
        int channels = pixels.channels();
        byte[] from = pixels.values();
        byte[] values = new byte[width * pixels.height() * channels];
        IntStream.range(0, pixels.height()).forEach(y -> {
            for (int x = 0; x < width; x++) {
                int[] weights = taps.weights()[x];
                int start = (y * pixels.width() + taps.first()[x]) * channels;
                for (int c = 0; c < channels; c++) {
                    int sum = HALF;
                    for (int i = 0; i < weights.length; i++) {
                        sum += (from[start + i * channels + c] & 0xff) * weights[i];
                    }
                    values[(y * width + x) * channels + c] = clipped(sum);
                }
            }
        });
        return new Pixels(width, pixels.height(), channels, values);
    }

    private static Pixels alongColumns(Pixels pixels, int height, Resampling filter) {
        Taps taps = taps(pixels.height(), height, filter);
        int row = pixels.width() * pixels.channels();
        byte[] from = pixels.values();
        byte[] values = new byte[row * height];
        int[] sums = new int[row];
        for (int y = 0; y < height; y++) {
            Arrays.fill(sums, HALF);
            int[] weights = taps.weights()[y];
            for (int i = 0; i < weights.length; i++) {
                int start = (taps.first()[y] + i) * row;
                for (int at = 0; at < row; at++) {
                    sums[at] += (from[start + at] & 0xff) * weights[i];
                }
            }
            for (int at = 0; at < row; at++) {
                values[y * row + at] = clipped(sums[at]);
            }
        }
        return new Pixels(pixels.width(), height, pixels.channels(), values);
    }

    private static byte clipped(int sum) {
        return (byte) Math.max(0, Math.min(255, sum >> BITS));
    }

    private static Taps taps(int from, int to, Resampling filter) {
        double scale = (double) from / to;
        // Where an image shrinks, the filter grows, so that no pixel is left out.
        double stretch = Math.max(1, scale);
        double support = filter.support() * stretch;
        int[] first = new int[to];
        int[][] weights = new int[to][];
        for (int i = 0; i < to; i++) {
            double center = (i + 0.5) * scale;
            first[i] = Math.max(0, (int) (center - support + 0.5));
            int end = Math.min(from, (int) (center + support + 0.5));
            double[] exact = new double[end - first[i]];
            double sum = 0;
            for (int j = 0; j < exact.length; j++) {
                // The inverse first, as Pillow does: a quotient rounds another way.
                exact[j] = filter.weight((j + first[i] - center + 0.5) * (1 / stretch));
                sum += exact[j];
            }
            weights[i] = new int[exact.length];
            for (int j = 0; j < exact.length; j++) {
                double share = sum == 0 ? exact[j] : exact[j] / sum;
                weights[i][j] = (int) ((share < 0 ? -0.5 : 0.5) + share * (1 << BITS));
            }
        }
        return new Taps(first, weights);
    }
}
