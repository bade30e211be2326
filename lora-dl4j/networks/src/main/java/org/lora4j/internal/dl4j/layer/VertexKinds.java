/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.lang.ref.Reference;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffVertex;
import org.deeplearning4j.nn.params.SameDiffParamInitializer;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraAttentionVertex;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.error.MessageText;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.LoraMethod;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * The table of vertices of a {@code ComputationGraph} that have weights of their own: which kinds can be adapted, and which
 * weights of them. Vertices that hold a layer are in {@link LayerKinds}.
 *
 * @apiNote Status: internal
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

    /**
     * The parameters of a stock vertex over an array that has their values.
     *
     * @param vertex configuration of a vertex that can be adapted, stock
     * @param values all parameters one after the other
     * @return views by name
     */
    public static Map<String, INDArray> table(GraphVertex vertex, INDArray values) {
        SameDiffVertex own = (SameDiffVertex) vertex;
        return table(own, own.getVertexParams(), values);
    }

    public static Map<String, INDArray> table(SameDiffVertex vertex, SDLayerParams parameters, INDArray values) {
        return SameDiffParamInitializer.getInstance()
                .subsetAndReshape(parameters.getParameterKeys(), parameters.getParamShapes(), values, null, vertex);
    }

    public static LayerWeight weight(GraphVertex vertex, String name) {
        return weights(vertex).stream()
                .filter(weight -> weight.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("vertex of kind "
                        + vertex.getClass().getSimpleName() + ": it has no adaptable weight " + MessageText.name(name)
                        + "; expected one of "
                        + weights(vertex).stream().map(LayerWeight::name).toList() + ". Correct the slot."));
    }

    public static void requireMethod(GraphVertex vertex, AdapterMethod method) {
        if (!(method instanceof LoraMethod)) {
            throw new IllegalArgumentException(
                    "vertex of kind " + vertex.getClass().getSimpleName() + ": this kind has no "
                            + method.traits().id()
                            + "; expected one of the layers " + LayerKinds.namesWithEveryMethod()
                            + ". Leave the vertex out of the targets, or use plain LoRA.");
        }
    }

    /**
     * Whether vertices of this kind can be adapted.
     *
     * @return true for the stock classes of the table and their adapted classes
     */
    public static boolean isAdaptable(GraphVertex vertex) {
        return kind(vertex).isPresent();
    }

    /**
     * What stands in the way of updates in a vertex.
     *
     * @param vertex a stock configuration, taken from the graph itself
     * @param settings the updates, and what else learns
     * @return the problems, with the name of the vertex; empty if there are none
     */
    public static List<String> problems(String name, GraphVertex vertex, LoraSettings settings) {
        boolean learns =
                !settings.learning().isEmpty() || settings.slots().stream().anyMatch(LoraSlot::learns);
        if (learns && !isAdaptable(vertex)) {
            return List.of("vertex \"" + name + "\" ("
                    + vertex.getClass().getSimpleName() + "): trained parameters " + settings.learning()
                    + ", expected none, because vertices of this kind can only be frozen");
        }
        return learns && vertex instanceof SameDiffVertex own && own.getUpdater() == null
                ? List.of("vertex \"" + name + "\" (" + vertex.getClass().getSimpleName()
                        + "): updater = null, as in copies of a configuration, expected an updater;"
                        + " set it in the graph's configuration by setUpdater(...) of the vertex")
                : List.of();
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
    public static <V extends GraphVertex> V adapt(GraphVertex stock, Class<V> adapted, LoraSettings settings) {
        ObjectMapper mapper = NeuralNetConfiguration.mapper();
        try {
            ObjectNode tree = mapper.valueToTree(stock);
            tree.put("@class", adapted.getName());
            tree.set("lora", mapper.valueToTree(settings));
            // The shapes of the stock parameters only; the copy computes its own.
            tree.remove("vertexParams");
            V copy = mapper.treeToValue(tree, adapted);
            // Between the writing and the reading nothing else may hold the values outside that the settings name.
            Reference.reachabilityFence(settings);
            return Objects.requireNonNull(copy);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(
                    "vertex of kind " + stock.getClass().getSimpleName()
                            + ": its configuration cannot be copied through DL4J's JSON; expected"
                            + " a configuration that can be saved. Save the graph once to see which part cannot.",
                    e);
        }
    }
}
