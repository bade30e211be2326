/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array.io;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class ElementCursorTest {

    @ParameterizedTest
    @ValueSource(ints = {0, 1, DenseArray.BLOCK - 1, DenseArray.BLOCK, DenseArray.BLOCK + 1, 3 * DenseArray.BLOCK})
    void whatIsWritten_isRead(int length) {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            INDArray array = length == 0 ? Nd4j.empty(type) : Nd4j.createUninitialized(type, length);

            try (ElementCursor cursor = ElementCursor.writing(array)) {
                for (int i = 0; i < length; i++) {
                    cursor.put(i + 0.5);
                }
            }

            try (ElementCursor cursor = ElementCursor.reading(array)) {
                for (int i = 0; i < length; i++) {
                    assertThat(cursor.next()).isEqualTo(i + 0.5).isEqualTo(array.getDouble(i));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE", "HALF", "INT", "LONG"})
    void arraysOfAnyTypeAndOrder_areReadRowByRow(DataType type) {
        INDArray array = Nd4j.createFromArray(1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 10f, 11f, 12f)
                .reshape('c', 3, 4)
                .castTo(type)
                .get(NDArrayIndex.all(), NDArrayIndex.interval(1, 3))
                .transpose();

        try (ElementCursor cursor = ElementCursor.reading(array)) {
            for (double expected : new double[] {2, 6, 10, 3, 7, 11}) {
                assertThat(cursor.next()).isEqualTo(expected);
            }
        }
    }
}
