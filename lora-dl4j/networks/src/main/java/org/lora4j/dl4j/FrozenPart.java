/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.lora4j.error.Problems;
import org.lora4j.exec.FrozenPrefix;

/**
 * The places of a network that depend on nothing that learns.
 *
 * @param below the places, in the order in which they are computed
 * @param kept keys of those whose outputs go to others, in the same order
 * @param left number of places that still run in every step
 */
record FrozenPart(List<NetworkSite> below, List<String> kept, int left) {

    private static final List<Class<? extends Layer>> CHEAP = List.of(
            BatchNormalization.class,
            ElementWiseMultiplicationLayer.class,
            EmbeddingLayer.class,
            EmbeddingSequenceLayer.class,
            PReLULayer.class);

    FrozenPart {
        below = List.copyOf(below);
        kept = List.copyOf(kept);
    }

    /** The keys of the places. */
    List<String> keys() {
        return below.stream().map(NetworkSite::key).toList();
    }

    /** The paths of the places that are kept, by key. */
    Map<String, String> paths() {
        Map<String, String> paths = new LinkedHashMap<>();
        kept.forEach(key -> paths.put(key, path(key)));
        return paths;
    }

    private String path(String key) {
        return below.stream()
                .filter(site -> site.key().equals(key))
                .findFirst()
                .orElseThrow()
                .path();
    }

    FrozenPrefix description() {
        int heavy = (int) below.stream().filter(FrozenPart::isHeavy).count();
        return new FrozenPrefix(kept.stream().map(this::path).toList(), below.size(), heavy, left);
    }

    private static boolean isHeavy(NetworkSite site) {
        return site instanceof LayerSite layer
                ? layer.conf().initializer().numParams(layer.conf()) > 0
                        && CHEAP.stream().noneMatch(kind -> kind.isInstance(layer.conf()))
                : !site.weights().isEmpty();
    }

    /** Refuses a part that is not worth keeping, or that gives something else each time. */
    void requireLasting(boolean truncated) {
        Problems problems = new Problems();
        problems.check(
                description().heavyOps() > 0,
                below.isEmpty()
                        ? "nothing lies below what trains"
                        : "the frozen part below what trains has no layer with products: "
                                + Problems.quoted(
                                        below.stream().map(NetworkSite::path).toList()));
        for (NetworkSite site : below) {
            site.randomness().ifPresent(reason -> problems.add("\"" + site.path() + "\" " + reason));
        }
        problems.check(
                !truncated,
                "the network learns by truncated backpropagation through time, whose parts depend on those before them");
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("cacheFrozenPrefix")
                    + "; expected frozen layers that are worth keeping and give the same each time. Train without the"
                    + " cache.");
        }
    }
}
