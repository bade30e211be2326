/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;

class LoraSimpleRnnTimeInsideTest extends SeriesLayerContract {

    @Override
    protected Layer stock() {
        return new SimpleRnn.Builder()
                .nOut(4)
                .dataFormat(RNNFormat.NWC)
                .activation(smooth())
                .build();
    }

    @Override
    protected RNNFormat format() {
        return RNNFormat.NWC;
    }
}
