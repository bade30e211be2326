/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.train.Batch;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.Trainable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A golden network as an adapted graph of Deeplearning4j. */
final class Dl4jModel extends AdaptedHostModel<AdaptedNetwork<ComputationGraph>> {

    private final Dl4jNet net;
    private final Loss loss;
    private final INDArray target;

    Dl4jModel(Dl4jNet net, Loss loss, INDArray target) {
        super(AdaptedNetwork.of(net.graph()));
        this.net = net;
        this.loss = loss;
        this.target = target;
    }

    @Override
    public INDArray output() {
        return model().network().output(net.input())[0].dup('c');
    }

    @Override
    public Merged mergeAndUnload() {
        ComputationGraph merged = model().mergeAndUnload();
        return new Merged(merged.output(net.input())[0].dup('c'), Dl4jNet.weights(merged));
    }

    @Override
    public Trainable trainable(String adapter) {
        learnAlone(adapter);
        Trainable own = model().trainable(DataSetPlaceholders.of("input", "output"));
        return new Dl4jTrainable(model().network(), net.input(), loss, target, own);
    }

    @Override
    public Batch batch() {
        return Batch.of(Map.of("input", net.input()), 1);
    }
}
