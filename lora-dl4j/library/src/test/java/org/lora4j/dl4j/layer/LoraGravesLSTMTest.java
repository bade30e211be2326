/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.Layer;

@SuppressWarnings("deprecation") // DL4J prefers LSTM, but old networks have this kind.
class LoraGravesLSTMTest extends SeriesLayerContract {

    @Override
    protected Layer stock() {
        return new GravesLSTM.Builder().nOut(4).activation(smooth()).build();
    }
}
