/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.StreamSupport;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The golden networks that stock layers of Deeplearning4j can express, as graphs of these layers. */
public final class Dl4jHost implements ModelHost {

    private static final Map<String, Function<GoldenCase, Dl4jNet>> NETWORKS = Map.of(
            "mlp", Dl4jNetworks::mlp,
            "seqmlp", Dl4jNetworks::sequential,
            "lnmlp", Dl4jNetworks::normalized,
            "embnet", Dl4jNetworks::embedding,
            "convnet", Dl4jNetworks::convolutions,
            "stack", Dl4jNetworks::stack,
            "twostack", Dl4jNetworks::twoStacks);

    private static final String NO_MASK = "no layer of its attention: that of stock layers has no causal mask";

    private static final Map<String, String> REASONS = Map.of(
            "bert",
            "no exact GELU: those of stock layers are approximations",
            "gpt2",
            NO_MASK,
            "llama",
            NO_MASK,
            "moe",
            "no layer whose weight holds several experts");

    @Override
    public String name() {
        return "Deeplearning4j";
    }

    @Override
    public boolean knows(GoldenCase golden) {
        return NETWORKS.containsKey(golden.model()) && lacks(golden).isEmpty();
    }

    @Override
    public Optional<String> lacks(GoldenCase golden) {
        if (!NETWORKS.containsKey(golden.model())) {
            return Optional.of("model \"" + golden.model() + "\": "
                    + REASONS.getOrDefault(golden.model(), "an architecture without a builder"));
        }
        boolean groups = StreamSupport.stream(golden.params().path("convs").spliterator(), false)
                .map(convolution -> convolution.path("groups"))
                .anyMatch(Dl4jHost::isMany);
        if (groups) {
            return Optional.of("no layer that convolves in groups");
        }
        boolean turnsWindows = golden.family().equals("oft")
                && StreamSupport.stream(golden.params().path("convs").spliterator(), false)
                        .anyMatch(convolution -> isMany(convolution.path("k")));
        if (turnsWindows) {
            return Optional.of("OFT on windows above 1 is no change of a weight, and layers hand out no activations");
        }
        if (repeatsLayers(golden)) {
            return Optional.of("layers that repeat others are for SameDiff graphs");
        }
        if (golden.strings("features").contains("lora-fa")) {
            return Optional.of(
                    "no LoRA-FA: updaters of Deeplearning4j see one parameter at a time, and B's update needs A");
        }
        return Optional.empty();
    }

    private static boolean repeatsLayers(GoldenCase golden) {
        try {
            return golden.repeatsLayers();
        } catch (IOException e) {
            // A config that cannot be read is for the checks to refuse.
            return false;
        }
    }

    private static boolean isMany(JsonNode groups) {
        return groups.asLong(1) > 1;
    }

    @Override
    public HostModel build(GoldenCase golden, Loss loss) throws IOException {
        return new Dl4jModel(NETWORKS.get(golden.model()).apply(golden), loss, target(golden, loss));
    }

    private static INDArray target(GoldenCase golden, Loss loss) throws IOException {
        if (loss == Loss.SUM_OF_SQUARES) {
            return null;
        }
        INDArray target = golden.io().get("target");
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
