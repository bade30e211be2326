/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.lang.ref.Reference;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution2D;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer;
import org.lora4j.dl4j.layer.FrozenBaseLayer;
import org.lora4j.dl4j.layer.FrozenValues;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraCenterLossOutputLayer;
import org.lora4j.dl4j.layer.LoraConvolution1D;
import org.lora4j.dl4j.layer.LoraConvolution2D;
import org.lora4j.dl4j.layer.LoraConvolution3D;
import org.lora4j.dl4j.layer.LoraDeconvolution2D;
import org.lora4j.dl4j.layer.LoraDenseLayer;
import org.lora4j.dl4j.layer.LoraDepthwiseConvolution2D;
import org.lora4j.dl4j.layer.LoraEmbeddingLayer;
import org.lora4j.dl4j.layer.LoraEmbeddingSequenceLayer;
import org.lora4j.dl4j.layer.LoraGravesLSTM;
import org.lora4j.dl4j.layer.LoraLSTM;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.dl4j.layer.LoraLocallyConnected1D;
import org.lora4j.dl4j.layer.LoraLocallyConnected2D;
import org.lora4j.dl4j.layer.LoraOutputLayer;
import org.lora4j.dl4j.layer.LoraRecurrentAttentionLayer;
import org.lora4j.dl4j.layer.LoraRnnOutputLayer;
import org.lora4j.dl4j.layer.LoraSelfAttentionLayer;
import org.lora4j.dl4j.layer.LoraSeparableConvolution2D;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSimpleRnn;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.dl4j.layer.WeightLayout;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * The layer table: which kinds of layers can be adapted, and which weights of them.
 *
 * <p>To add a kind write its running layer, an entry in {@code src/generator/layers.txt}, from which its configuration is
 * generated, a line here, and a case in the tables of {@code LayerAdapterTest}.
 *
 * @apiNote Status: internal
 */
@SuppressWarnings("deprecation") // GravesLSTM: DL4J prefers LSTM, but old networks have this kind.
public final class LayerKinds {

    private static final List<LayerKind<?>> TABLE = List.of(
            LayerKind.of(DenseLayer.class, LoraDenseLayer.class, LayerKinds::dense)
                    .withEveryMethod(),
            LayerKind.of(OutputLayer.class, LoraOutputLayer.class, LayerKinds::linear)
                    .withEveryMethod(),
            LayerKind.of(RnnOutputLayer.class, LoraRnnOutputLayer.class, LayerKinds::linear)
                    .withEveryMethod(),
            LayerKind.of(EmbeddingLayer.class, LoraEmbeddingLayer.class, LayerKinds::embedding)
                    .withEveryMethod(),
            LayerKind.of(EmbeddingSequenceLayer.class, LoraEmbeddingSequenceLayer.class, LayerKinds::embedding)
                    .withEveryMethod(),
            LayerKind.of(ConvolutionLayer.class, LoraConvolution2D.class, LayerKinds::convolution)
                    .withEveryMethod(),
            LayerKind.alias(
                            Convolution2D.class,
                            LoraConvolution2D.class,
                            ConvolutionLayer.class,
                            LayerKinds::convolution)
                    .withEveryMethod(),
            LayerKind.of(SelfAttentionLayer.class, LoraSelfAttentionLayer.class, AttentionWeights::of),
            LayerKind.of(RecurrentAttentionLayer.class, LoraRecurrentAttentionLayer.class, AttentionWeights::of),
            LayerKind.of(Convolution1DLayer.class, LoraConvolution1D.class, LayerKinds::convolution1D)
                    .withEveryMethod(),
            LayerKind.alias(
                            Convolution1D.class,
                            LoraConvolution1D.class,
                            Convolution1DLayer.class,
                            LayerKinds::convolution1D)
                    .withEveryMethod(),
            LayerKind.of(Convolution3D.class, LoraConvolution3D.class, LayerKinds::convolution3D)
                    .withEveryMethod(),
            LayerKind.of(Deconvolution2D.class, LoraDeconvolution2D.class, LayerKinds::deconvolution),
            LayerKind.of(DepthwiseConvolution2D.class, LoraDepthwiseConvolution2D.class, LayerKinds::depthwise),
            LayerKind.of(SeparableConvolution2D.class, LoraSeparableConvolution2D.class, LayerKinds::separable),
            LayerKind.of(LocallyConnected1D.class, LoraLocallyConnected1D.class, LayerKinds::local),
            LayerKind.of(LocallyConnected2D.class, LoraLocallyConnected2D.class, LayerKinds::local),
            LayerKind.of(LSTM.class, LoraLSTM.class, LayerKinds::gates),
            LayerKind.of(GravesLSTM.class, LoraGravesLSTM.class, LayerKinds::gates),
            LayerKind.of(SimpleRnn.class, LoraSimpleRnn.class, LayerKinds::recurrent),
            LayerKind.of(CenterLossOutputLayer.class, LoraCenterLossOutputLayer.class, LayerKinds::linear)
                    .withEveryMethod());

