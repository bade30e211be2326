/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraLocallyConnected2DTest extends LayerAdapterContract {

    @Override
    protected Layer stock() {
        LocallyConnected2D layer = new LocallyConnected2D.Builder()
                .kernelSize(3, 2)
                .stride(2, 1)
                .padding(1, 0)
                .convolutionMode(ConvolutionMode.Truncate)
                .nIn(3)
                .nOut(2)
                .setInputSize(4, 5)
                .activation(smooth())
                .build();
        // Global constraints ask for the parameters before the input type is known.
        layer.computeOutputSize();
        return layer;
    }

    @Override
    protected List<Layer> below() {
        return List.of(
                new ConvolutionLayer.Builder(2, 2).nOut(3).activation(smooth()).build());
    }

    @Override
    protected List<Layer> above() {
        return List.of(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .build());
    }

    @Override
    protected InputType inputType() {
        return InputType.convolutional(5, 6, 2);
    }

    @Override
    protected INDArray features() {
        return normal("features", 3, 2, 5, 6);
    }

    @Override
    protected INDArray labels() {
        return classes(3, 3);
    }

    @Override
    protected double rounding() {
        return 1e-12;
    }

    @Override
    @Test
    void setNOut_ofAnAdaptedLayer_isRefused() {
        LoraLocallyConnected2D layer = new LoraLocallyConnected2D.Builder().build();

        layer.setNOut(4);

        assertThatThrownBy(() -> layer.setNOut(5))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nOut = 5; expected 4")
                .hasMessageContaining("Unload the adapters");
    }
}
