/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import java.util.Locale;

/** How a digit is shown. */
enum Look {
    /** As it was written. */
    UPRIGHT {
        @Override
        float brightness(float[] pixels, int side, int row, int column) {
            return pixels[row * side + column];
        }
    },
    /** Dark on bright instead of bright on dark. */
    INVERTED {
        @Override
        float brightness(float[] pixels, int side, int row, int column) {
            return 1 - pixels[row * side + column];
        }
    },
    /** A quarter turn to the left. */
    ROTATED {
        @Override
        float brightness(float[] pixels, int side, int row, int column) {
            return pixels[column * side + side - 1 - row];
        }
    };

    /**
     * The brightness at a place of the image as shown.
     *
     * @param pixels the digit as it was written, row after row, 0 to 1
     * @param side rows and columns of the image
     * @param row place asked for, from the top
     * @param column place asked for, from the left
     * @return 0 for black, 1 for white
     */
    abstract float brightness(float[] pixels, int side, int row, int column);

    /** The word for it in reports, and the name of the adapter for it. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
