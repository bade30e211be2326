/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** Between other recurrent layers, on series of different lengths. */
abstract class SeriesLayerContract extends LayerAdapterContract {

    protected RNNFormat format() {
        return RNNFormat.NCW;
    }

    private INDArray inFormat(INDArray series) {
        return format() == RNNFormat.NCW ? series : series.permute(0, 2, 1).dup('c');
    }

    @Override
    protected List<Layer> below() {
        return List.of(new SimpleRnn.Builder().nOut(4).dataFormat(format()).build());
    }

    @Override
    protected List<Layer> above() {
        return List.of(new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .dataFormat(format())
                .build());
    }

    @Override
    protected InputType inputType() {
        return InputType.recurrent(3, 5, format());
    }

    @Override
    protected INDArray features() {
        return inFormat(normal("features", 3, 3, 5));
    }

    @Override
    protected INDArray labels() {
        return inFormat(classes(15, 3).reshape(3, 5, 3).permute(0, 2, 1).dup('c'));
    }

    @Override
    protected INDArray featuresMask() {
        return Masks.lengths(5, 5, 3, 1);
    }

    @Override
    protected INDArray labelsMask() {
        return Masks.lengths(5, 5, 3, 1);
    }
}
