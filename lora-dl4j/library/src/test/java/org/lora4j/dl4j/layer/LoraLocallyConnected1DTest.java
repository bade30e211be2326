/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraLocallyConnected1DTest extends LayerAdapterContract {

    @Override
    protected Layer stock() {
        LocallyConnected1D layer = new LocallyConnected1D.Builder()
                .kernelSize(3)
                .stride(2)
                .padding(1)
                .convolutionMode(ConvolutionMode.Truncate)
                .nIn(3)
                .nOut(2)
                .setInputSize(6)
                .activation(smooth())
                .build();
        // Global constraints ask for the parameters before the input type is known.
        layer.computeOutputSize();
        return layer;
    }

    @Override
    protected List<Layer> below() {
        return List.of(new LSTM.Builder().nOut(3).build());
    }

    @Override
    protected List<Layer> above() {
        return List.of(new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .build());
    }

    @Override
    protected InputType inputType() {
        return InputType.recurrent(2, 6);
    }

    @Override
    protected INDArray features() {
        return normal("features", 3, 2, 6);
    }

    @Override
    protected INDArray labels() {
        return classes(9, 3).reshape(3, 3, 3).permute(0, 2, 1).dup('c');
    }

    @Override
    protected double rounding() {
        return 1e-12;
    }

    @Override
    @Test
    void setNOut_ofAnAdaptedLayer_isRefused() {
        LoraLocallyConnected1D layer = new LoraLocallyConnected1D.Builder().build();

        layer.setNOut(4);

        assertThatThrownBy(() -> layer.setNOut(5))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nOut = 5; expected 4")
                .hasMessageContaining("Unload the adapters");
    }
}
