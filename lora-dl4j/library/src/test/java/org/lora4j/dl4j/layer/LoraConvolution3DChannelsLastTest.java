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

class LoraConvolution3DChannelsLastTest extends DoraLayerContract {

    @Override
    protected Layer stock() {
        return new Convolution3D.Builder(3, 2, 2)
                .convolutionMode(ConvolutionMode.Same)
                .stride(1, 2, 1)
                .dilation(1, 1, 2)
                .hasBias(false)
                .nIn(2)
                .nOut(3)
                .dataFormat(Convolution3D.DataFormat.NDHWC)
                .activation(smooth())
                .build();
    }

    @Override
    protected List<Layer> below() {
        return List.of(new Convolution3D.Builder(1, 1, 1)
                .nIn(2)
                .nOut(2)
                .dataFormat(Convolution3D.DataFormat.NDHWC)
                .activation(smooth())
                .build());
    }

    @Override
    protected List<Layer> above() {
        return List.of(new Cnn3DLossLayer.Builder(Convolution3D.DataFormat.NDHWC)
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
        return normal("features", 2, 3, 3, 4, 2);
    }

    @Override
    protected INDArray labels() {
        return normal("labels", 2, 3, 2, 4, 3);
    }
}
