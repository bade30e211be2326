/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class MatrixTest {

    private static final Matrix TWO_BY_THREE = Matrix.ofRows(3, new double[] {1, 2, 3}, new double[] {4, 5, 6});

    @Test
    void of_aViewInAnotherOrder_readsItsElementsRowByRow() {
        INDArray view =
                Nd4j.createFromArray(new float[][] {{1, 4}, {2, 5}, {3, 6}}).transpose();

        assertThat(Matrix.of(view, 2).flat()).containsExactly(1, 2, 3, 4, 5, 6);
    }

    @Test
    void of_moreThanABlock_readsAll() {
        double[] numbers =
                IntStream.range(0, 3 * DenseArray.BLOCK).asDoubleStream().toArray();
        INDArray array = Nd4j.createFromArray(numbers).reshape(3, DenseArray.BLOCK);

        Matrix matrix = Matrix.of(array, 3);

        assertThat(matrix.get(2, DenseArray.BLOCK - 1)).isEqualTo(3 * DenseArray.BLOCK - 1);
    }

    @Test
    void of_halfPrecision_readsItsValues() {
        INDArray half = Nd4j.createFromArray(0.5f, -2f).castTo(DataType.FLOAT16);

        assertThat(Matrix.of(half, 1).flat()).containsExactly(0.5, -2);
    }

    @Test
    void toArray_givesTheShapeAndTheType() {
        INDArray array = TWO_BY_THREE.toArray(DataType.FLOAT, 2, 3, 1);

        assertThat(array.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(array.shape()).containsExactly(2, 3, 1);
        assertThat(array.getFloat(1, 0, 0)).isEqualTo(4f);
    }

    @Test
    void times_isTheProduct() {
        // Five columns: four at once and one left over.
        Matrix left = Matrix.ofRows(5, new double[] {1, 2, 3, 4, 5});
        Matrix right = Matrix.ofFlat(new double[] {1, 10, 2, 20, 3, 30, 4, 40, 5, 50}, 2);

        assertThat(left.times(right).flat()).containsExactly(55, 550);
    }

    @Test
    void transposed_turnsRowsIntoColumns() {
        assertThat(TWO_BY_THREE.transposed().flat()).containsExactly(1, 4, 2, 5, 3, 6);
    }

    @Test
    void plus_andScaled_leaveTheMatrixAsItWas() {
        Matrix sum = TWO_BY_THREE.plus(2, TWO_BY_THREE).scaled(10);

        assertThat(sum.flat()).containsExactly(30, 60, 90, 120, 150, 180);
        assertThat(TWO_BY_THREE.flat()).containsExactly(1, 2, 3, 4, 5, 6);
    }

    @Test
    void stack_andFirstRows_cutAndAddRows() {
        Matrix stacked = Matrix.stack(List.of(TWO_BY_THREE, TWO_BY_THREE));

        assertThat(stacked.rows()).isEqualTo(4);
        assertThat(stacked.firstRows(1).flat()).containsExactly(1, 2, 3);
        assertThat(TWO_BY_THREE.firstRows(3).flat()).containsExactly(1, 2, 3, 4, 5, 6, 0, 0, 0);
    }

    @Test
    void norm_doesNotOverflow() {
        assertThat(Matrix.ofRows(2, new double[] {3e200, 4e200}).norm()).isCloseTo(5e200, Offset.offset(1e186));
        assertThat(Matrix.zeros(0, 3).norm()).isZero();
    }

    @Test
    void basis_ofDependentVectors_hasOneVectorForEachDirection() {
        Matrix vectors = Matrix.ofRows(2, new double[] {3, 4}, new double[] {-6, -8}, new double[] {0, 1});

        OrthonormalBasis basis = OrthonormalBasis.of(vectors);

        assertThat(basis.basis().flat()).containsExactly(new double[] {0.6, 0.8, -0.8, 0.6}, Offset.offset(1e-15));
        assertThat(basis.coefficients().flat())
                .containsExactly(new double[] {5, 0, -10, 0, 0.8, 0.6}, Offset.offset(1e-14));
    }
}
