/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.samediff.TrainableGraph;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.TrainingSession;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.adapter.SingletonMultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Steps as stock SameDiff takes them: its own gradient function, its own sessions, its own Adam, either through {@code fit}
 * as a user calls it or through one bare training session for all steps, which a user has no way to ask for.
 */
final class StockSteps {

    private static final double RATE = 1e-4;

    private final SameDiff graph;
    private final TrainingConfig config;
    private final TrainingSession session;
    private final Map<String, GradientUpdater<?>> updaters = new HashMap<>();
    private final Map<String, INDArray> batch;
    private long parameters;
    private int steps;

    /**
     * Full fine-tuning of a classifier, which must share its weights with no other. The embedding tables stay constant,
     * because the gradient of a lookup is missing or wrong; that favors stock.
     */
    static StockSteps full(SameDiff graph, Map<String, INDArray> batch) {
        List<SDVariable> constants = new ArrayList<>();
        for (String name : TrainableGraph.weights(graph)) {
            SDVariable weight = graph.getVariable(name);
            if (weight.isConstant() && !name.endsWith("_embeddings.weight")) {
                constants.add(weight);
            }
        }
        graph.convertToVariables(constants);
        return of(graph, batch);
    }

    /** Training of what is a variable in a graph, which is taken over. */
    static StockSteps of(SameDiff graph, Map<String, INDArray> batch) {
        return new StockSteps(graph, batch);
    }

    private StockSteps(SameDiff graph, Map<String, INDArray> batch) {
        this.graph = graph;
        this.batch = batch;
        this.config = TrainingConfig.builder()
                .updater(new Adam(RATE))
                .dataSetFeatureMapping(EncoderGraph.INPUT_IDS, EncoderGraph.ATTENTION_MASK)
                .dataSetLabelMapping(EncoderClassifier.LABELS)
                .build();
        graph.setTrainingConfig(config);
        graph.setLossVariables(EncoderClassifier.LOSS);
        differentiate(graph);
        for (SDVariable v : graph.variables()) {
            if (v.getVariableType() == VariableType.VARIABLE) {
                addUpdater(v);
            }
        }
        this.session = new TrainingSession(graph.getFunction("grad"));
    }

    /** SameDiff prints a line for every op that it differentiates. */
    private static void differentiate(SameDiff graph) {
        PrintStream out = System.out;
        System.setOut(new PrintStream(OutputStream.nullOutputStream()));
        try {
            graph.createGradFunction();
        } finally {
            System.setOut(out);
        }
    }

    private void addUpdater(SDVariable v) {
        INDArray value = v.getArr();
        INDArray state = Nd4j.zeros(value.dataType(), 1, config.getUpdater().stateSize(value.length()));
        GradientUpdater<?> updater = config.getUpdater().instantiate(state, false);
        updater.setStateViewArray(state, value.shape(), value.ordering(), true);
        updaters.put(v.name(), updater);
        parameters += value.length();
    }

    /** Number of values that learn. */
    long parameters() {
        return parameters;
    }

    /** One call of {@code fit}: so many steps on the batch, in one session. */
    void fit(int count) {
        MultiDataSet data = new MultiDataSet(
                new INDArray[] {batch.get(EncoderGraph.INPUT_IDS), batch.get(EncoderGraph.ATTENTION_MASK)},
                new INDArray[] {batch.get(EncoderClassifier.LABELS)});
        graph.fit(new SingletonMultiDataSetIterator(data), count);
    }

    /** One step of the bare session. */
    void step() {
        At at = new At(0, steps++, 0, Thread.currentThread().getId(), null, Operation.TRAINING);
        session.trainingIteration(
                config, batch, updaters.keySet(), new HashMap<>(updaters), null, graph.getLossVariables(), null, at);
    }
}
