/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * The table of vertices of a {@code ComputationGraph} that have weights of their own: which kinds can be adapted, and which
 * weights of them. Vertices that hold a layer are in {@link LayerKinds}.
 *
 * @apiNote Status: experimental
 */
public final class VertexKinds {

    private static final List<Kind<?>> TABLE =
            List.of(new Kind<>(AttentionVertex.class, LoraAttentionVertex.class, AttentionWeights::of));

    private VertexKinds() {}

    private record Kind<V extends GraphVertex>(
            Class<V> stock, Class<? extends V> adapted, Function<V, List<LayerWeight>> weights) {

        List<LayerWeight> weightsOf(GraphVertex vertex) {
            return weights.apply(stock.cast(vertex));
        }
    }

    private static Optional<Kind<?>> kind(GraphVertex vertex) {
        for (Kind<?> kind : TABLE) {
            if (kind.stock() == vertex.getClass() || kind.adapted() == vertex.getClass()) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    /**
     * The weights of a vertex that can be adapted.
     *
     * @param vertex configuration of a vertex, stock or adapted
     * @return the weights in the order of the vertex; empty if vertices of this kind cannot be adapted
     */
    public static List<LayerWeight> weights(GraphVertex vertex) {
        return kind(vertex).map(kind -> kind.weightsOf(vertex)).orElse(List.of());
    }

    static LayerWeight weight(GraphVertex vertex, String name) {
        return weights(vertex).stream()
                .filter(weight -> weight.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("vertex of kind "
                        + vertex.getClass().getSimpleName() + ": it has no adaptable weight \"" + name
                        + "\"; expected one of "
                        + weights(vertex).stream().map(LayerWeight::name).toList() + ". Correct the slot."));
    }

    static void requireMethod(GraphVertex vertex, SlotMethod method) {
        if (method != SlotMethod.LORA) {
            throw new IllegalArgumentException(
                    "vertex of kind " + vertex.getClass().getSimpleName() + ": this kind has no " + method
                            + "; expected one of the layers " + LayerKinds.namesWithDora()
                            + ". Leave the vertex out of the targets, or use plain LoRA.");
        }
    }

    /**
     * Whether vertices of this kind can be adapted.
     *
     * @param vertex configuration of a vertex
     * @return true for the stock classes of the table and their adapted classes
     */
    public static boolean isAdaptable(GraphVertex vertex) {
        return kind(vertex).isPresent();
    }

    /**
     * The kinds that can be adapted.
     *
     * @return simple names of stock configurations
     */
    public static List<String> names() {
        return TABLE.stream().map(kind -> kind.stock().getSimpleName()).toList();
    }

    /**
     * The configuration of a vertex with updates in it.
     *
     * @param vertex a configuration of a kind of the table; not changed. Take it from the graph itself: copies that stock
     *     vertices make of themselves lack their updater
     * @param settings the updates, and what else learns
     * @return a new configuration with every setting of {@code vertex}
     * @throws IllegalArgumentException if vertices of this kind cannot be adapted
     */
    public static GraphVertex adapt(GraphVertex vertex, LoraSettings settings) {
        Kind<?> kind = kind(vertex)
                .orElseThrow(() -> new IllegalArgumentException(
                        "vertex of kind " + vertex.getClass().getSimpleName()
                                + " cannot be adapted; expected one of " + names()
                                + ". Leave the vertex out of the targets."));
        return adapt(vertex, kind.adapted(), settings);
    }

    /** Through DL4J's JSON, as {@link LayerKinds#adapt} does it. */
    static <V extends GraphVertex> V adapt(GraphVertex stock, Class<V> adapted, LoraSettings settings) {
        ObjectMapper mapper = NeuralNetConfiguration.mapper();
        try {
            ObjectNode tree = mapper.valueToTree(stock);
            tree.put("@class", adapted.getName());
            tree.set("lora", mapper.valueToTree(settings));
            // The shapes of the stock parameters only; the copy computes its own.
            tree.remove("vertexParams");
            return Objects.requireNonNull(mapper.treeToValue(tree, adapted));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(
                    "vertex of kind " + stock.getClass().getSimpleName()
                            + ": its configuration cannot be copied through DL4J's JSON; expected"
                            + " a configuration that can be saved. Save the graph once to see which part cannot.",
                    e);
        }
    }
}
