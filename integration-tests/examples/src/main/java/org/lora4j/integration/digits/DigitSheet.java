/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javax.imageio.ImageIO;

/**
 * Handwritten digits as they were written: 800 of each, from the sheet {@code digits.png}. In this list they take turns, 0
 * to 9 and again, so every stretch of it is balanced.
 *
 * @param side rows and columns of an image
 * @param images for each digit its pixels, row after row, 0 for black to 1 for white; image i shows i modulo 10
 */
record DigitSheet(int side, List<float[]> images) {

    static final int CLASSES = 10;
    static final int EACH = 800;

    private static final String RESOURCE = "digits.png";
    private static final int SIDE = 28;
    private static final int COLUMNS = 100;
    private static final float WHITE = 255;

    DigitSheet {
        images = Collections.unmodifiableList(images);
    }

    /** Reads the sheet: eight rows of 100 images for each digit. */
    static DigitSheet load() throws IOException {
        BufferedImage sheet;
        try (InputStream in = DigitSheet.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IOException("resource \"" + RESOURCE + "\": not on the class path; expected it beside "
                        + DigitSheet.class.getName() + ". Build the module anew.");
            }
            sheet = ImageIO.read(in);
        }
        int rows = CLASSES * EACH / COLUMNS;
        if (sheet == null || sheet.getWidth() != COLUMNS * SIDE || sheet.getHeight() != rows * SIDE) {
            throw new IOException("resource \"" + RESOURCE + "\": no image of " + COLUMNS * SIDE + " x " + rows * SIDE
                    + " pixels; expected 8 rows of 100 images for each digit. Restore the file.");
        }
        List<float[]> images = new ArrayList<>();
        for (int i = 0; i < CLASSES * EACH; i++) {
            int place = i % CLASSES * EACH + i / CLASSES;
            images.add(cut(sheet.getRaster(), place / COLUMNS * SIDE, place % COLUMNS * SIDE));
        }
        return new DigitSheet(SIDE, images);
    }

    private static float[] cut(Raster sheet, int top, int left) {
        float[] pixels = sheet.getSamples(left, top, SIDE, SIDE, 0, (float[]) null);
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] /= WHITE;
        }
        return pixels;
    }

    /** The digits from one number of each kind to below another. */
    DigitSheet part(int from, int to) {
        return new DigitSheet(side, images.subList(CLASSES * from, CLASSES * to));
    }

    /** Half as many rows and columns, each pixel the mean of four. */
    DigitSheet halved() {
        int half = side / 2;
        return new DigitSheet(
                half,
                images.stream()
                        .map(pixels -> {
                            float[] small = new float[half * half];
                            for (int i = 0; i < small.length; i++) {
                                int place = 2 * (i / half) * side + 2 * (i % half);
                                small[i] = (pixels[place]
                                                + pixels[place + 1]
                                                + pixels[place + side]
                                                + pixels[place + side + 1])
                                        / 4;
                            }
                            return small;
                        })
                        .toList());
    }
}
