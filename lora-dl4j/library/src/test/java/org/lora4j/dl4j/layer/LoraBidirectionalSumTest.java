/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;

class LoraBidirectionalSumTest extends SeriesLayerContract {

    @Override
    protected Layer stock() {
        return new Bidirectional(
                Bidirectional.Mode.ADD,
                new SimpleRnn.Builder().nOut(3).activation(smooth()).build());
    }
}
