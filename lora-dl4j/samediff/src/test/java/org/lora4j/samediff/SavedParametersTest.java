/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.internal.engine.GradientCheck.values;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Parameters trained in full whose names or shapes are not those of a module of PyTorch. */
class SavedParametersTest {

    private static final Map<String, INDArray> INPUT = Map.of("x", values(9, 5, 3));

    /** y = tanh((x + shift) fc.weight + row) out.weight with a bias that is a row, and a leaf without a dot. */
    private static SameDiff graph() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 3).add(sd.var("shift", values(1, 3)));
        SDVariable h =
                sd.math.tanh(x.mmul(sd.var("fc.weight", values(2, 3, 4))).add(sd.var("fc.bias", values(3, 1, 4))));
        SDVariable y = h.mmul("y", sd.var("out.weight", values(4, 4, 2)));
        sd.math.square(y).mean().rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static LoraConfig.Builder config() {
        return LoraConfig.builder().rank(2).alpha(4).targetModules("fc");
    }

    private static void step(AdaptedSameDiff model) {
        Map<String, INDArray> gradients = model.executor().gradients(INPUT, 1).gradients();
        model.trainableParameters().forEach(p -> p.value().subi(gradients.get(p.name())));
    }

    private static INDArray output(AdaptedSameDiff model) {
        return model.output(INPUT, "y").get("y");
    }

    @Test
    void leafWithoutADot_trainedInFull_isSavedAndLoaded(@TempDir Path directory) throws Exception {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(graph()), config().modulesToSave("shift").build(), 1);
        step(model);

        model.adapter("default").save(directory);

        assertThat(model.adapter("default").savedParameters()).containsOnlyKeys("shift");
        assertThat(output(DefaultAdapter.saved(AdaptedSameDiff.of(graph()), directory))
                        .equalsWithEps(output(model), 1e-6))
                .isTrue();
    }

    @Test
    void biasThatIsARow_hasOneAxisInTheFile_andIsARowAgainInTheGraph(@TempDir Path directory) throws Exception {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(graph()),
                config().bias(BiasTraining.ADAPTED_ONLY).build(),
                1);
        step(model);

        model.adapter("default").save(directory);

        assertThat(model.adapter("default").savedParameters().get("fc.bias").shape())
                .containsExactly(4);
        assertThat(output(DefaultAdapter.saved(AdaptedSameDiff.of(graph()), directory))
                        .equalsWithEps(output(model), 1e-6))
                .isTrue();
    }

    @Test
    void biasThatIsARow_isABiasForTheOptimizer() {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(graph()),
                config().bias(BiasTraining.ADAPTED_ONLY).build(),
                1);

        assertThat(model.trainableParameters().stream()
                        .filter(p -> p.kind() != Kind.FACTOR)
                        .map(TrainableParameter::kind))
                .containsExactly(Kind.BIAS_OR_NORM);
    }

    @Test
    void mergeAndUnload_ofAMergedModel_sharesNothingThatTheModelMerged() {
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(graph()), config().build(), 1);
        step(model);
        step(model);
        model.merge();
        INDArray before = output(model);

        SameDiff exported = model.mergeAndUnload();
        exported.getVariable("fc.weight").getArr().muli(3);

        assertThat(output(model)).isEqualTo(before);
    }
}
