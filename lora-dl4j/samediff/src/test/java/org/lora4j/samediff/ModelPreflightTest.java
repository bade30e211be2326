/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.lora4j.config.LoraConfig;
import org.lora4j.train.FitOptions;
import org.lora4j.train.FitSettings;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.PreflightRule;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What a preflight finds in a model: each rule with a case that triggers it, and one beside it that does not. */
class ModelPreflightTest {

    /** How a graph is trained; only what is allowed matters here. */
    private static final class Settings extends FitSettings<Settings> {

        private Settings() {
            super(1, 1, 1);
        }

        @Override
        protected Settings self() {
            return this;
        }

        @Override
        protected double defaultRate(boolean allWeights) {
            return allWeights ? 1e-4 : 1e-3;
        }
    }

    private static INDArray weights(int rows, int columns, double factor) {
        return Nd4j.linspace(-1, 1, (long) rows * columns, DataType.FLOAT)
                .reshape(rows, columns)
                .muli(factor);
    }

    /** "body" and "head" lead to the loss, "side" to an output of its own; "cut" does behind an op that has no gradient. */
    private static SameDiff graph(double headBias) {
        SameDiff sd = SameDiff.create();
        SDVariable input = sd.placeHolder("input", DataType.FLOAT, -1, 8);
        SDVariable labels = sd.placeHolder("labels", DataType.FLOAT, -1, 2);
        SDVariable body = sd.math()
                .tanh(input.mmul(sd.var("body.weight", weights(8, 6, 0.7)))
                        .add(sd.var("body.bias", Nd4j.ones(DataType.FLOAT, 6))));
        SDVariable cut = sd.math()
                .sign(input.mmul(sd.var("cut.weight", weights(8, 6, 0.3)))
                        .add(sd.var("cut.bias", Nd4j.ones(DataType.FLOAT, 6))));
        SDVariable side = input.mmul(sd.var("side.weight", weights(8, 6, 0.2)))
                .add("side_output", sd.var("side.bias", Nd4j.ones(DataType.FLOAT, 6)));
        assertThat(side.name()).isEqualTo("side_output");
        SDVariable logits = body.add(cut)
                .mmul(sd.var("head.weight", weights(6, 2, 5)))
                .add("logits", sd.var("head.bias", Nd4j.ones(DataType.FLOAT, 2).muli(headBias)));
        sd.loss().softmaxCrossEntropy("loss", labels, logits, null);
        sd.setLossVariables("loss");
        return sd;
    }

    private static Preflight preflight(SameDiff graph, LoraConfig config, PreflightRule... allowed) {
        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        model.addAdapter("default", config, 1);
        model.activate("default");
        FitOptions options = new Settings().allow(allowed).options();
        return options.preflightOf(model);
    }

    private static LoraConfig targets(String... names) {
        return LoraConfig.builder().rank(2).targetModules(names).build();
    }

    @Test
    void modulesThatTheLossDependsOn_pass() {
        assertThat(preflight(graph(1), targets("body")).findings()).isEmpty();
    }

    @Test
    void moduleThatTheLossDoesNotDependOn_isRefused() {
        Preflight found = preflight(graph(1), targets("body", "side"));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> found.require("fit"))
                .withMessageContaining("no gradient can reach \"side\"")
                .withMessageContaining("allow(PreflightRule.NO_GRADIENT)");
    }

    @Test
    void moduleBehindAnOpWithoutGradient_isRefused() {
        assertThat(preflight(graph(1), targets("cut")).refused())
                .extracting(Preflight.Finding::rule)
                .containsExactly(PreflightRule.NO_GRADIENT);
    }

    @Test
    void moduleWithoutGradient_thatIsAllowed_isSaid() {
        Preflight found = preflight(graph(1), targets("side"), PreflightRule.NO_GRADIENT);

        found.require("fit");
        assertThat(found.notes()).singleElement().asString().contains("no gradient can reach \"side\"");
        assertThat(found.toString()).contains("allowed NO_GRADIENT");
    }

    @Test
    void headWhoseBiasIsZero_isRefused_andNotIfItIsSaved() {
        assertThat(preflight(graph(0), targets("body")).refused())
                .extracting(Preflight.Finding::rule)
                .containsExactly(PreflightRule.FRESH_HEAD);
        LoraConfig saving = targets("body").toBuilder().modulesToSave("head").build();
        assertThat(preflight(graph(0), saving).findings()).isEmpty();
    }

    @Test
    void headAsPyTorchDrawsIt_isRefused_andATrainedOneIsNot() {
        SameDiff drawn = wide(1 / Math.sqrt(50));
        SameDiff trained = wide(0.9);

        assertThat(preflight(drawn, targets("body")).refused())
                .extracting(Preflight.Finding::rule)
                .containsExactly(PreflightRule.FRESH_HEAD);
        assertThat(preflight(trained, targets("body")).findings()).isEmpty();
    }

    /** With a head of 50 inputs whose weights fill a range evenly. */
    private static SameDiff wide(double end) {
        SameDiff sd = SameDiff.create();
        SDVariable input = sd.placeHolder("input", DataType.FLOAT, -1, 8);
        SDVariable labels = sd.placeHolder("labels", DataType.FLOAT, -1, 4);
        SDVariable body = sd.math()
                .tanh(input.mmul(sd.var("body.weight", weights(8, 50, 0.7)))
                        .add(sd.var("body.bias", Nd4j.ones(DataType.FLOAT, 50))));
        SDVariable logits = body.mmul(sd.var("head.weight", weights(50, 4, end)))
                .add("logits", sd.var("head.bias", Nd4j.ones(DataType.FLOAT, 4).muli(0.05)));
        sd.loss().softmaxCrossEntropy("loss", labels, logits, null);
        sd.setLossVariables("loss");
        return sd;
    }
}