    private LayerKinds() {}

    private static List<LayerWeight> linear(FeedForwardLayer layer) {
        return linear(layer, "b");
    }

    // A bias within a normalized sum cannot be folded into the one outside.
    private static List<LayerWeight> dense(DenseLayer layer) {
        return linear(layer, layer.hasLayerNorm() ? null : "b");
    }

    private static List<LayerWeight> linear(FeedForwardLayer layer, String bias) {
        ModuleShape shape = ModuleShape.linear(layer.getNIn(), layer.getNOut());
        return List.of(new LayerWeight("W", shape, WeightLayout.TRANSPOSED, bias));
    }

    private static List<LayerWeight> embedding(FeedForwardLayer layer) {
        ModuleShape shape = ModuleShape.embedding(layer.getNIn(), layer.getNOut());
        return List.of(new LayerWeight("W", shape, WeightLayout.SAME, "b"));
    }

    private static List<LayerWeight> convolution(ConvolutionLayer layer) {
        int[] kernel = layer.getKernelSize();
        ModuleShape shape = ModuleShape.convolution(layer.getNIn(), layer.getNOut(), kernel[0], kernel[1]);
        return List.of(new LayerWeight("W", shape, WeightLayout.SAME, "b"));
    }

    private static List<LayerWeight> convolution1D(Convolution1DLayer layer) {
        ModuleShape shape = ModuleShape.convolution(layer.getNIn(), layer.getNOut(), layer.getKernelSize()[0]);
        return List.of(new LayerWeight("W", shape, WeightLayout.MEMORY_REVERSED, "b"));
    }

    private static List<LayerWeight> convolution3D(Convolution3D layer) {
        int[] kernel = layer.getKernelSize();
        ModuleShape shape = ModuleShape.convolution(layer.getNIn(), layer.getNOut(), kernel[0], kernel[1], kernel[2]);
        return List.of(new LayerWeight("W", shape, WeightLayout.SAME, "b"));
    }

    private static List<LayerWeight> deconvolution(Deconvolution2D layer) {
        int[] kernel = layer.getKernelSize();
        ModuleShape shape = ModuleShape.convolution(layer.getNIn(), layer.getNOut(), kernel[0], kernel[1]);
        return List.of(new LayerWeight("W", shape, WeightLayout.FIRST_AXES_SWAPPED, "b"));
    }

    private static List<LayerWeight> depthwise(DepthwiseConvolution2D layer) {
        int[] kernel = layer.getKernelSize();
        long out = layer.getNIn() * layer.getDepthMultiplier();
        ModuleShape shape = ModuleShape.convolution(1, out, kernel[0], kernel[1]);
        return List.of(new LayerWeight("W", shape, WeightLayout.KERNEL_FIRST, "b"));
    }

