/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.util.List;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Sgd;

/** DL4J's parallel training with averaged parameters. */
@Timeout(120)
class ParallelWrapperTest {

    /** A mean of two numbers of order 1. */
    private static final double ROUNDED = 1e-12;

    private static LoraConfig targets(String... names) {
        return LoraConfig.builder().rank(2).targetModules(names).build();
    }

    private static List<DataSet> halves() {
        List<DataSet> single = new DataSet(normal(8, 4), classes(8, 3)).asList();
        return List.of(DataSet.merge(single.subList(0, 4)), DataSet.merge(single.subList(4, 8)));
    }

    private static DataSetIterator batches() {
        return new ListDataSetIterator<>(new DataSet(normal(8, 4), classes(8, 3)).asList(), 4);
    }

    private static void trainAveraged(Model network) {
        ParallelWrapper wrapper = new ParallelWrapper.Builder<>(network)
                .workers(2)
                .prefetchBuffer(0)
                .trainingMode(ParallelWrapper.TrainingMode.AVERAGING)
                .averagingFrequency(1)
                .averageUpdaters(false)
                .build();
        try {
            wrapper.fit(batches());
        } finally {
            wrapper.shutdown();
        }
    }

    /**
     * The mean of two replicas, each trained on one of the batches. The second replica copies the network when its thread
     * gets to it, and the first one trains the network itself: where the copy came late, it trained on from there.
     */
    private static <N extends Model> void assertAveraged(N network, N one, N other, N late) {
        double[] mean = mean(values(one.params()), values(other.params()));
        double[] lateMean = mean(values(one.params()), values(late.params()));
        double[] found = values(network.params());

        assertThat(Math.min(distance(found, mean), distance(found, lateMean))).isLessThan(ROUNDED);
        assertThat(distance(values(one.params()), values(other.params()))).isGreaterThan(0.1);
    }

    private static double distance(double[] one, double[] other) {
        double most = 0;
        for (int i = 0; i < one.length; i++) {
            most = Math.max(most, Math.abs(one[i] - other[i]));
        }
        return most;
    }

    private static double[] mean(double[] one, double[] other) {
        double[] mean = new double[one.length];
        for (int i = 0; i < mean.length; i++) {
            mean[i] = (one[i] + other[i]) / 2;
        }
        return mean;
    }

    private static <N extends Model> N withSgd(N network, Layer[] layers) {
        for (Layer layer : layers) {
            ((BaseLayer) layer.conf().getLayer()).setIUpdater(new Sgd(0.5));
        }
        return network;
    }

    private static MultiLayerNetwork base() {
        MultiLayerNetwork network = Networks.mlp();
        return withSgd(network, network.getLayers());
    }

    private static ComputationGraph graph() {
        ComputationGraph graph = Networks.graph();
        return withSgd(graph, graph.getLayers());
    }

    @Test
    void averagedReplicas_areTheMeanOfTwoRuns_andTheBaseStays() {
        MultiLayerNetwork base = base();
        double[] untouched = values(base.params());
        MultiLayerNetwork one = DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("fc1", "fc2"), 1)
                .network();
        MultiLayerNetwork other = DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("fc1", "fc2"), 1)
                .network();
        MultiLayerNetwork late = DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("fc1", "fc2"), 1)
                .network();
        one.fit(halves().get(0));
        other.fit(halves().get(1));
        late.fit(halves().get(0));
        late.fit(halves().get(1));
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("fc1", "fc2"), 1);

        trainAveraged(model.network());

        assertAveraged(model.network(), one, other, late);
        for (String frozen : List.of("0_W", "0_b", "1_W", "1_b", "2_W", "2_b")) {
            assertThat(values(model.network().getParam(frozen))).isEqualTo(values(base.getParam(frozen)));
        }
        assertThat(values(base.params())).isEqualTo(untouched);
        assertThat(values(model.adapter("default").modules().get("fc1").get("lora_B.weight")))
                .isEqualTo(values(model.network().getParam("0_WB0")));
    }

    @Test
    void averagedReplicasOfAGraph_areTheMeanOfTwoRuns() {
        ComputationGraph base = graph();
        ComputationGraph one = DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("enc.fc1"), 1)
                .network();
        ComputationGraph other = DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("enc.fc1"), 1)
                .network();
        ComputationGraph late = DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("enc.fc1"), 1)
                .network();
        one.fit(halves().get(0));
        other.fit(halves().get(1));
        late.fit(halves().get(0));
        late.fit(halves().get(1));
        ComputationGraph network = DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("enc.fc1"), 1)
                .network();

        trainAveraged(network);

        assertAveraged(network, one, other, late);
    }
}
