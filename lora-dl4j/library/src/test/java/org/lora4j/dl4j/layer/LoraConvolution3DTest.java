/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraConvolution3DTest extends DoraLayerContract {

    @Override
    protected Layer stock() {
        return new Convolution3D.Builder(2, 3, 2)
                .convolutionMode(ConvolutionMode.Truncate)
                .stride(2, 1, 1)
                .padding(1, 0, 1)
                .nIn(2)
                .nOut(3)
                .biasInit(0.1)
                .activation(smooth())
                .build();
    }

    @Override
    protected List<Layer> below() {
        return List.of(new Convolution3D.Builder(1, 2, 1)
                .convolutionMode(ConvolutionMode.Truncate)
                .nIn(2)
                .nOut(2)
                .activation(smooth())
                .build());
    }

    @Override
    protected List<Layer> above() {
        return List.of(new Cnn3DLossLayer.Builder(Convolution3D.DataFormat.NCDHW)
                .lossFunction(LossFunctions.LossFunction.MSE)
                .activation(smooth())
                .build());
    }

    @Override
    protected InputType inputType() {
        return null;
    }

    @Override
    protected INDArray features() {
        return normal("features", 2, 2, 3, 4, 2);
    }

    @Override
    protected INDArray labels() {
        return normal("labels", 2, 3, 2, 1, 3);
    }
}
