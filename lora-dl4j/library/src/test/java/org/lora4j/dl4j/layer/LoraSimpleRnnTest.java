/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;

class LoraSimpleRnnTest extends SeriesLayerContract {

    @Override
    protected Layer stock() {
        return new SimpleRnn.Builder()
                .nOut(4)
                .biasInit(0.1)
                .activation(smooth())
                .build();
    }
}
