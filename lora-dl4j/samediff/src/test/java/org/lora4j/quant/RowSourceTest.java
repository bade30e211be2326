/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Quantizing what is read piece by piece. */
class RowSourceTest {

    /** A file's rows: who asks for more at a time than fits the cache, or out of order, is told. */
    private static final class Rows implements RowSource {
        private final float[][] values;
        private long next;
        private int passes;

        Rows(INDArray matrix) {
            values = matrix.toFloatMatrix();
        }

        @Override
        public long rows() {
            return values.length;
        }

        @Override
        public long columns() {
            return values[0].length;
        }

        @Override
        public void read(long first, int count, float[] into) {
            passes += first == 0 ? 1 : 0;
            assertThat(first).isEqualTo(first == 0 ? 0 : next);
            // 64 rows of an odd number of columns are the shortest piece of whole blocks.
            assertThat(count * columns()).isLessThanOrEqualTo(Math.max(DenseArray.BLOCK, 64 * columns()));
            next = first + count;
            for (int row = 0; row < count; row++) {
                System.arraycopy(values[(int) first + row], 0, into, row * values[0].length, values[0].length);
            }
        }
    }

    // Of one piece and of several, of rows that are longer than a piece, of blocks that end within rows.
    @ParameterizedTest
    @CsvSource({"1, 64", "64, 1", "500, 64", "640, 37", "64, 333", "3, 9024", "192, 130"})
    void of_rowsOfASource_givesTheBitsOfTheWholeMatrix(int rows, int columns) {
        INDArray weight = Int8Test.random(rows, rows, columns);
        for (int axis = 0; axis < 2; axis++) {
            Rows source = new Rows(weight);
            Int8 whole = Int8.of(weight, axis);
            Int8 found = Int8.of(source, axis);
            assertThat(found.values()).isEqualTo(whole.values()).isEqualTo(steps(weight, axis));
            assertThat(found.scales()).isEqualTo(whole.scales());
            assertThat(source.passes).as("passes of axis %d", axis).isEqualTo(1 + axis);
        }
        for (boolean twice : new boolean[] {false, true}) {
            Rows source = new Rows(weight);
            Nf4 whole = Nf4.of(weight, twice);
            Nf4 found = Nf4.of(source, twice);
            assertThat(found.codes()).isEqualTo(whole.codes());
            assertThat(found.absmax()).isEqualTo(whole.absmax());
            assertThat(found.dequantized()).isEqualTo(whole.dequantized());
            assertThat(source.passes).isEqualTo(twice ? 2 : 1);
            assertBlocks(weight, found, twice);
        }
    }

    /** The formula of the class comment, over the matrix as a whole. */
    private static INDArray steps(INDArray weight, int axis) {
        float[][] w = weight.toFloatMatrix();
        float[] largest = new float[axis == 1 ? w[0].length : w.length];
        for (int r = 0; r < w.length; r++) {
            for (int c = 0; c < w[0].length; c++) {
                int output = axis == 1 ? c : r;
                largest[output] = Math.max(largest[output], Math.abs(w[r][c]));
            }
        }
        INDArray steps = weight.castTo(DataType.INT8);
        for (int r = 0; r < w.length; r++) {
            for (int c = 0; c < w[0].length; c++) {
                steps.putScalar(r, c, (int) Math.rint((double) w[r][c] / (largest[axis == 1 ? c : r] / 127)));
            }
        }
        return steps;
    }

    /** The largest value of a block is stored as it is, and every other within half of the widest gap. */
    private static void assertBlocks(INDArray weight, Nf4 stored, boolean twice) {
        float[] w = weight.dup('c').data().asFloat();
        float[] found = stored.dequantized().data().asFloat();
        for (int i = 0; i < w.length; i++) {
            float largest = 0;
            for (int k = i / 64 * 64; k < i / 64 * 64 + 64; k++) {
                largest = Math.max(largest, Math.abs(w[k]));
            }
            assertThat(Math.abs(found[i] - w[i])).isLessThan(largest * (twice ? 0.17f : 0.152f));
        }
    }

    @Test
    void of_aStoredWeight_quantizesWhatItStandsFor() {
        HalfPrecision half = HalfPrecision.of(Int8Test.random(3, 300, 64), DataType.BFLOAT16);
        INDArray wide = half.dequantized();

        assertThat(Int8.of(half, 0).values()).isEqualTo(Int8.of(wide, 0).values());
        assertThat(Nf4.of(half, true).codes()).isEqualTo(Nf4.of(wide, true).codes());
    }

    @Test
    void of_aSourceWithABadValue_namesItsPlace() {
        INDArray broken = Int8Test.random(8, 640, 37).putScalar(639, 5, Float.NaN);

        assertThatThrownBy(() -> Int8.of(new Rows(broken), 0))
                .hasMessage("Int8: the value at [639, 5] is NaN; expected finite ones. Load or initialize the weight"
                        + " again.");
        assertThatThrownBy(() -> Nf4.of(new Rows(broken), true)).hasMessageContaining("the value at [639, 5] is NaN");
        assertThatThrownBy(() -> Nf4.of(new Rows(Int8Test.random(8, 5, 5)), true))
                .hasMessageContaining("a weight [5, 5] has 25 values; expected a multiple of 64");
    }
}
