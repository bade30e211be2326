/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.internal.dl4j.layer.KeptPass;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.dl4j.layer.RunningSameDiffLayer;
import org.lora4j.internal.dl4j.layer.StepCache;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A running layer of attention. As in the stock layer, DL4J's dropout on the input and weight noise are not applied.
 *
 * @param <P> what a forward pass keeps
 */
abstract class AttentionUpdates<P extends AttentionUpdates.Pass> extends RunningSameDiffLayer {

    private static final long serialVersionUID = 1;

    private final transient List<LayerWeight> weights;
    private final transient StepCache<P> cache = new StepCache<>();

    AttentionUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
        this.weights = LayerKinds.weights(conf.getLayer());
    }

    /** What a forward pass keeps. */
    interface Pass extends KeptPass {

        /** The output as rows. */
        INDArray output();
    }

    List<LayerWeight> weights() {
        return weights;
    }

    Map<String, INDArray> views() {
        // There is none if the network has no parameters of this layer.
        return gradTable == null ? Map.of() : gradTable;
    }

    MultiHeadAttention.Step step(boolean training) {
        return new MultiHeadAttention.Step(training, getIterationCount());
    }

    /** Size of the input. */
    abstract long size();

    abstract P forward(INDArray series, boolean training, Space space);

    /** Writes the gradients of what learns; returns that of the input as a series, null if nothing below needs it. */
    abstract INDArray backward(P pass, INDArray epsilon, Gradient gradient, LayerWorkspaceMgr mgr);

    private P forward(boolean training, Space space) {
        assertInputSet(false);
        Series.check(input, size(), "input of " + layerId());
        return forward(input.castTo(dataType), training, space);
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        P now = forward(training, Space.forward(mgr, training));
        if (StepCache.canKeep(training, mgr)) {
            cache.keep(now, getIterationCount());
        }
        return Series.of(now.output(), input.size(0), new Space(mgr, ArrayType.ACTIVATIONS));
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        P now = cache.get(getIterationCount()).orElseGet(() -> forward(true, Space.backward(mgr)));
        Gradient gradient = new DefaultGradient();
        INDArray next = backward(now, epsilon.castTo(dataType), gradient, mgr);
        return new Pair<>(gradient, next);
    }

    @Override
    protected void forget() {
        cache.clear();
    }

    // The stock layer leaves its part out of the score.
    @Override
    public double calcRegularizationScore(boolean backpropParamsOnly) {
        double score = 0;
        for (Map.Entry<String, INDArray> parameter : paramTable().entrySet()) {
            List<Regularization> all = layerConf().getRegularizationByParam(parameter.getKey());
            if (all != null) {
                for (Regularization one : all) {
                    score += one.score(parameter.getValue(), getIterationCount(), getEpochCount());
                }
            }
        }
        return score;
    }
}
