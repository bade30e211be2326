/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.offset;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.lora4j.dl4j.layer.RowAdditions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class RowNetworkTest {

    private final INDArray x = Nd4j.linspace(-1, 1, 8, DataType.DOUBLE).reshape(2, 4);

    private static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    /** Adds a number to the products of one module. */
    private static RowAdditions adding(String path, double number) {
        return new RowAdditions() {
            @Override
            public boolean touches(String module) {
                return module.equals(path);
            }

            @Override
            public void add(String module, INDArray input, INDArray product) {
                product.addi(number);
            }
        };
    }

    @Test
    void forks_readTheBasesOwnArrays() {
        MultiLayerNetwork base = Networks.mlp();
        RowNetwork fork = RowNetwork.of(base).fork();
        double[] before = values(base.output(x));

        base.getParam("0_W").muli(2);

        double[] now = values(fork.output(Map.of("input", x), RowAdditions.NONE).get("output"));
        assertThat(now).isEqualTo(values(base.output(x))).isNotEqualTo(before);
    }

    @Test
    void output_addsBelowTheBiasAndTheActivation() {
        ComputationGraph base = Networks.graph();
        RowNetwork network = RowNetwork.of(base);
        ComputationGraph shifted = Networks.graph();
        shifted.getParam("enc.fc2_b").addi(0.3);

        Map<String, INDArray> found = network.output(Map.of("in", x), adding("enc.fc2", 0.3));

        assertThat(found).containsOnlyKeys("head");
        assertThat(values(found.get("head"))).containsExactly(values(shifted.outputSingle(x)), offset(1e-12));
        assertThat(values(network.output(Map.of("in", x), RowAdditions.NONE).get("head")))
                .isEqualTo(values(base.outputSingle(x)));
    }

    @Test
    void add_seesTheInputOfTheModule() {
        RowNetwork network = RowNetwork.of(Networks.mlp());
        Map<String, double[]> seen = new LinkedHashMap<>();

        network.output(Map.of("input", x), new RowAdditions() {
            @Override
            public boolean touches(String module) {
                return true;
            }

            @Override
            public void add(String module, INDArray input, INDArray product) {
                seen.put(module, values(input));
            }
        });

        assertThat(seen).containsOnlyKeys("fc1", "fc2", "head");
        assertThat(seen.get("fc1")).isEqualTo(values(x));
    }

    @Test
    void parameters_areInTheLayoutOfAdapterFiles() {
        MultiLayerNetwork base = Networks.mlp();
        RowNetwork network = RowNetwork.of(base);

        assertThat(values(network.parameter("fc1.weight")))
                .isEqualTo(values(base.getParam("0_W").transpose()));
        assertThat(network.bias("fc1")).hasValue("fc1.bias");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.parameter("fc1.gain"))
                .withMessageContaining("\"fc1.gain\"");
    }
}
