/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class Patches2DTest {

    /** Two examples of two channels, 4 x 5 pixels: 1 to 80. */
    private final INDArray image = Nd4j.arange(1, 81).castTo(DataType.FLOAT).reshape(2, 2, 4, 5);

    private static Patches2D patches(int[] stride, int[] padding, int[] dilation, int... out) {
        return new Patches2D(new int[] {2, 3}, stride, padding, dilation, false, new long[] {2, 2, 4, 5}, out);
    }

    @Test
    void rows_holdChannelsThenTheWindow_ofEachPositionInTurn() {
        Patches2D patches = patches(new int[] {1, 1}, new int[] {0, 0}, new int[] {1, 1}, 3, 3);

        INDArray rows = patches.rows(image);

        assertThat(rows.shape()).containsExactly(18, 12);
        assertThat(rows.getRow(0).toFloatVector()).containsExactly(1, 2, 3, 6, 7, 8, 21, 22, 23, 26, 27, 28);
        assertThat(rows.getRow(9 + 5).toFloatVector()).containsExactly(48, 49, 50, 53, 54, 55, 68, 69, 70, 73, 74, 75);
    }

    @Test
    void rows_areZeroOutsideOfTheImage() {
        Patches2D patches = patches(new int[] {2, 2}, new int[] {1, 1}, new int[] {1, 1}, 3, 3);

        assertThat(patches.rows(image).getRow(0).toFloatVector()).containsExactly(0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 21, 22);
    }

    @Test
    void rows_ofFloat_areThoseOfTheStockOperation() {
        for (int dilation = 1; dilation <= 2; dilation++) {
            int[] out = {(5 - dilation) / 2 + 1, 7 - 2 * dilation};
            Patches2D patches = patches(new int[] {2, 1}, new int[] {1, 1}, new int[] {dilation, dilation}, out);
            INDArray byChannel = image.permute(1, 0, 2, 3).dup('c').permute(1, 0, 2, 3);

            INDArray rows = patches.rows(byChannel);

            assertThat(rows.castTo(DataType.DOUBLE)).isEqualTo(patches.rows(byChannel.castTo(DataType.DOUBLE)));
        }
    }
}
