/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.dense;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.dl4j.layer.LoraOutputLayer;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraOutputLayer}.
 *
 * @apiNote Status: internal
 */
public final class OutputUpdates extends RunningOutputLayer {

    private static final long serialVersionUID = 1;

    public OutputUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        INDArray z = preOutput2d(true, mgr);
        INDArray delta = layerConf()
                .getLossFn()
                .computeGradient(
                        getLabels2d(mgr, ArrayType.BP_WORKING_MEM),
                        z,
                        layerConf().getActivationFn(),
                        maskArray);
        Pair<Gradient, INDArray> result = path.backward(input.castTo(dataType), delta, gradientViews, mgr);
        if (result.getSecond() != null) {
            result.setSecond(backpropDropOutIfPresent(result.getSecond()));
        }
        return result;
    }
}
