/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.embedding;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraEmbeddingLayer;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.internal.array.Broadcasts;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraEmbeddingLayer}.
 *
 * @apiNote Status: internal
 */
public final class EmbeddingUpdates extends RunningEmbeddingLayer {

    private static final long serialVersionUID = 1;

    private final transient EmbeddingPath path;

    public EmbeddingUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
        this.path = new EmbeddingPath(this, settings);
    }

    private int[] indexes() {
        int[] indexes = new int[Math.toIntExact(input.length())];
        for (int i = 0; i < indexes.length; i++) {
            indexes[i] = input.getInt(i, 0);
        }
        return indexes;
    }

    @Override
    protected INDArray preOutput(boolean training, LayerWorkspaceMgr mgr) {
        INDArray z = super.preOutput(training, mgr);
        path.add(indexes(), z);
        return z;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        INDArray z = preOutput(true, mgr);
        INDArray delta = layerConf().getActivationFn().backprop(z, epsilon).getFirst();
        if (maskArray != null) {
            Broadcasts.mulColumn(delta, maskArray.castTo(dataType));
        }
        return new Pair<>(path.backward(indexes(), delta, gradientViews, mgr), null);
    }
}
