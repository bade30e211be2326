/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;

class LoraSimpleRnnWithNormTest extends SeriesLayerContract {

    @Override
    protected Layer stock() {
        return new SimpleRnn.Builder()
                .nOut(4)
                .hasLayerNorm(true)
                .activation(smooth())
                .build();
    }

    // It cuts the gain out of an array of another rank; see SimpleRnnNormTest.
    @Override
    protected boolean stockRuns() {
        return false;
    }
}
