/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;

class LoraMaskZeroTest extends SeriesLayerContract {

    @Override
    protected Layer stock() {
        return new MaskZeroLayer(new LSTM.Builder().nOut(4).activation(smooth()).build(), 0);
    }
}
