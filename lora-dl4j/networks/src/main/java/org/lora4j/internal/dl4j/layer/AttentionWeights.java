/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.WeightLayout;
import org.lora4j.method.ModuleShape;

/** The adaptable weights of the kinds of attention. */
final class AttentionWeights {

    private AttentionWeights() {}

    /** The sizes of projections; {@code inside} is heads * headSize. */
    private record Sizes(long queries, long keys, long values, long inside, long out) {

        List<LayerWeight> projections() {
            return List.of(
                    toHeads("Wq", queries), toHeads("Wk", keys), toHeads("Wv", values), plain("Wo", inside, out));
        }

        private LayerWeight toHeads(String name, long in) {
            // [heads, headSize, in] lies in memory as [heads * headSize, in].
            return new LayerWeight(name, ModuleShape.linear(in, inside), WeightLayout.SAME, null);
        }
    }

    private static LayerWeight plain(String name, long in, long out) {
        return new LayerWeight(name, ModuleShape.linear(in, out), WeightLayout.TRANSPOSED, null);
    }

    static List<LayerWeight> of(SelfAttentionLayer layer) {
        long inside = layer.getNHeads() * layer.getHeadSize();
        return layer.isProjectInput()
                ? new Sizes(layer.getNIn(), layer.getNIn(), layer.getNIn(), inside, layer.getNOut()).projections()
                : List.of();
    }

    static List<LayerWeight> of(RecurrentAttentionLayer layer) {
        List<LayerWeight> weights = new ArrayList<>();
        ModuleShape shape = ModuleShape.linear(layer.getNIn(), layer.getNOut());
        weights.add(new LayerWeight("W", shape, WeightLayout.TRANSPOSED, layer.isHasBias() ? "b" : null));
        weights.add(plain("RW", layer.getNOut(), layer.getNOut()));
        if (layer.isProjectInput()) {
            long inside = layer.getNHeads() * layer.getHeadSize();
            weights.addAll(
                    new Sizes(layer.getNOut(), layer.getNIn(), layer.getNIn(), inside, layer.getNOut()).projections());
        }
        return List.copyOf(weights);
    }

    static List<LayerWeight> of(AttentionVertex vertex) {
        long inside = vertex.getNHeads() * vertex.getHeadSize();
        return vertex.isProjectInput()
                ? new Sizes(
                                vertex.getNInQueries(),
                                vertex.getNInKeys(),
                                vertex.getNInValues(),
                                inside,
                                vertex.getNOut())
                        .projections()
                : List.of();
    }
}
