/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.Arrays;

/**
 * Pixels of 8 bits: row by row, the channels of a pixel side by side. Nobody writes to the array once this is made.
 *
 * @param width columns
 * @param height rows
 * @param channels 1 for grey, 3 for red, green and blue
 * @param values {@code height * width * channels} of them
 * @apiNote Status: internal
 */
public record Pixels(int width, int height, int channels, byte[] values) {

    /** Pillow's weights of red, green and blue in a grey that looks as bright (ITU-R 601-2), in 16 bits behind the point. */
    private static final int[] LUMA = {19595, 38470, 7471};

    private static final int LUMA_BITS = 16;

    /**
     * These pixels with as many channels as a model reads.
     *
     * @param wanted 1 or 3
     * @return this, or others
     */
    public Pixels withChannels(int wanted) {
        if (wanted == channels) {
            return this;
        }
        byte[] other = new byte[width * height * wanted];
        for (int i = 0; i < width * height; i++) {
            if (wanted == 1) {
                int sum = 1 << (LUMA_BITS - 1);
                for (int c = 0; c < LUMA.length; c++) {
                    sum += LUMA[c] * (values[i * LUMA.length + c] & 0xff);
                }
                other[i] = (byte) (sum >> LUMA_BITS);
            } else {
                Arrays.fill(other, i * wanted, (i + 1) * wanted, values[i]);
            }
        }
        return new Pixels(width, height, wanted, other);
    }

    /**
     * A rectangle of the pixels; what lies outside of them is 0.
     *
     * @param left of the rectangle; may be negative
     * @param top of the rectangle; may be negative
     * @return new pixels
     */
    public Pixels cut(int left, int top, int newWidth, int newHeight) {
        byte[] cut = new byte[newWidth * newHeight * channels];
        int from = Math.max(0, left);
        int length = Math.min(width, left + newWidth) - from;
        for (int y = Math.max(0, -top); y < newHeight && top + y < height && length > 0; y++) {
            System.arraycopy(
                    values,
                    ((top + y) * width + from) * channels,
                    cut,
                    (y * newWidth + from - left) * channels,
                    length * channels);
        }
        return new Pixels(newWidth, newHeight, channels, cut);
    }

    /**
     * The pixels in another size.
     *
     * @return this if it has that size, or new pixels
     */
    public Pixels resized(int newWidth, int newHeight, Resampling filter) {
        return newWidth == width && newHeight == height ? this : Resizer.resize(this, newWidth, newHeight, filter);
    }

    /**
     * The pixels turned and mirrored as a camera says that they have to be.
     *
     * @param orientation the value of EXIF's tag: 1 leaves the pixels, 2 to 4 mirror or turn them upside down, 5 to 8 exchange
     *     rows and columns
     * @return this, or new pixels
     */
    public Pixels upright(int orientation) {
        if (orientation < 2 || orientation > 8) {
            return this;
        }
        boolean turned = orientation >= 5;
        int newWidth = turned ? height : width;
        int newHeight = turned ? width : height;
        boolean fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        byte[] other = new byte[values.length];
        for (int y = 0; y < newHeight; y++) {
            for (int x = 0; x < newWidth; x++) {
                int column = turned ? y : x;
                int row = turned ? x : y;
                int from = (fromBottom ? height - 1 - row : row) * width + (fromRight ? width - 1 - column : column);
                System.arraycopy(values, from * channels, other, (y * newWidth + x) * channels, channels);
            }
        }
        return new Pixels(newWidth, newHeight, channels, other);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Pixels pixels
                && width == pixels.width
                && height == pixels.height
                && channels == pixels.channels
                && Arrays.equals(values, pixels.values);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * width + height) + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "Pixels[" + width + " x " + height + " x " + channels + "]";
    }
}
