/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.embedding;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraEmbeddingSequenceLayer;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.internal.array.Broadcasts;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraEmbeddingSequenceLayer}.
 *
 * @apiNote Status: internal
 */
public final class EmbeddingSequenceUpdates extends RunningEmbeddingSequenceLayer {

    private static final long serialVersionUID = 1;

    private final transient EmbeddingPath path;

    public EmbeddingSequenceUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
        this.path = new EmbeddingPath(this, settings);
    }

    private boolean isTimeLast() {
        return layerConf().getOutputFormat() == RNNFormat.NCW;
    }

    private int[] indexes() {
        return input.dup('c').data().asInt();
    }

    /** One row for each step, example after example; a view if the memory lies so. */
    private INDArray rows(INDArray series, boolean view) {
        INDArray timeInside = isTimeLast() ? series.permute(0, 2, 1) : series;
        return timeInside.reshape('c', view, timeInside.size(0) * timeInside.size(1), timeInside.size(2));
    }

    @Override
    protected INDArray preOutput(boolean training, LayerWorkspaceMgr mgr) {
        INDArray z = super.preOutput(training, mgr);
        path.add(indexes(), rows(z, true));
        return z;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        INDArray z = preOutput(true, mgr);
        INDArray delta = layerConf().getActivationFn().backprop(z, epsilon).getFirst();
        if (maskArray != null) {
            INDArray mask = maskArray.castTo(delta.dataType());
            delta = Broadcasts.mul(delta, mask, 0, isTimeLast() ? 2 : 1);
        }
        return new Pair<>(path.backward(indexes(), rows(delta, false), gradientViews, mgr), null);
    }
}
