/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.frozen;

import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.misc.DummyConfig;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.vertex.BaseWrapperVertex;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.FrozenBaseVertex;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A running {@link FrozenBaseVertex}. The stock vertex writes its gradients beside the network's, where nobody reads them.
 *
 * @apiNote Status: internal
 */
public final class FrozenVertexBase extends BaseWrapperVertex {

    private static final long serialVersionUID = 1;

    private transient INDArray view;

    public FrozenVertexBase(GraphVertex stock) {
        super(stock);
    }

    @Override
    public TrainingConfig getConfig() {
        return new DummyConfig(getVertexName());
    }

    @Override
    public void setBackpropGradientsViewArray(INDArray gradients) {
        view = gradients;
        // Outside any workspace: networks open none around this call.
        underlying.setBackpropGradientsViewArray(
                gradients == null ? null : Nd4j.create(gradients.dataType(), gradients.shape()));
    }

    @Override
    public INDArray getGradientsViewArray() {
        return view;
    }

    @Override
    public Pair<Gradient, INDArray[]> doBackward(boolean tbptt, LayerWorkspaceMgr mgr) {
        INDArray[] doubled = underlying.doBackward(tbptt, mgr).getSecond();
        INDArray[] gradients = new INDArray[doubled.length];
        for (int i = 0; i < doubled.length; i++) {
            gradients[i] = mgr.dup(ArrayType.ACTIVATION_GRAD, doubled[i]).divi(2);
        }
        return new Pair<>(new DefaultGradient(), gradients);
    }

    @Override
    public boolean updaterDivideByMinibatch(String name) {
        return false;
    }

    @Override
    public String toString() {
        return "FrozenVertexBase(vertex=\"" + getVertexName() + "\", index=" + getVertexIndex() + ")";
    }
}
