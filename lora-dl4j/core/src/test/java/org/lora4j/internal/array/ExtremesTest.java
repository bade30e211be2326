/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class ExtremesTest {

    @ParameterizedTest
    @EnumSource(names = {"INT", "LONG", "SHORT", "BYTE", "FLOAT", "DOUBLE"})
    void of_findsBoth_inEveryType(DataType type) {
        INDArray array =
                Nd4j.createFromArray(new int[][] {{4, -7, 3}, {0, 9, 2}}).castTo(type);

        assertThat(Extremes.of(array)).isEqualTo(new Extremes(-7, 9));
        assertThat(Extremes.of(array.permute(1, 0))).isEqualTo(new Extremes(-7, 9));
        assertThat(Extremes.of(array.get(NDArrayIndex.all(), NDArrayIndex.point(2))))
                .isEqualTo(new Extremes(2, 3));
        assertThat(Extremes.of(array.getRow(1))).isEqualTo(new Extremes(0, 9));
    }

    @Test
    void of_looksAtAllOfALongArray() {
        int[] values = new int[3 * DenseArray.BLOCK + 5];
        values[DenseArray.BLOCK] = -1;
        values[values.length - 1] = 8;

        assertThat(Extremes.of(Nd4j.createFromArray(values))).isEqualTo(new Extremes(-1, 8));
        assertThat(Extremes.of(Nd4j.createFromArray(values).castTo(DataType.FLOAT)))
                .isEqualTo(new Extremes(-1, 8));
    }

    @Test
    void of_givesNaN_whereOneIs() {
        assertThat(Extremes.of(Nd4j.createFromArray(1f, Float.NaN, 2f)))
                .isEqualTo(new Extremes(Double.NaN, Double.NaN));
    }
}
