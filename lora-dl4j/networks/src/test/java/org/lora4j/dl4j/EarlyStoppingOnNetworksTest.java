/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.nio.file.Path;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingModelSaver;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.saver.LocalFileGraphSaver;
import org.deeplearning4j.earlystopping.saver.LocalFileModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingGraphTrainer;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** DL4J's early stopping on adapted networks, against the same epochs run by hand. */
class EarlyStoppingOnNetworksTest {

    private static final int EPOCHS = 8;

    @TempDir
    private Path folder;

    private static LoraConfig targets(String... names) {
        return LoraConfig.builder().rank(2).targetModules(names).build();
    }

    /** Labels without a rule: learning some of them makes the others worse. */
    private static DataSetIterator examples(int from, int to) {
        return new ListDataSetIterator<>(
                new DataSet(normal(12, 4), classes(12, 3)).asList().subList(from, to), 3);
    }

    private static <N extends Model> EarlyStoppingConfiguration<N> stopping(EarlyStoppingModelSaver<N> saver) {
        return new EarlyStoppingConfiguration.Builder<N>()
                .epochTerminationConditions(new MaxEpochsTerminationCondition(EPOCHS))
                .scoreCalculator(new DataSetLossCalculator(examples(6, 12), true))
                .modelSaver(saver)
                .build();
    }

    /** The best parameters by hand: epochs of single batches, scored after each. */
    private record ByHand(double[] best, int epoch) {

        static <N extends Model> ByHand run(N network, Function<DataSet, Runnable> fit, ToDoubleFunction<N> score) {
            double[] best = null;
            int at = -1;
            double least = Double.MAX_VALUE;
            for (int epoch = 0; epoch < EPOCHS; epoch++) {
                for (DataSetIterator batches = examples(0, 6); batches.hasNext(); ) {
                    fit.apply(batches.next()).run();
                }
                double now = score.applyAsDouble(network);
                if (now < least) {
                    least = now;
                    best = values(network.params());
                    at = epoch;
                }
            }
            return new ByHand(best, at);
        }
    }

    private void check(EarlyStoppingModelSaver<MultiLayerNetwork> saver) {
        MultiLayerNetwork base = Networks.mlp();
        double[] untouched = values(base.params());
        MultiLayerNetwork twin = DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("fc1", "fc2"), 1)
                .network();
        ByHand expected = ByHand.run(
                twin, batch -> () -> twin.fit(batch), new DataSetLossCalculator(examples(6, 12), true)::calculateScore);
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("fc1", "fc2"), 1);

        EarlyStoppingResult<MultiLayerNetwork> result =
                new EarlyStoppingTrainer(stopping(saver), model.network(), examples(0, 6)).fit();
        model.adopt(result.getBestModel());

        assertThat(result.getBestModelEpoch()).isEqualTo(expected.epoch()).isLessThan(EPOCHS - 1);
        assertThat(values(model.network().params())).isEqualTo(expected.best());
        assertThat(values(model.adapter("default").modules().get("fc2").get("lora_B.weight")))
                .isEqualTo(values(result.getBestModel().getParam("1_WB0")));
        assertThat(values(base.params())).isEqualTo(untouched);
    }

    @Test
    void bestNetwork_keptInMemory_isAdopted() {
        check(new InMemoryModelSaver<>());
    }

    @Test
    void bestNetwork_keptInAFile_isAdopted() {
        check(new LocalFileModelSaver(folder.toString()));
    }

    private void checkGraph(EarlyStoppingModelSaver<ComputationGraph> saver) {
        ComputationGraph base = Networks.graph();
        double[] untouched = values(base.params());
        ComputationGraph twin = DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("enc.fc1", "enc.fc2"), 1)
                .network();
        ByHand expected = ByHand.run(
                twin, batch -> () -> twin.fit(batch), new DataSetLossCalculator(examples(6, 12), true)::calculateScore);
        AdaptedNetwork<ComputationGraph> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("enc.fc1", "enc.fc2"), 1);

        EarlyStoppingResult<ComputationGraph> result =
                new EarlyStoppingGraphTrainer(stopping(saver), model.network(), examples(0, 6)).fit();
        model.adopt(result.getBestModel());

        assertThat(result.getBestModelEpoch()).isEqualTo(expected.epoch()).isLessThan(EPOCHS - 1);
        assertThat(values(model.network().params())).isEqualTo(expected.best());
        assertThat(values(base.params())).isEqualTo(untouched);
    }

    @Test
    void bestGraph_keptInMemory_isAdopted() {
        checkGraph(new InMemoryModelSaver<>());
    }

    @Test
    void bestGraph_keptInAFile_isAdopted() {
        checkGraph(new LocalFileGraphSaver(folder.toString()));
    }
}
