/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.Initialization;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LokrConfig;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class UpdateDropoutTest {

    private static final ModuleShape SHAPE = ModuleShape.linear(6, 4);

    private static double[] draw(double outputs, boolean scaled, double whole, int count) {
        return new UpdateDropout(outputs, scaled, whole).draw(count, new SplittableRandom(5));
    }

    @Test
    void draw_leavesOutSomeOutputs_andScalesTheOthersByTheirNumber() {
        double[] plain = draw(0.25, false, 0, 4000);
        double[] scaled = draw(0.25, true, 0, 4000);
        double left = Arrays.stream(plain).sum();

        assertThat(plain).containsOnly(0, 1);
        // Four standard deviations of 4000 draws.
        assertThat(left).isBetween(3000 - 110.0, 3000 + 110.0);
        for (int i = 0; i < plain.length; i++) {
            assertThat(scaled[i]).isEqualTo(plain[i] * (4000 / left));
        }
    }

    @Test
    void draw_ofAWholeUpdate_isAllOrNothing_andNothingLeftIsNotDividedBy() {
        assertThat(draw(0, false, 0, 3)).containsExactly(1, 1, 1);
        assertThat(draw(0, true, 1 - 1e-15, 3)).containsExactly(0, 0, 0);
        assertThat(draw(1 - 1e-15, true, 0, 3)).containsExactly(0, 0, 0);
    }

    /** What is left is multiplied onto the update of each output, which has a row of the weight in PEFT's layout. */
    @ParameterizedTest
    @CsvSource({"LOHA", "LOKR"})
    void weightUpdate_isMultipliedByOutput(String type) {
        AdapterConfig config = type.equals("LOHA")
                ? LohaConfig.builder().rank(2).targetModules("m").build()
                : LokrConfig.builder().rank(1).targetModules("m").build();
        AdapterMethod method = AdapterMethods.of(config, "m", SHAPE);
        Map<String, INDArray> arrays = method.initialize(new FactorStart(
                SHAPE, 2, 1, Initialization.RANDOM, RandomStreams.of(1, "m"), DataType.DOUBLE, () -> null));
        WeightTape tape = WeightTape.of(SHAPE, Nd4j.zeros(DataType.DOUBLE, 4, 6));
        Map<String, ArrayTape.Node> nodes = new LinkedHashMap<>();
        arrays.forEach((suffix, array) -> nodes.put(suffix, tape.constant(array)));
        INDArray kept = Nd4j.createFromArray(1.5, 0, 2, 1);

        INDArray whole = method.deltaWeight(SHAPE, Nd4j.zeros(DataType.DOUBLE, 4, 6), arrays, 1);
        INDArray left = tape.peft(
                method.weightUpdate(tape, new ArrayTape.Recorded(nodes, 1, tape.constant(kept))), DataType.DOUBLE);

        assertThat(left).isEqualTo(whole.mulColumnVector(kept.reshape(4, 1)));
    }

    @ParameterizedTest
    @CsvSource({"LOHA, true", "LOKR, false"})
    void id_tellsTheDropout(String type, boolean scaled) {
        AdapterConfig config = type.equals("LOHA")
                ? LohaConfig.builder()
                        .rank(2)
                        .rankDropout(0.25)
                        .moduleDropout(0.5)
                        .targetModules("m")
                        .build()
                : LokrConfig.builder()
                        .rank(2)
                        .rankDropout(0.25)
                        .moduleDropout(0.5)
                        .targetModules("m")
                        .build();
        String id = AdapterMethods.of(config, "m", SHAPE).traits().id();

        assertThat(AdapterMethods.named(id, false).traits().updateDropout())
                .isEqualTo(new UpdateDropout(0.25, scaled, 0.5));
        assertThat(AdapterMethods.named(id, false).traits().id()).isEqualTo(id);
    }
}
