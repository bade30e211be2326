/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class TiledTest {

    /** Values that 16 bits hold exactly, another one in each place of a tile. */
    private static INDArray numbers(int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i * 37 % 255) - 127;
        }
        // Every row has the largest value of 8 bits, so that scales are 1.
        for (int row = 0; row < rows; row++) {
            values[row * columns] = 127;
        }
        return Nd4j.create(values, new long[] {rows, columns}, 'c');
    }

    static Stream<Arguments> weights() {
        return Stream.of(
                Arguments.of(HalfPrecision.of(numbers(128, 96), DataType.BFLOAT16), 64),
                Arguments.of(Int8.of(numbers(128, 128), 0), 64),
                Arguments.of(Int8.of(numbers(128, 128), 0), 8),
                Arguments.of(Int8.of(numbers(192, 64), 0), 4),
                Arguments.of(HalfPrecision.of(numbers(192, 16), DataType.BFLOAT16), 64),
                Arguments.of(HalfPrecision.of(numbers(192, 1536), DataType.BFLOAT16), 64),
                Arguments.of(HalfPrecision.of(numbers(320, 1520), DataType.FLOAT16), 64),
                Arguments.of(HalfPrecision.of(numbers(128, 48), DataType.FLOAT16), 64));
    }

    @Test
    void overwriting_of16Bits_putsTheValuesOf64RowsBesideEachOther() {
        INDArray plain = numbers(128, 64);
        Tiled tiled = Tiled.overwriting(HalfPrecision.of(plain, DataType.BFLOAT16), Tiled.ROWS);

        assertThat(tiled.values().shape()).containsExactly(1, 2, 64, 64);
        assertThat(tiled.values().getFloat(0, 1, 19, 5)).isEqualTo(plain.getFloat(64 + 5, 19));
        assertThat(tiled.values().getFloat(0, 1, 63, 62)).isEqualTo(plain.getFloat(64 + 62, 63));
    }

    @Test
    void overwriting_ofManyColumns_partsThem() {
        INDArray plain = numbers(192, 896);
        Tiled tiled = Tiled.overwriting(HalfPrecision.of(plain, DataType.FLOAT16), Tiled.ROWS);

        assertThat(tiled.values().shape()).containsExactly(2, 3, 448, 64);
        assertThat(tiled.values().getFloat(1, 0, 19, 5)).isEqualTo(plain.getFloat(5, 448 + 19));
        assertThat(tiled.values().getFloat(0, 2, 447, 62)).isEqualTo(plain.getFloat(128 + 62, 447));
    }

    @Test
    void overwriting_of8Bits_putsTheWordsOf64RowsBesideEachOther() {
        INDArray plain = numbers(128, 128);
        Tiled tiled = Tiled.overwriting(Int8.of(plain, 0), Tiled.ROWS);

        assertThat(tiled.values().shape()).containsExactly(2, 2, 16, 64, 4);
        assertThat(tiled.values().getInt(1, 1, 3, 5, 2)).isEqualTo((int) plain.getFloat(69, 64 + 12 + 2));
        assertThat(tiled.scales().orElseThrow().sumNumber().floatValue()).isEqualTo(128);
    }

    @Test
    void overwriting_inTilesOf8Rows_putsTheWordsOf8RowsBesideEachOther() {
        INDArray plain = numbers(128, 128);
        Tiled tiled = Tiled.overwriting(Int8.of(plain, 0), 8);

        assertThat(tiled.values().shape()).containsExactly(16, 2, 16, 8, 4);
        assertThat(tiled.rowsOfTile()).isEqualTo(8);
        assertThat(tiled.values().getInt(3, 1, 2, 5, 1)).isEqualTo((int) plain.getFloat(24 + 5, 64 + 8 + 1));
    }

    @ParameterizedTest
    @MethodSource("weights")
    void read_ofAnyRows_givesTheValuesOfTheWeight(StoredWeight weight, int rowsOfTile) {
        INDArray values = weight.dequantized();
        long bytes = weight.bytes();
        Tiled tiled = Tiled.overwriting(weight, rowsOfTile);

        assertThat(tiled.bytes()).isEqualTo(bytes);
        assertThat(tiled.dequantized()).isEqualTo(values);
        int columns = (int) tiled.columns();
        for (int[] range : new int[][] {{0, 1}, {63, 2}, {5, 40}, {60, 68}, {127, 1}}) {
            float[] read = new float[range[1] * columns];
            tiled.read(range[0], range[1], read);
            for (int i = 0; i < read.length; i++) {
                assertThat(read[i]).isEqualTo(values.getFloat(range[0] + i / columns, i % columns));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("weights")
    void graph_spellsItInStockOps(StoredWeight weight, int rowsOfTile) {
        INDArray values = weight.dequantized();
        Tiled tiled = Tiled.overwriting(weight, rowsOfTile);
        SameDiff graph = SameDiff.create();
        SDVariable computed = StoredWeights.add(graph, "w", tiled);

        assertThat(computed.eval()).isEqualTo(values);
        assertThat(StoredWeights.find(graph, "w").orElseThrow().dequantized()).isEqualTo(values);
        assertThat(graph.output(Map.of(), "w").get("w")).isEqualTo(values);
    }

    @Test
    void fits_onlyWholeTiles() {
        assertThat(Tiled.fits(HalfPrecision.of(numbers(64, 32), DataType.BFLOAT16)))
                .isTrue();
        assertThat(Tiled.fits(HalfPrecision.of(numbers(64, 48), DataType.FLOAT16)))
                .isTrue();
        assertThat(Tiled.fits(HalfPrecision.of(numbers(64, 40), DataType.BFLOAT16)))
                .isFalse();
        assertThat(Tiled.fits(HalfPrecision.of(numbers(65, 32), DataType.BFLOAT16)))
                .isFalse();
        assertThat(Tiled.fits(Int8.of(numbers(64, 32), 0))).isFalse();
        assertThat(Tiled.fits(Int8.of(numbers(64, 64), 1))).isFalse();
        assertThatThrownBy(() -> Tiled.overwriting(Int8.of(numbers(64, 32), 0), Tiled.ROWS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Int8[64, 32] in tiles of 64 rows; expected a weight of whole tiles");
        assertThatThrownBy(() -> Tiled.overwriting(HalfPrecision.of(numbers(64, 32), DataType.FLOAT16), 8))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("in tiles of 8 rows; expected a weight of whole tiles of 64 rows");
        assertThatThrownBy(() -> new Tiled(Nd4j.zeros(DataType.INT8, 1, 1, 16, 64, 4), Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("BYTE[1, 1, 16, 64, 4] with scales none");
    }
}
