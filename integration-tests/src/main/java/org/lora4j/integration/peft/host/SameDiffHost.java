/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.io.IOException;
import java.util.List;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The golden networks as SameDiff graphs. */
public final class SameDiffHost implements ModelHost {

    /** The name of the output. */
    static final String OUTPUT = "y";

    /** The name of the target's placeholder. */
    static final String TARGET = "target";

    private static final String LOSS = "loss";

    @Override
    public String name() {
        return "SameDiff";
    }

    @Override
    public boolean knows(GoldenCase golden) {
        return network(golden) != null;
    }

    private static Network network(GoldenCase golden) {
        boolean packed =
                golden.base().keySet().stream().anyMatch(name -> name.endsWith(MultiheadNetwork.IN_PROJECTION));
        return Networks.BY_MODEL.getOrDefault(golden.model(), packed ? new MultiheadNetwork() : null);
    }

    @Override
    public HostModel build(GoldenCase golden, Loss loss) throws IOException {
        Net net = null;
        List<Network.Variant> variants = network(golden).variants(golden);
        for (Network.Variant variant : variants) {
            Net candidate = variant.build();
            net = net == null ? candidate : net;
            if (variants.size() == 1 || computes(candidate, golden)) {
                net = candidate;
                break;
            }
        }
        SameDiff graph = net.layers().graph();
        SDVariable y = graph.identity(OUTPUT, net.output());
        INDArray target = target(golden, loss);
        switch (loss) {
            case SUM_OF_SQUARES -> y.mul(y).sum(LOSS);
            case MEAN_SQUARED_ERROR -> {
                SDVariable difference = y.sub(graph.placeHolder(TARGET, DataType.FLOAT, target.shape()));
                difference.mul(difference).mean(LOSS);
            }
            case CROSS_ENTROPY ->
                graph.loss()
                        .softmaxCrossEntropy(LOSS, graph.placeHolder(TARGET, DataType.FLOAT, target.shape()), y, null);
        }
        graph.setLossVariables(LOSS);
        return new SameDiffModel(net, target);
    }

    private static boolean computes(Net net, GoldenCase golden) {
        INDArray found = net.layers()
                .graph()
                .output(net.inputs(), net.output().name())
                .get(net.output().name());
        return golden.tolerance().compare(found, golden.io().get("y_base")).problem() == null;
    }

    private static INDArray target(GoldenCase golden, Loss loss) throws IOException {
        if (loss == Loss.SUM_OF_SQUARES) {
            return null;
        }
        INDArray target = golden.io().get(TARGET);
        if (target == null) {
            throw new IOException("io.safetensors has no \"target\", which training needs");
        }
        if (loss == Loss.MEAN_SQUARED_ERROR) {
            return target;
        }
        INDArray oneHot = Nd4j.zeros(DataType.FLOAT, golden.io().get("y_base").shape());
        for (long i = 0; i < target.length(); i++) {
            oneHot.putScalar(i, target.getLong(i), 1);
        }
        return oneHot;
    }
}
