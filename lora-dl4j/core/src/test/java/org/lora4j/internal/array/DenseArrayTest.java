/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class DenseArrayTest {

    /** 0 1 2 / 3 4 5. */
    private static INDArray twoByThree(DataType type, char order) {
        return Nd4j.createFromArray(new double[][] {{0, 1, 2}, {3, 4, 5}})
                .castTo(type)
                .dup(order);
    }

    /** Columns 1 and 2 of the above: dense in neither order. */
    private static INDArray view(INDArray of) {
        return of.get(NDArrayIndex.all(), NDArrayIndex.interval(1, 3));
    }

    private static float[] floats(DenseArray array) {
        float[] values = new float[(int) array.length()];
        array.read(0, values);
        return values;
    }

    @Test
    void of_anArrayInOrderF_readsInThatOrder() {
        try (DenseArray array = DenseArray.of(twoByThree(DataType.FLOAT, 'f'))) {
            assertThat(array.order()).isEqualTo('f');
            assertThat(floats(array)).containsExactly(0, 3, 1, 4, 2, 5);
        }
    }

    @Test
    void rowMajor_ofAnArrayInOrderF_readsRowByRow() {
        try (DenseArray array = DenseArray.rowMajor(twoByThree(DataType.FLOAT, 'f'))) {
            assertThat(floats(array)).containsExactly(0, 1, 2, 3, 4, 5);
            assertThat(array.width()).isEqualTo(3);
        }
    }

    @Test
    void of_aView_readsItsOwnElements() {
        try (DenseArray array = DenseArray.of(view(twoByThree(DataType.FLOAT, 'c')))) {
            assertThat(floats(array)).containsExactly(1, 2, 4, 5);
        }
    }

    @Test
    void of_aViewThatStartsLater_readsFromItsOffset() {
        INDArray second = twoByThree(DataType.DOUBLE, 'c').get(NDArrayIndex.point(1), NDArrayIndex.all());
        double[] values = new double[3];

        try (DenseArray array = DenseArray.of(second)) {
            array.read(0, values);
        }

        assertThat(values).containsExactly(3, 4, 5);
    }

    @Test
    void flush_afterWritingToAView_changesTheViewAlone() {
        INDArray whole = twoByThree(DataType.FLOAT, 'c');

        try (DenseArray array = DenseArray.of(view(whole))) {
            array.write(0, new float[] {9, 8, 7, 6});
            array.flush();
        }

        assertThat(whole).isEqualTo(Nd4j.createFromArray(new float[][] {{0, 9, 8}, {3, 7, 6}}));
    }

    @Test
    void toBeWritten_ofAnArrayInOrderF_bringsTheValuesToTheirPlaces() {
        INDArray target = twoByThree(DataType.FLOAT, 'f');

        try (DenseArray array = DenseArray.toBeWritten(target)) {
            array.write(0, new float[] {5, 4, 3, 2, 1, 0});
            array.flush();
        }

        assertThat(target).isEqualTo(Nd4j.createFromArray(new float[][] {{5, 4, 3}, {2, 1, 0}}));
    }

    @Test
    void like_anArrayOfOtherTypeAndOrder_takesBoth() {
        try (DenseArray pattern = DenseArray.of(twoByThree(DataType.FLOAT, 'f'));
                DenseArray array = DenseArray.like(twoByThree(DataType.DOUBLE, 'c'), pattern)) {
            assertThat(array.isFloat()).isTrue();
            assertThat(floats(array)).containsExactly(0, 3, 1, 4, 2, 5);
        }
    }

    @Test
    void blocks_ofAnArrayALittleLongerThanOne_areTwo() {
        float[] elements = new float[DenseArray.BLOCK + 2];
        elements[DenseArray.BLOCK] = 1;
        elements[DenseArray.BLOCK + 1] = 2;
        float[] last = new float[2];

        try (DenseArray array = DenseArray.of(Nd4j.createFromArray(elements))) {
            assertThat(array.blocks()).isEqualTo(2);
            assertThat(array.length(1)).isEqualTo(2);
            array.read(1, last);
        }

        assertThat(last).containsExactly(1, 2);
    }

    @Test
    void read_fromAnIndex_startsThere() {
        float[] values = new float[2];

        try (DenseArray array = DenseArray.of(twoByThree(DataType.FLOAT, 'c'))) {
            array.read(3, values, 2);
        }

        assertThat(values).containsExactly(3, 4);
    }

    @Test
    void width_ofAScalar_isOne() {
        try (DenseArray array = DenseArray.of(Nd4j.scalar(2f))) {
            assertThat(array.width()).isEqualTo(1);
        }
    }

    @Test
    void of_anotherType_isRefusedWithTheType() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DenseArray.of(Nd4j.ones(DataType.INT32, 2)))
                .withMessage("elements of an array: type INT; expected FLOAT or DOUBLE. Cast the array first");
    }
}
