/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraLastTimeStepTest extends SeriesLayerContract {

    @Override
    protected Layer stock() {
        return new LastTimeStep(new LSTM.Builder().nOut(4).activation(smooth()).build());
    }

    @Override
    protected List<Layer> above() {
        return List.of(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .build());
    }

    @Override
    protected INDArray labels() {
        return classes(3, 3);
    }

    @Override
    protected INDArray labelsMask() {
        return null;
    }
}
