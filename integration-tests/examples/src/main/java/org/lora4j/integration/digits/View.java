/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Where each pixel of a digit comes from, and what becomes of its brightness: harder looks than {@link Look}, some of which no
 * convolution can undo.
 */
@FunctionalInterface
interface View {

    /** Rows and columns of a digit. */
    int SIDE = 28;

    /** The brightness at a place of the digit as shown. */
    float at(float[] pixels, int row, int column);

    /** A sheet as it looks. */
    default DigitSheet of(DigitSheet sheet) {
        return new DigitSheet(
                sheet.side(),
                sheet.images().stream()
                        .map(pixels -> {
                            float[] seen = new float[SIDE * SIDE];
                            for (int i = 0; i < seen.length; i++) {
                                seen[i] = at(pixels, i / SIDE, i % SIDE);
                            }
                            return seen;
                        })
                        .toList());
    }

    /** Those of the proof. */
    static Map<String, View> ofTheProof() {
        int[] pixels = shuffled(SIDE * SIDE, 8);
        Map<String, View> views = new LinkedHashMap<>();
        views.put("upright", View::place);
        views.put("inverted", (p, row, column) -> 1 - place(p, row, column));
        views.put("rotated", (p, row, column) -> place(p, column, SIDE - 1 - row));
        views.put("permuted", (p, row, column) -> p[pixels[row * SIDE + column]]);
        return views;
    }

    /** Those on which the rules were fixed, none of which is in the proof. */
    static Map<String, View> ofTheRules() {
        int[] rows = shuffled(SIDE, 3);
        int[] columns = shuffled(SIDE, 4);
        int[] mask = shuffled(SIDE * SIDE, 5);
        int[] blocks = shuffled(49, 6);
        Map<String, View> views = new LinkedHashMap<>();
        views.put("shifted", (p, row, column) -> place(p, row - 1, column + 1));
        views.put("thick", View::thick);
        views.put("mirrored", (p, row, column) -> place(p, row, SIDE - 1 - column));
        views.put("upside down", (p, row, column) -> place(p, SIDE - 1 - row, column));
        views.put("turned by an eighth", View::turned);
        views.put("small", (p, row, column) -> place(p, scaled(row), scaled(column)));
        views.put(
                "half inverted",
                (p, row, column) -> column < SIDE / 2 ? 1 - place(p, row, column) : place(p, row, column));
        views.put("rows shuffled", (p, row, column) -> place(p, rows[row], column));
        views.put("columns shuffled", (p, row, column) -> place(p, row, columns[column]));
        views.put(
                "inverted by a mask",
                (p, row, column) ->
                        mask[row * SIDE + column] % 2 == 0 ? 1 - place(p, row, column) : place(p, row, column));
        views.put("blocks shuffled", (p, row, column) -> {
            int from = blocks[row / 4 * 7 + column / 4];
            return place(p, from / 7 * 4 + row % 4, from % 7 * 4 + column % 4);
        });
        return views;
    }

    private static float place(float[] pixels, int row, int column) {
        return row < 0 || column < 0 || row >= SIDE || column >= SIDE ? 0 : pixels[row * SIDE + column];
    }

    private static float thick(float[] pixels, int row, int column) {
        float most = 0;
        for (int i = -1; i <= 1; i++) {
            for (int j = -1; j <= 1; j++) {
                most = Math.max(most, place(pixels, row + i, column + j));
            }
        }
        return most;
    }

    private static float turned(float[] pixels, int row, int column) {
        double middle = (SIDE - 1) / 2.0;
        double half = Math.sqrt(0.5);
        double down = row - middle;
        double right = column - middle;
        return place(pixels, (int) Math.round(middle + half * (down - right)), (int)
                Math.round(middle + half * (down + right)));
    }

    private static int scaled(int place) {
        double middle = (SIDE - 1) / 2.0;
        return (int) Math.round(middle + (place - middle) * 1.8);
    }

    private static int[] shuffled(int count, long seed) {
        int[] order = IntStream.range(0, count).toArray();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = count - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[other];
            order[other] = swapped;
        }
        return order;
    }
}
