/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
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

    /** How the last case is read: many models are built of each. */
    private Reading last = new Reading(null, Optional.empty());

    /** @param variant the variant that is meant, if one is known */
    private record Reading(GoldenCase golden, Optional<Network.Variant> variant) {}

    @Override
    public boolean knows(GoldenCase golden) {
        return Networks.BY_MODEL.containsKey(golden.model()) || reading(golden).isPresent();
    }

    private Optional<Network.Variant> reading(GoldenCase golden) {
        if (last.golden() != golden) {
            Network named = Networks.BY_MODEL.get(golden.model());
            last = new Reading(golden, named == null ? guess(golden) : Optional.of(named(named, golden)));
        }
        return last.variant();
    }

    private static Network.Variant named(Network network, GoldenCase golden) {
        List<Network.Variant> variants = network.variants(golden);
        try {
            if (golden.repeatsLayers()) {
                List<Network.Variant> deeper = network.variants(golden.withRepeatedLayers());
                return IntStream.range(0, variants.size())
                        .filter(i -> computes(variants.get(i), golden) || computes(deeper.get(i), golden))
                        .mapToObj(deeper::get)
                        .findFirst()
                        .orElse(deeper.get(0));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        // If none of them computes the base output, the first fails the case.
        return variants.size() == 1 ? variants.get(0) : meant(variants, golden).orElse(variants.get(0));
    }

    /** Nobody said what the network is: a guess that does not compute the base output says nothing of the adapter. */
    private static Optional<Network.Variant> guess(GoldenCase golden) {
        try {
            return meant(new MultiheadNetwork().variants(golden), golden);
        } catch (RuntimeException e) {
            return Optional.empty();
        }
    }

    private static Optional<Network.Variant> meant(List<Network.Variant> variants, GoldenCase golden) {
        return variants.stream().filter(variant -> computes(variant, golden)).findFirst();
    }

    @Override
    public INDArray outputOfBase(GoldenCase golden) throws IOException {
        List<Network.Variant> variants = Networks.BY_MODEL.get(golden.model()).variants(golden);
        Net net = meant(variants, golden).orElse(variants.get(0)).build();
        String y = net.output().name();
        return net.layers().graph().output(net.inputs(), y).get(y);
    }

    @Override
    public HostModel build(GoldenCase golden, Loss loss) throws IOException {
        Net net = reading(golden)
                .orElseThrow(() -> new IllegalArgumentException("case \"" + golden.name()
                        + "\": no network of the model \"" + golden.model()
                        + "\" computes y_base; expected a call only if knows() is true"))
                .build();
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
                        .softmaxCrossEntropy(
                                LOSS,
                                graph.placeHolder(TARGET, DataType.FLOAT, target.shape()),
                                graph.reshape(y, -1, target.size(1)),
                                null);
        }
        graph.setLossVariables(LOSS);
        return new SameDiffModel(net, target);
    }

    private static boolean computes(Network.Variant variant, GoldenCase golden) {
        INDArray expected = golden.io().get("y_base");
        if (expected == null) {
            return false;
        }
        Net net;
        try {
            net = variant.build();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        INDArray found = net.layers()
                .graph()
                .output(net.inputs(), net.output().name())
                .get(net.output().name());
        return golden.tolerance().compare(found, expected).problem() == null;
    }

    private static INDArray target(GoldenCase golden, Loss loss) throws IOException {
        if (loss == Loss.SUM_OF_SQUARES) {
            return null;
        }
        INDArray target = golden.io().getOrDefault(TARGET, golden.io().get("lora_ga.target.0"));
        if (target == null) {
            throw new IOException("io.safetensors has no \"target\", which training needs");
        }
        return loss == Loss.MEAN_SQUARED_ERROR ? target : oneHot(golden, target);
    }

    /** A row for each position of each example, whatever axes the output has before its classes. */
    private static INDArray oneHot(GoldenCase golden, INDArray target) {
        INDArray y = golden.io().get("y_base");
        INDArray oneHot = Nd4j.zeros(DataType.FLOAT, target.length(), y.size(-1));
        for (long i = 0; i < target.length(); i++) {
            oneHot.putScalar(i, target.getLong(i), 1);
        }
        return oneHot;
    }
}
