/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.InvocationType;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.deeplearning4j.optimize.listeners.EvaluativeListener;
import org.deeplearning4j.optimize.listeners.PerformanceListener;
import org.junit.jupiter.api.Test;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.evaluation.classification.ROCMultiClass;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** DL4J's listeners and evaluations on adapted networks. */
class ListenersAndEvaluationTest {

    private static final int ROWS = 12;

    private static LoraConfig targets(String... names) {
        return LoraConfig.builder().rank(2).targetModules(names).build();
    }

    private static DataSetIterator data() {
        return new ListDataSetIterator<>(new DataSet(normal(ROWS, 4), classes(ROWS, 3)).asList(), 4);
    }

    private static AdaptedNetwork<MultiLayerNetwork> trained() {
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1", "fc2"), 1);
        model.network().fit(data(), 3);
        return model;
    }

    /** Counted by hand over the output: the share of rows whose largest output is at their label. */
    private static double accuracy(INDArray output) {
        INDArray labels = classes(ROWS, 3);
        int right = 0;
        for (int row = 0; row < ROWS; row++) {
            right += labels.getRow(row).argMax(0).getInt(0)
                            == output.getRow(row).argMax(0).getInt(0)
                    ? 1
                    : 0;
        }
        return (double) right / ROWS;
    }

    @Test
    void evaluation_countsWhatTheOutputSays_withAdaptersOnAndOff() {
        AdaptedNetwork<MultiLayerNetwork> model = trained();
        INDArray inputs = normal(ROWS, 4);

        Evaluation on = model.network().evaluate(data());
        ROCMultiClass roc = model.network().evaluateROCMultiClass(data(), 0);
        model.disable();
        Evaluation off = model.network().evaluate(data());
        double[] base = values(model.network().output(inputs));
        model.enable();

        INDArray output = model.network().output(inputs);
        assertThat(on.accuracy()).isEqualTo(accuracy(output));
        assertThat(off.accuracy()).isEqualTo(accuracy(model.base().output(inputs)));
        assertThat(base).isEqualTo(values(model.base().output(inputs)));
        assertThat(roc.calculateAUC(0)).isEqualTo(areaUnderCurve(output, 0));
    }

    /** The share of pairs of a row of the class and a row of another that the output puts in this order. */
    private static double areaUnderCurve(INDArray output, int of) {
        INDArray labels = classes(ROWS, 3);
        double ordered = 0;
        int pairs = 0;
        for (int in = 0; in < ROWS; in++) {
            for (int out = 0; out < ROWS; out++) {
                if (labels.getDouble(in, of) == 1 && labels.getDouble(out, of) == 0) {
                    pairs++;
                    ordered += output.getDouble(in, of) > output.getDouble(out, of) ? 1 : 0;
                }
            }
        }
        return ordered / pairs;
    }

    @Test
    void scores_areThoseOfTheNetwork_andListenersGoOnAtAChangeOfState() {
        AdaptedNetwork<MultiLayerNetwork> model = trained();
        CollectScoresListener scores = new CollectScoresListener(1);
        PerformanceListener performance = new PerformanceListener(1, true);
        model.network().setListeners(scores, performance);
        List<Double> expected = new ArrayList<>();
        DataSet batch = data().next();

        for (int i = 0; i < 4; i++) {
            if (i == 2) {
                model.addAdapter("other", targets("fc2"), 2);
                model.activate("default", "other");
            }
            expected.add(model.network().score(batch, true));
            model.network().fit(batch);
        }

        assertThat(scores.getListScore().toDoubleArray()).containsExactly(toArray(expected));
        assertThat(scores.getListIteration().toArray()).containsExactly(9, 10, 11, 12);
        assertThat(model.network().getListeners()).containsExactly(scores, performance);
    }

    private static double[] toArray(List<Double> numbers) {
        return numbers.stream().mapToDouble(Double::doubleValue).toArray();
    }

    @Test
    void evaluativeListener_evaluatesTheAdaptedNetwork() {
        AdaptedNetwork<MultiLayerNetwork> model = trained();
        EvaluativeListener evaluative = new EvaluativeListener(data(), 1, InvocationType.EPOCH_END);
        List<Double> seen = new ArrayList<>();
        evaluative.setCallback(
                (listener, network, count, evaluations) -> seen.add(((Evaluation) evaluations[0]).accuracy()));
        model.network().setListeners(evaluative);

        model.network().fit(data(), 1);
        double first = accuracy(model.network().output(normal(ROWS, 4)));
        model.network().fit(data(), 1);

        assertThat(seen).containsExactly(first, accuracy(model.network().output(normal(ROWS, 4))));
    }

    @Test
    void evaluationOfAGraph_countsWhatItsOutputSays() {
        ComputationGraph graph = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.graph()), targets("enc.fc1"), 1)
                .network();
        CollectScoresListener scores = new CollectScoresListener(1);
        graph.setListeners(scores);
        graph.fit(data(), 2);

        Evaluation evaluation = graph.evaluate(data());

        assertThat(evaluation.accuracy()).isEqualTo(accuracy(graph.outputSingle(normal(ROWS, 4))));
        assertThat(Arrays.stream(scores.getListScore().toDoubleArray())).hasSize(6);
    }
}
