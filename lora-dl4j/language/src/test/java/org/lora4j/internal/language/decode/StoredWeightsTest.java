/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import static org.lora4j.internal.language.decode.DecodeSessionTest.assertClose;
import static org.lora4j.internal.language.decode.DecodeSessionTest.tokens;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.quant.HalfPrecision;
import org.lora4j.quant.Int8;
import org.lora4j.quant.Nf4;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.Tiled;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Sessions over weights in fewer bits compute what they compute over the values that these stand for. */
class StoredWeightsTest {

    private static final double ROUNDING = 2e-5;
    /** Of sums over hundreds of inputs, one after the other. */
    private static final double OF_ONE_SUM = 5e-5;
    /** In ascending order. */
    private static final int[] ROWS = {1, 3, 4, 6, 16, 19, 70, 130, 300};

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "gemma2-basic", "gpt2-basic", "phi3-partial-rotary"})
    void feed_withInt8Weights_givesWhatTheirValuesGive(String name) {
        GoldenModel golden = GoldenModel.of(name);
        boolean inputsFirst = golden.config().family().inputsFirst();
        assertSame(golden, golden.stored(weight -> Int8.of(weight, inputsFirst ? 1 : 0)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "gpt2-basic"})
    void feed_withNf4Weights_givesWhatTheirValuesGive(String name) {
        GoldenModel golden = GoldenModel.of(name);
        assertSame(golden, golden.stored(weight -> Nf4.fits(weight) ? Nf4.of(weight, true) : Int8.of(weight, 0)));
    }

    private static void assertSame(GoldenModel golden, Map<String, StoredWeight> stored) {
        Map<String, INDArray> values = new HashMap<>();
        stored.forEach((tensor, weight) -> values.put(tensor, weight.dequantized()));
        DecoderTensors floats = tensor -> values.getOrDefault(tensor, golden.array(tensor));
        int[] ids = tokens(golden, 9);
        try (DecodeSession session = new DecodeSession(golden.model(stored), ModuleUpdates.NONE, 2);
                DecodeSession expected =
                        new DecodeSession(new DecodeModel(golden.config(), floats), ModuleUpdates.NONE, 2)) {
            int[] which = {session.add()};
            int[] same = {expected.add()};
            assertClose(session.feed(which, new int[][] {ids})[0], expected.feed(same, new int[][] {ids})[0], ROUNDING);
            assertClose(session.feed(which, new int[][] {{5}})[0], expected.feed(same, new int[][] {{5}})[0], ROUNDING);
        }
    }

    @Test
    void multiply_forEveryRowsAndWidth_givesTheProductOfTheValues() {
        for (int inputs : new int[] {3, 8, 10, 64, 1796}) {
            INDArray plain = Nd4j.create(numbers(37 * inputs), new long[] {37, inputs}, 'c');
            for (DataType type : List.of(DataType.FLOAT, DataType.BFLOAT16, DataType.FLOAT16)) {
                INDArray weight = plain.castTo(type);
                assertProduct(
                        LinearWeight.of("w", weight, Optional.empty(), false),
                        weight.castTo(DataType.FLOAT),
                        type == DataType.FLOAT ? ROUNDING : OF_ONE_SUM);
            }
            StoredWeight bytes = Int8.of(plain, 0);
            assertProduct(LinearWeight.of("w", null, Optional.of(bytes), false), bytes.dequantized(), OF_ONE_SUM);
        }
    }

    /** In those of this processor, and in those of others, which a graph that was saved there has. */
    @Test
    void multiply_inTiles_givesTheProductOfTheValues() {
        for (int inputs : new int[] {64, 192, 896, 1536}) {
            INDArray plain = Nd4j.create(numbers(192 * inputs), new long[] {192, inputs}, 'c');
            assertProductInTiles(() -> HalfPrecision.of(plain, DataType.BFLOAT16), Tiled.ROWS);
            assertProductInTiles(() -> HalfPrecision.of(plain, DataType.FLOAT16), Tiled.ROWS);
            assertProductInTiles(() -> Int8.of(plain, 0), Tiled.ROWS, 8, 4);
        }
    }

    private static void assertProductInTiles(Supplier<StoredWeight> stored, int... rowsOfTiles) {
        Expected expected = Expected.of(stored.get().dequantized());
        for (int rows : rowsOfTiles) {
            StoredWeight tiled = Tiled.overwriting(stored.get(), rows);
            assertProduct(LinearWeight.of("w", null, Optional.of(tiled), false), expected, OF_ONE_SUM);
        }
    }

    @Test
    void multiply_withInputsFirst_givesTheProductOfTheValues() {
        for (int inputs : new int[] {3, 64, 897}) {
            INDArray plain = Nd4j.create(numbers(inputs * 37), new long[] {inputs, 37}, 'c');
            for (DataType type : List.of(DataType.FLOAT, DataType.BFLOAT16, DataType.FLOAT16)) {
                INDArray weight = plain.castTo(type);
                assertProduct(
                        LinearWeight.of("w", weight, Optional.empty(), true),
                        weight.castTo(DataType.FLOAT).transpose(),
                        OF_ONE_SUM);
            }
            StoredWeight bytes = Int8.of(plain, 1);
            assertProduct(
                    LinearWeight.of("w", null, Optional.of(bytes), true),
                    bytes.dequantized().transpose(),
                    OF_ONE_SUM);
        }
    }

    private static float[] numbers(int n) {
        Random random = new Random(7);
        float[] numbers = new float[n];
        for (int i = 0; i < n; i++) {
            // Among them ones that are subnormal in 16 bits.
            numbers[i] = (float) (random.nextGaussian() * Math.pow(10, -random.nextInt(7)));
        }
        return numbers;
    }

    private static void assertProduct(LinearWeight weight, INDArray values, double rounding) {
        assertProduct(weight, Expected.of(values), rounding);
    }

    private static void assertProduct(LinearWeight weight, Expected expected, double rounding) {
        for (int rows : ROWS) {
            HiddenRows x = new HiddenRows().toBeWritten(rows, weight.inputs());
            System.arraycopy(expected.x(), 0, x.values(), 0, x.length());
            float[] found = new float[rows * weight.outputs()];
            try (Staging staging = new Staging();
                    Workspace space = new Workspace()) {
                staging.prepare(x, weight.form(rows), weight.outputs(), space);
                for (int piece = 0; piece < weight.pieces(weight.form(rows), rows); piece++) {
                    weight.multiply(staging, 0, rows, piece, space);
                }
                staging.outputs().get(0, found, 0, found.length);
            }
            assertClose(found, Arrays.copyOf(expected.outputs(), found.length), rounding);
        }
    }

    /** The most rows of {@link #ROWS} and their products with a weight; those of fewer rows are the first of them. */
    private record Expected(float[] x, float[] outputs) {

        static Expected of(INDArray values) {
            // Reading a value of an array takes a hundred times as long as multiplying it.
            float[][] byOutput = values.toFloatMatrix();
            int inputs = byOutput[0].length;
            int rows = ROWS[ROWS.length - 1];
            float[] x = new float[rows * inputs];
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) Math.sin(i) + 0.5f;
            }
            float[] outputs = new float[rows * byOutput.length];
            for (int row = 0; row < rows; row++) {
                for (int output = 0; output < byOutput.length; output++) {
                    outputs[row * byOutput.length + output] = sum(x, row * inputs, byOutput[output]);
                }
            }
            return new Expected(x, outputs);
        }
    }

    private static float sum(float[] x, int from, float[] weights) {
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            sum += (double) x[from + i] * weights[i];
        }
        return (float) sum;
    }
}
