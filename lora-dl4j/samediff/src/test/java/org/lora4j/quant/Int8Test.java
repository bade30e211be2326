/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class Int8Test {

    static INDArray random(long seed, int rows, int columns) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return Nd4j.create(values, new long[] {rows, columns}, 'c');
    }

    @Test
    void of_withOutputsAsColumns_scalesEachColumn() {
        // Largest values 1.27 and 254, so the scales are 0.01 and 2.
        INDArray weight = Nd4j.createFromArray(new float[][] {{1.27f, -254}, {-0.504f, 3.1f}, {0, 8.9f}});

        Int8 stored = Int8.of(weight, 1);

        assertThat(stored.scales().shape()).containsExactly(1, 2);
        assertThat(stored.scales().toFloatVector()).containsExactly(0.01f, 2);
        assertThat(stored.values().toIntMatrix()).isEqualTo(new int[][] {{127, -127}, {-50, 2}, {0, 4}});
        assertThat(stored.dequantized().toFloatMatrix()).isEqualTo(new float[][] {{1.27f, -254}, {-0.5f, 4}, {0, 8}});
        assertThat(stored.bytes()).isEqualTo(6 + 2 * 4);
    }

    @Test
    void of_withOutputsAsRows_scalesEachRow() {
        INDArray weight = Nd4j.createFromArray(new float[][] {{1.27f, -0.504f, 0}, {-254, 3.1f, 8.9f}});

        Int8 stored = Int8.of(weight, 0);

        assertThat(stored.scales().shape()).containsExactly(2, 1);
        assertThat(stored.dequantized().toFloatMatrix()).isEqualTo(new float[][] {{1.27f, -0.5f, 0}, {-254, 4, 8}});
    }

    @Test
    void of_randomWeights_isOffByHalfAScaleAtMost() {
        for (int axis = 0; axis < 2; axis++) {
            INDArray weight = random(5, 40, 30);

            Int8 stored = Int8.of(weight, axis);

            INDArray largest = weight.castTo(DataType.DOUBLE).amax(1 - axis);
            INDArray error =
                    weight.sub(stored.dequantized()).castTo(DataType.DOUBLE).amax(1 - axis);
            for (int i = 0; i < largest.length(); i++) {
                assertThat(error.getDouble(i)).isLessThan(largest.getDouble(i) / 127 / 2 * (1 + 1e-4));
            }
        }
    }

    @Test
    void read_ofSomeRows_givesThoseOfTheWhole() {
        Int8 stored = Int8.of(random(6, 9, 5), 0);
        float[] rows = new float[15];

        stored.read(4, 3, rows);

        float[][] whole = stored.dequantized().toFloatMatrix();
        assertThat(rows).startsWith(whole[4]).endsWith(whole[6]).contains(whole[5]);
    }

    @Test
    void of_zerosSubnormalsAndViews_worksOnTheValues() {
        INDArray zeros = Nd4j.zeros(DataType.FLOAT, 2, 3);
        INDArray tiny = Nd4j.createFromArray(new float[][] {{Float.MIN_VALUE, 1}, {-3 * Float.MIN_VALUE, 2}});
        INDArray weight = random(7, 4, 6);

        assertThat(Int8.of(zeros, 1).dequantized()).isEqualTo(zeros);
        assertThat(Int8.of(tiny, 1).dequantized().toFloatMatrix()[1][1]).isEqualTo(2);
        assertThat(Int8.of(weight.transpose(), 1).dequantized())
                .isEqualTo(Int8.of(weight, 0).dequantized().transpose());
    }

    @Test
    void of_whatIsNoFiniteFloatMatrix_isRefused() {
        INDArray broken = random(8, 2, 3).putScalar(1, 2, Float.NaN);

        assertThatThrownBy(() -> Int8.of(broken, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Int8: the value at [1, 2] is NaN; expected finite ones. Load or initialize the weight again.");
        assertThatThrownBy(() -> Int8.of(Nd4j.ones(DataType.DOUBLE, 2, 2), 1))
                .hasMessage("Int8: a weight is DOUBLE[2, 2]; expected a FLOAT matrix. Cast or reshape it first.");
        assertThatThrownBy(() -> new Int8(Nd4j.zeros(DataType.INT8, 2, 3), Nd4j.ones(DataType.FLOAT, 1, 2)))
                .hasMessageContaining("INT8[2, 3] with scales FLOAT[1, 2]".replace("INT8", "BYTE"));
    }
}
