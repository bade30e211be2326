/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraSelfAttentionLayerTest extends LayerAdapterContract {

    @Override
    protected Layer stock() {
        return new SelfAttentionLayer.Builder()
                .nIn(4)
                .nOut(5)
                .nHeads(2)
                .headSize(3)
                .projectInput(true)
                .build();
    }

    @Override
    protected double rounding() {
        return 1e-12;
    }

    @Override
    protected void setNOut(Layer layer, long size) {
        ((SelfAttentionLayer) layer).setNOut(size);
    }

    @Override
    protected List<Layer> below() {
        return List.of(new SimpleRnn.Builder().nOut(4).build());
    }

    @Override
    protected List<Layer> above() {
        return List.of(new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .build());
    }

    @Override
    protected InputType inputType() {
        return InputType.recurrent(3, 4);
    }

    @Override
    protected INDArray features() {
        return normal("features", 3, 3, 4);
    }

    @Override
    protected INDArray labels() {
        return classes(12, 3).reshape(3, 4, 3).permute(0, 2, 1).dup('c');
    }

    @Override
    protected INDArray featuresMask() {
        return Masks.lengths(4, 4, 3, 1);
    }

    @Override
    protected INDArray labelsMask() {
        return Masks.lengths(4, 4, 3, 1);
    }
}
