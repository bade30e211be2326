/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Each example of a batch has an adapter of its own; what is expected is what each adapter says alone. */
class AdapterPerExampleTest {

    private static final double ROUNDED = 1e-6;

    /** Random factors on both sides, so that each adapter changes what is said. */
    private static LoraConfig config() {
        return LoraConfig.builder()
                .rank(2)
                .alpha(2)
                .targetModules(ModuleSelector.allLinear())
                .initialization(Initialization.RANDOM)
                .build();
    }

    private static <N extends Model> AdaptedNetwork<N> withTwo(AdaptedNetwork<N> model) {
        model.addAdapter("a", config(), 1);
        model.addAdapter("b", config(), 2);
        return model;
    }

    private static void requireRow(INDArray said, int row, INDArray alone) {
        assertThat(said.getRow(row).distance2(alone.getRow(row))).isCloseTo(0, within(ROUNDED));
    }

    @Test
    void output_ofANetwork_isWhatEachAdapterSaysAlone_andTheStateStays() {
        AdaptedNetwork<MultiLayerNetwork> model = withTwo(AdaptedNetwork.of(Networks.mlp()));
        INDArray input = Networks.normal(4, 4);
        INDArray base = model.base().output(input).dup();
        model.activate("a");
        INDArray a = model.network().output(input).dup();
        model.activate("b");
        INDArray b = model.network().output(input).dup();
        model.activate("a", "b");
        INDArray both = model.network().output(input).dup();
        assertThat(a.distance2(b)).isGreaterThan(ROUNDED);

        INDArray said = model.output(List.of(input), List.of("b", "a", AdaptedNetwork.BASE, "b"))
                .get(0);

        requireRow(said, 0, b);
        requireRow(said, 1, a);
        requireRow(said, 2, base);
        requireRow(said, 3, b);
        assertThat(model.activeAdapters()).containsExactly("a", "b");
        assertThat(model.network().output(input)).isEqualTo(both);
    }

    @Test
    void output_ofAGraphWhoseAdaptersAreOff_leavesThemOff() {
        AdaptedNetwork<ComputationGraph> model = withTwo(AdaptedNetwork.of(Networks.graph()));
        model.activate("a");
        List<INDArray> inputs = List.of(Networks.normal(2, 4));
        INDArray a = model.network().outputSingle(inputs.get(0)).dup();
        model.disable();
        INDArray base = model.network().outputSingle(inputs.get(0)).dup();

        INDArray said = model.output(inputs, List.of("a", AdaptedNetwork.BASE)).get(0);

        requireRow(said, 0, a);
        requireRow(said, 1, base);
        assertThat(model.isEnabled()).isFalse();
        assertThat(model.activeAdapters()).containsExactly("a");
    }

    @Test
    void output_wrongArguments_areToldTogether() {
        AdaptedNetwork<MultiLayerNetwork> model = withTwo(AdaptedNetwork.of(Networks.mlp()));
        INDArray input = Networks.normal(2, 3);

        assertThatThrownBy(() -> model.output(List.of(input, input), List.of("a", "c", "b")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 inputs, expected 1")
                .hasMessageContaining("inputs[0] has 2 examples, expected 3")
                .hasMessageContaining("adapterPerExample[1] = \"c\" is no adapter");
    }

    @Test
    void output_whileMerged_isRefused() {
        AdaptedNetwork<MultiLayerNetwork> model = withTwo(AdaptedNetwork.of(Networks.mlp()));
        model.activate("a");
        model.merge();

        assertThatThrownBy(() -> model.output(List.of(Networks.normal(1, 3)), List.of("b")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("unmerge()");
    }
}
