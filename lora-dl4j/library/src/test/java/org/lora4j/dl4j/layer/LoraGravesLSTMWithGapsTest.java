/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Steps are missing before and between others, where the stock layer's gradients are those of other values. */
@SuppressWarnings("deprecation") // DL4J prefers LSTM, but old networks have this kind.
class LoraGravesLSTMWithGapsTest extends SeriesLayerContract {

    @Override
    protected Layer stock() {
        return new GravesLSTM.Builder().nOut(4).activation(smooth()).build();
    }

    @Override
    protected List<Layer> below() {
        return List.of();
    }

    @Override
    protected INDArray featuresMask() {
        return Nd4j.createFromArray(new double[][] {{1, 1, 0, 1, 1}, {0, 0, 1, 1, 1}, {0, 1, 0, 1, 0}});
    }

    @Override
    protected INDArray labelsMask() {
        return Masks.lengths(5, 5, 5, 5);
    }
}
