/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;

class LoraTimeDistributedTest extends SeriesLayerContract {

    @Override
    protected Layer stock() {
        return new TimeDistributed(
                new DenseLayer.Builder().nOut(4).activation(smooth()).build());
    }
}
