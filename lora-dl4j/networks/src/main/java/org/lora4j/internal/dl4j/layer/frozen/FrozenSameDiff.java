/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.frozen;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.FrozenBaseLayer;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A frozen layer over SameDiff, whose stock gradients are twice too large ({@link LayerKinds#doublesGradients}). */
final class FrozenSameDiff extends FrozenBase {

    private static final long serialVersionUID = 1;

    FrozenSameDiff(Layer stock, NeuralNetConfiguration outer, FrozenBaseLayer frozen) {
        super(stock, outer, frozen);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        Pair<Gradient, INDArray> doubled = super.backpropGradient(epsilon, mgr);
        doubled.getFirst().gradientForVariable().values().forEach(gradient -> gradient.divi(2));
        return new Pair<>(doubled.getFirst(), doubled.getSecond().divi(2));
    }
}
