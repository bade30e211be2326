/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.activations.Activation;

class LoraLSTMOtherActivationsTest extends SeriesLayerContract {

    @Override
    protected Layer stock() {
        return new LSTM.Builder()
                .nOut(4)
                .activation(Activation.SOFTSIGN)
                .gateActivationFunction(Activation.RATIONALTANH)
                .forgetGateBiasInit(0.3)
                .build();
    }
}
