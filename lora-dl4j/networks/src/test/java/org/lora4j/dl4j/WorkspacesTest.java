/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.util.List;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** DL4J's workspaces are a matter of memory only. */
class WorkspacesTest {

    private static LoraConfig targets(String... names) {
        return LoraConfig.builder().rank(2).dropout(0.3).targetModules(names).build();
    }

    /** A base, what to adapt in it, and data. */
    record Case(MultiLayerNetwork base, LoraConfig config, DataSet data) {

        double[] trained(WorkspaceMode mode, CacheMode cache) {
            MultiLayerNetwork network =
                    DefaultAdapter.fresh(AdaptedNetwork.of(base), config, 1).network();
            network.getLayerWiseConfigurations().setTrainingWorkspaceMode(mode);
            network.getLayerWiseConfigurations().setInferenceWorkspaceMode(mode);
            network.setCacheMode(cache);
            for (int i = 0; i < 4; i++) {
                network.fit(data);
                network.output(data.getFeatures());
            }
            return values(network.params());
        }
    }

    static List<Named<Case>> cases() {
        DataSet series = new DataSet(
                normal(2, 3, 5),
                classes(10, 3).reshape(2, 5, 3).permute(0, 2, 1).dup('c'));
        return List.of(
                Named.of(
                        "dense",
                        new Case(
                                Networks.mlp(),
                                targets("fc1", "fc2", "head"),
                                new DataSet(normal(6, 4), classes(6, 3)))),
                Named.of(
                        "convolution",
                        new Case(
                                Networks.cnn(),
                                targets("0", "2", "3"),
                                new DataSet(normal(4, 1, 8, 8), classes(4, 3)))),
                Named.of(
                        "recurrent",
                        new Case(Networks.recurrent(), targets("below", "lstm.W", "lstm.RW", "head"), series)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void training_isTheSame_withAndWithoutThem(Case of) {
        double[] enabled = of.trained(WorkspaceMode.ENABLED, CacheMode.NONE);

        assertThat(of.trained(WorkspaceMode.NONE, CacheMode.NONE)).isEqualTo(enabled);
        assertThat(of.trained(WorkspaceMode.ENABLED, CacheMode.DEVICE)).isEqualTo(enabled);
        assertThat(Nd4j.getWorkspaceManager().anyWorkspaceActiveForCurrentThread())
                .isFalse();
    }

    @Test
    void trainingOfAGraph_isTheSame_withAndWithoutThem() {
        double[][] trained = new double[2][];
        for (WorkspaceMode mode : List.of(WorkspaceMode.ENABLED, WorkspaceMode.NONE)) {
            ComputationGraph network = DefaultAdapter.fresh(
                            AdaptedNetwork.of(Networks.graph()), targets("enc.fc1", "enc.fc2"), 1)
                    .network();
            network.getConfiguration().setTrainingWorkspaceMode(mode);
            network.getConfiguration().setInferenceWorkspaceMode(mode);
            for (int i = 0; i < 4; i++) {
                network.fit(new DataSet(normal(6, 4), classes(6, 3)));
            }
            trained[mode == WorkspaceMode.NONE ? 0 : 1] = values(network.params());
        }

        assertThat(trained[0]).isEqualTo(trained[1]);
    }
}
