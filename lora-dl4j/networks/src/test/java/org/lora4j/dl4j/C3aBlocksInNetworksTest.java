/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.C3aBlocksContract;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class C3aBlocksInNetworksTest extends C3aBlocksContract {

    @Override
    protected AdaptedModel model() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .list()
                .layer(new DenseLayer.Builder().name("wide").nIn(4).nOut(12).build())
                .layer(new DenseLayer.Builder().name("narrow").nIn(12).nOut(6).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE).nIn(6).nOut(2).build())
                .build());
        network.init();
        return AdaptedNetwork.of(network);
    }
}