    private static List<LayerWeight> separable(SeparableConvolution2D layer) {
        int[] kernel = layer.getKernelSize();
        long between = layer.getNIn() * layer.getDepthMultiplier();
        ModuleShape depth = ModuleShape.convolution(1, between, kernel[0], kernel[1]);
        ModuleShape point = ModuleShape.convolution(between, layer.getNOut(), 1, 1);
        return List.of(
                new LayerWeight("W", depth, WeightLayout.FIRST_AXES_SWAPPED, null),
                new LayerWeight("pW", point, WeightLayout.SAME, "b"));
    }

    private static List<LayerWeight> local(LocallyConnected1D layer) {
        ModuleShape shape = ModuleShape.experts(layer.getOutputSize(), layer.getFeatureDim(), layer.getNOut());
        return List.of(new LayerWeight("W", shape, WeightLayout.PARTS_TRANSPOSED, "b"));
    }

    private static List<LayerWeight> local(LocallyConnected2D layer) {
        int[] out = layer.getOutputSize();
        ModuleShape shape = ModuleShape.experts((long) out[0] * out[1], layer.getFeatureDim(), layer.getNOut());
        return List.of(new LayerWeight("W", shape, WeightLayout.PARTS_TRANSPOSED, "b"));
    }

    private static List<LayerWeight> gates(FeedForwardLayer layer) {
        return series(layer, 4 * layer.getNOut(), "b");
    }

    private static List<LayerWeight> recurrent(SimpleRnn layer) {
        return series(layer, layer.getNOut(), layer.hasLayerNorm() ? null : "b");
    }

    private static List<LayerWeight> series(FeedForwardLayer layer, long outputs, String bias) {
        ModuleShape input = ModuleShape.linear(layer.getNIn(), outputs);
        ModuleShape state = ModuleShape.linear(layer.getNOut(), outputs);
        return List.of(
                new LayerWeight("W", input, WeightLayout.TRANSPOSED, bias),
                new LayerWeight("RW", state, WeightLayout.TRANSPOSED, bias));
    }

