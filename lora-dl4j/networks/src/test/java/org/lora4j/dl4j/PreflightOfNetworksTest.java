/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.lora4j.config.LoraConfig;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.FitSettings;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.PreflightRule;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Modules of networks that no gradient can reach: cases that are found, and beside each one that is not. */
class PreflightOfNetworksTest {

    /** How a network is trained; only what is allowed matters here. */
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
            return 1e-3;
        }
    }

    private static List<String> withoutGradient(AdaptedNetwork<? extends Model> model, String... targets) {
        model.addAdapter(
                "default", LoraConfig.builder().rank(2).targetModules(targets).build(), 1);
        model.activate("default");
        Preflight found = new Settings().options().preflightOf(model.trainable(DataSetPlaceholders.of("x", "y")));
        boolean refused = found.refused().stream().anyMatch(finding -> finding.rule() == PreflightRule.NO_GRADIENT);
        List<String> modules = model.trainable(DataSetPlaceholders.of("x", "y")).modulesWithoutGradient();
        assertThat(refused).isEqualTo(!modules.isEmpty());
        return modules;
    }

    private static DenseLayer dense() {
        return new DenseLayer.Builder().nIn(4).nOut(4).build();
    }

    /** "side" leads to nothing that has a loss; "a" and "a_b" have names that begin alike. */
    private static AdaptedNetwork<ComputationGraph> graph() {
        GraphBuilder builder = new NeuralNetConfiguration.Builder()
                .graphBuilder()
                .addInputs("in")
                .addLayer("a", dense(), "in")
                .addLayer("a_b", dense(), "in")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "a", "in")
                .addLayer(
                        "head",
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .nIn(4)
                                .nOut(2)
                                .build(),
                        "sum")
                .setOutputs("head")
                .allowDisconnected(true);
        ComputationGraph network = new ComputationGraph(builder.build());
        network.init();
        return AdaptedNetwork.of(network);
    }

    @Test
    void layersThatLeadToTheLoss_pass() {
        assertThat(withoutGradient(AdaptedNetwork.of(Networks.mlp()), "fc1", "fc2"))
                .isEmpty();
        assertThat(withoutGradient(graph(), "a")).isEmpty();
    }

    @Test
    void layerThatLeadsToNoLoss_isRefused() {
        assertThat(withoutGradient(graph(), "a", "a_b")).containsExactly("a_b");
    }

    @Test
    void layerBelowALookup_isRefused_andTheLookupIsNot() {
        assertThat(withoutGradient(AdaptedNetwork.of(lookup()), "below", "table"))
                .containsExactly("below");
        assertThat(withoutGradient(AdaptedNetwork.of(lookup()), "table", "above"))
                .isEmpty();
    }

    private static MultiLayerNetwork lookup() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new DenseLayer.Builder().name("below").nIn(4).nOut(1).build())
                .layer(new EmbeddingLayer.Builder().name("table").nIn(6).nOut(4).build())
                .layer(new DenseLayer.Builder().name("above").nIn(4).nOut(4).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nIn(4)
                        .nOut(2)
                        .build())
                .build());
        network.init();
        return network;
    }
}
