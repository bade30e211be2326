/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;

class LoraBidirectionalTest extends SeriesLayerContract {

    @Override
    protected Layer stock() {
        return new Bidirectional(new LSTM.Builder().nOut(3).activation(smooth()).build());
    }
}