    private static Optional<LayerKind<?>> kind(Layer layer) {
        for (LayerKind<?> kind : TABLE) {
            if (kind.stock() == layer.getClass() || kind.adapted() == layer.getClass()) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    /**
     * The weights of a layer that can be adapted.
     *
     * @param layer configuration of a layer, stock or adapted, with its sizes set
     * @return the weights in the order of the table, of wrapped layers under the names that the wrapper gives to them; empty
     *     if layers of this kind cannot be adapted
     */
    public static List<LayerWeight> weights(Layer layer) {
        if (Wrappers.isWrapper(layer)) {
            return Wrappers.weights(layer);
        }
        return kind(layer).map(kind -> kind.weightsOf(layer)).orElse(List.of());
    }

    public static LayerWeight weight(Layer layer, String name) {
        return weights(layer).stream()
                .filter(weight -> weight.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("layer " + MessageText.name(layer.getLayerName()) + " ("
                        + layer.getClass().getSimpleName() + "): it has no adaptable weight " + MessageText.name(name)
                        + "; expected one of "
                        + weights(layer).stream().map(LayerWeight::name).toList() + ". Correct the slot."));
    }

    /**
     * Whether layers of this kind can be adapted.
     *
     * @return true for the stock classes of the table and their adapted classes, and for {@code Bidirectional},
     *     {@code LastTimeStep}, {@code TimeDistributed} and {@code MaskZeroLayer} around them
     */
    public static boolean isAdaptable(Layer layer) {
        return kind(Wrappers.inner(layer)).isPresent();
    }

    /**
     * The parameters of a layer over an array that has their values.
     *
     * @param layer a stock configuration; not changed
     * @param values all parameters one after the other
     * @return views by name
     */
    public static Map<String, INDArray> table(Layer layer, INDArray values) {
        NeuralNetConfiguration conf = new NeuralNetConfiguration();
        conf.setLayer(layer.clone());
        return conf.getLayer().initializer().init(conf, values, false);
    }

    /**
     * A layer that is frozen whole, with its parameters outside of the network.
     *
     * @param layer a stock configuration with parameters; not changed
     * @param lowest whether nothing below learns
     * @return a configuration without parameters in the network; of layers that can be adapted one that does not compute
     *     gradients of them, too
     */
    public static Layer frozen(Layer layer, boolean lowest, FrozenValues outside) {
        if (!isAdaptable(layer)) {
            return new FrozenBaseLayer(layer, outside);
        }
        List<LoraSlot> none = List.of();
        return Wrappers.hasDirections(layer)
                ? new FrozenBaseLayer(adapt(layer, new LoraSettings(none, List.of(), lowest)), outside)
                : adapt(layer, new LoraSettings(none, List.of(), lowest, outside));
    }

    /**
     * The updates in a layer.
     *
     * @return the settings, of wrapped layers with the names that the wrapper gives to parameters; empty for layers that are
     *     not adapted
     */
    public static Optional<LoraSettings> settings(Layer layer) {
        if (Wrappers.isWrapper(layer)) {
            return Wrappers.settings(layer);
        }
        return layer instanceof LoraLayer adapted ? Optional.of(adapted.lora()) : Optional.empty();
    }

    /**
     * What stands in the way of updates in a layer.
     *
     * @param layer a stock configuration
     * @param settings the updates, and what else learns
     * @return the problems, with the name of the layer; empty if there are none
     */
    public static List<String> problems(Layer layer, LoraSettings settings) {
        if (Wrappers.isWrapper(layer)) {
            return isAdaptable(layer) ? Wrappers.problems(layer, settings) : List.of();
        }
        boolean bias = settings.slots().stream().anyMatch(LoraSlot::bias);
        return layer instanceof SimpleRnn recurrent && recurrent.hasLayerNorm() && bias
                ? List.of("layer \"" + layer.getLayerName()
                        + "\": a bias of B inside layer normalization, expected none, because it could not be merged into"
                        + " the bias outside; set loraBias to false")
                : List.of();
    }

    /** Refuses to start a layer whose updates something stands in the way of. */
    static void requireNoProblems(Layer layer) {
        Problems problems = new Problems();
        settings(layer).ifPresent(settings -> problems.addAll(problems(layer, settings)));
        problems.throwIfAny(layer.getClass().getSimpleName());
    }

    /**
     * Whether a layer, once adapted, leaves out the gradient of its input when {@link LoraSettings#lowest} says so.
     *
     * @param layer a stock configuration
     * @return false as well for kinds that cannot be adapted
     */
    public static boolean canEndGradients(Layer layer) {
        return Wrappers.isWrapper(layer)
                ? Wrappers.canEndGradients(layer)
                : kind(layer).isPresent();
    }

    /**
     * What updates the parameters of a stock layer once they learn, and its factors.
     *
     * @return the updaters of its weights and biases
     */
    public static Set<IUpdater> updaters(Layer layer) {
        Layer inner = Wrappers.inner(layer);
        return inner.initializer().paramKeys(inner).stream()
                .map(inner::getUpdaterByParam)
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Why Deeplearning4j 1.0.0-M2.1 cannot run a layer at all.
     *
     * @param layer a stock configuration
     * @return the reason and what to use instead; empty for layers that run
     */
    public static Optional<String> whyItCannotRun(Layer layer) {
        // Not its subclasses, which may have mended it.
        return Wrappers.inner(layer).getClass() == LearnedSelfAttentionLayer.class
                ? Optional.of(
                        "Deeplearning4j 1.0.0-M2.1 cannot run a LearnedSelfAttentionLayer, whose forward pass calls the"
                                + " native scatter_update without arguments; use a SelfAttentionLayer, with a GlobalPoolingLayer"
                                + " above it where the number of queries set the length of the output")
                : Optional.empty();
    }

    /**
     * Whether the stock layer returns gradients that are twice too large: of its parameters and of its input.
     *
     * <p>In DL4J 1.0.0-M2.1 all layers over SameDiff do, but for output layers, which need no error from above: the function
     * that brings the error in registers it as a gradient, and the caller adds what it returns once more.
     *
     * @return whether it is a layer over SameDiff, or a wrapper around one
     */
    public static boolean doublesGradients(Layer layer) {
        return Wrappers.inner(layer) instanceof SameDiffLayer;
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
     * The kinds that every method can adapt, as far as it is made for such modules; the others take LoRA alone. PEFT has the
     * other methods for the like: linear maps, tables and convolutions.
     *
     * @return simple names of stock configurations
     */
    public static List<String> namesWithEveryMethod() {
        return TABLE.stream()
                .filter(LayerKind::everyMethod)
                .map(kind -> kind.stock().getSimpleName())
                .toList();
    }

    /**
     * Whether a method can adapt a layer.
     *
     * @param layer configuration of a layer of a kind of the table
     * @return true for LoRA
     */
    public static boolean has(Layer layer, AdapterMethod method) {
        return method instanceof LoraMethod
                || kind(Wrappers.inner(layer)).map(LayerKind::everyMethod).orElse(false);
    }

    static void requireMethod(Layer layer, AdapterMethod method) {
        if (!has(layer, method)) {
            throw new IllegalArgumentException("layer " + MessageText.name(layer.getLayerName()) + " ("
                    + layer.getClass().getSimpleName() + "): this kind has no "
                    + method.traits().id() + "; expected one of "
                    + namesWithEveryMethod() + ". Leave the layer out of the targets, or use plain LoRA.");
        }
    }

    /**
     * The configuration of a layer with updates in it.
     *
     * @param layer a stock configuration of a kind of the table; not changed
     * @param settings the updates, and what else learns
     * @return a new configuration with every setting of {@code layer}
     * @throws IllegalArgumentException if layers of this kind cannot be adapted, or if the two directions of a
     *     {@code Bidirectional} are to be adapted differently
     */
    public static Layer adapt(Layer layer, LoraSettings settings) {
        if (Wrappers.isWrapper(layer)) {
            return Wrappers.adapt(layer, settings);
        }
        LayerKind<?> kind = kind(layer)
                .orElseThrow(() ->
                        new IllegalArgumentException("layer " + MessageText.name(layer.getLayerName()) + " of kind "
                                + layer.getClass().getSimpleName() + " cannot be adapted; expected one of " + names()
                                + ". Leave the layer out of the targets."));
        return adapt(layer, kind.adapted(), settings);
    }

    /**
     * DL4J's own JSON carries all settings over, those without setters included, and so nothing can be forgotten here.
     */
    public static <C extends Layer> C adapt(Layer stock, Class<C> adapted, LoraSettings settings) {
        ObjectMapper mapper = NeuralNetConfiguration.mapper();
        C layer;
        try {
            Layer copy = stock.clone();
            if (copy instanceof AbstractSameDiffLayer graph) {
                // Computes its shapes when it is written unless it has some, and its sizes may still have to be set.
                graph.setLayerParams(new SDLayerParams());
            }
            ObjectNode tree = mapper.valueToTree(copy);
            tree.remove("layerParams");
            tree.put("@class", adapted.getName());
            tree.set("lora", mapper.valueToTree(settings));
            layer = mapper.treeToValue(tree, adapted);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(
                    "layer " + MessageText.name(stock.getLayerName())
                            + ": its configuration cannot be copied through DL4J's JSON; expected"
                            + " a configuration that can be saved. Save the network once to see which part cannot.",
                    e);
        }
        // Between the writing and the reading nothing else may hold the values outside that the settings name.
        Reference.reachabilityFence(settings);
        layer.setConstraints(stock.getConstraints());
        if (layer instanceof BaseLayer to && stock instanceof BaseLayer from) {
            // Start values may hold arrays that JSON leaves out.
            to.setWeightInitFn(from.getWeightInitFn());
        }
        return Objects.requireNonNull(layer);
    }
}
