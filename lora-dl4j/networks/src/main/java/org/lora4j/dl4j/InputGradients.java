/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.dl4j.layer.Randomness;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a network gives, and its gradient with respect to the first input.
 *
 * <p>Runs a copy of the network with all layers frozen, without dropout and weight noise, normalization by what was learned: so
 * in the backward pass, too, it is the network that predicts. Output layers give what they give after their activation; their
 * loss plays no part.
 *
 * <p><b>State.</b> The network is copied and never changed; what it learns later is not seen. Takes the memory of its parameters
 * twice. <b>Threads.</b> One call at a time.
 *
 * @apiNote Status: experimental
 */
public final class InputGradients {

    private static final LoraSettings NOTHING_LEARNS = new LoraSettings(List.of(), List.of(), false, null);

    /** Runs a network. */
    private interface Runner {

        INDArray output(INDArray[] inputs);

        INDArray gradient(INDArray[] inputs, INDArray selector);
    }

    private final List<String> inputs;
    private final String output;
    private final DataType type;
    private final Runner runner;

    private InputGradients(List<String> inputs, String output, DataType type, Runner runner) {
        this.inputs = inputs;
        this.output = output;
        this.type = type;
        this.runner = runner;
    }

    /**
     * A network of layers in a row. Its input is called {@link RowNetwork#INPUT} and its output {@link RowNetwork#OUTPUT}.
     *
     * @param network an initialized network of stock layers, frozen ones among them, with an output layer at its end
     * @return the function
     * @throws IllegalArgumentException if a layer has no gradient with respect to its input, or is adapted; the message lists all
     */
    public static InputGradients of(MultiLayerNetwork network) {
        Arguments.required(network, "InputGradients.of: network", "a network");
        MultiLayerAccess access = new MultiLayerAccess();
        MultiLayerNetwork copy = copy(
                network,
                access,
                Set.of(String.valueOf(access.sites(ready(network, access)).size() - 1)));
        MultiLayerConfiguration conf = copy.getLayerWiseConfigurations();
        conf.setBackpropType(BackpropType.Standard);
        conf.setTrainingWorkspaceMode(WorkspaceMode.NONE);
        conf.setInferenceWorkspaceMode(WorkspaceMode.NONE);
        return new InputGradients(access.inputs(copy), RowNetwork.OUTPUT, conf.getDataType(), new Runner() {
            @Override
            public INDArray output(INDArray[] inputs) {
                return copy.output(inputs[0], false);
            }

            @Override
            public INDArray gradient(INDArray[] inputs, INDArray selector) {
                return copy.calculateGradients(inputs[0], selector, null, null).getSecond();
            }
        });
    }

    /**
     * A graph of layers.
     *
     * @param network an initialized graph of stock layers and vertices with one output, an output layer
     * @return the function
     * @throws IllegalArgumentException if a layer has no gradient with respect to its input, or is adapted, or there are several
     *     outputs; the message lists all
     */
    public static InputGradients of(ComputationGraph network) {
        Arguments.required(network, "InputGradients.of: network", "a network");
        GraphAccess access = new GraphAccess(InputGradientGraph::new);
        List<String> outputs = access.outputs(ready(network, access));
        if (outputs.size() != 1) {
            throw new IllegalArgumentException("network: it has " + outputs.size() + " outputs, "
                    + Problems.quoted(outputs) + "; expected one. Make a graph with the one that is to be explained.");
        }
        InputGradientGraph copy = (InputGradientGraph) copy(network, access, Set.copyOf(outputs));
        ComputationGraphConfiguration conf = copy.getConfiguration();
        conf.setBackpropType(BackpropType.Standard);
        conf.setTrainingWorkspaceMode(WorkspaceMode.NONE);
        conf.setInferenceWorkspaceMode(WorkspaceMode.NONE);
        return new InputGradients(access.inputs(copy), outputs.get(0), conf.getDataType(), new Runner() {
            @Override
            public INDArray output(INDArray[] inputs) {
                return copy.output(false, inputs)[0];
            }

            @Override
            public INDArray gradient(INDArray[] inputs, INDArray selector) {
                copy.setInputs(inputs);
                copy.setLabels(selector);
                copy.computeGradientAndScore();
                return copy.inputGradient();
            }
        });
    }

    /**
     * An adapted network, in the state that it has now.
     *
     * @param model the model
     * @return the function of the network that {@link AdaptedNetwork#mergeAndUnload} gives; of the base while adapters are
     *     disabled or none is active
     * @throws IllegalArgumentException as for the network without adapters
     */
    public static InputGradients of(AdaptedNetwork<? extends Model> model) {
        Arguments.required(model, "InputGradients.of: model", "an adapted network");
        Objects.requireNonNull(model, "network: null; expected an AdaptedNetwork");
        boolean acts = model.isEnabled() && !model.activeAdapters().isEmpty();
        Model plain = acts ? model.mergeAndUnload() : model.base();
        return plain instanceof MultiLayerNetwork layers ? of(layers) : of((ComputationGraph) plain);
    }

    private static <N extends Model> N ready(N network, NetworkAccess<N> access) {
        access.requireReady(network);
        return network;
    }

    private static <N extends Model> N copy(N network, NetworkAccess<N> access, Set<String> outputs) {
        Problems problems = new Problems();
        Map<String, NetworkSite> replaced = new LinkedHashMap<>();
        for (NetworkSite site : access.sites(network)) {
            NetworkSite still = still(site, outputs.contains(site.key()), problems);
            boolean hasParameters = !access.parameters(network, site.key()).isEmpty();
            replaced.put(site.key(), hasParameters || still.doublesGradients() ? still.adapted(NOTHING_LEARNS) : still);
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("network")
                    + ". Explain a network without these, or the part of the network behind them.");
        }
        N copy = access.build(network, replaced);
        for (NetworkSite site : access.sites(network)) {
            Map<String, INDArray> values = access.parameters(network, site.key());
            access.parameters(copy, site.key()).forEach((name, array) -> array.assign(values.get(name)));
        }
        return copy;
    }

    /** The place without what is random in training, and with the output in place of the loss. */
    private static NetworkSite still(NetworkSite site, boolean isOutput, Problems problems) {
        if (site instanceof VertexSite vertex) {
            GraphVertex inside = vertex.conf() instanceof FrozenVertex frozen ? frozen.getUnderlying() : vertex.conf();
            VertexSite plain = new VertexSite(vertex.key(), inside);
            plain.obstacle().ifPresent(problems::add);
            problems.check(!isOutput, "vertex \"" + site.key() + "\" gives the output, expected an output layer");
            return plain;
        }
        LayerSite layer = (LayerSite) site;
        Layer conf = plain(layer.conf());
        LayerSite plain = new LayerSite(layer.key(), layer.path(), conf);
        String where = "layer \"" + layer.path() + "\" ";
        Optional<String> obstacle = plain.obstacle();
        obstacle.ifPresent(problems::add);
        if (obstacle.isEmpty()) {
            Randomness.of(conf).ifPresent(what -> problems.add(where + what + ", expected none"));
            problems.check(
                    !(conf instanceof EmbeddingLayer || conf instanceof EmbeddingSequenceLayer),
                    where + "looks rows up by ids, which have no gradient");
            problems.check(
                    !isOutput || select(conf),
                    where + "of kind " + conf.getClass().getSimpleName()
                            + " gives the output, expected an output layer with an activation and a loss");
        }
        return plain;
    }

    private static Layer plain(Layer layer) {
        Layer plain = layer.clone();
        if (layer instanceof FrozenLayer frozen) {
            plain = frozen.getLayer().clone();
        } else if (layer instanceof FrozenLayerWithBackprop frozen) {
            plain = frozen.getUnderlying().clone();
        }
        plain.setLayerName(layer.getLayerName());
        strip(plain);
        return plain;
    }

    private static void strip(Layer layer) {
        layer.setIDropout(null);
        if (layer instanceof BaseLayer base) {
            base.setWeightNoise(null);
        } else if (layer instanceof BaseWrapperLayer wrapper) {
            strip(wrapper.getUnderlying());
        } else if (layer instanceof Bidirectional both) {
            strip(both.getFwd());
            strip(both.getBwd());
        }
    }

    /** Puts the selected outputs in the place of the loss. */
    private static boolean select(Layer conf) {
        SelectedOutputs selected = new SelectedOutputs();
        if (conf instanceof BaseOutputLayer output && !(conf instanceof CenterLossOutputLayer)) {
            output.setLossFn(selected);
        } else if (conf instanceof LossLayer loss) {
            loss.setLossFn(selected);
        } else if (conf instanceof RnnLossLayer loss) {
            loss.setLossFn(selected);
        } else if (conf instanceof CnnLossLayer loss) {
            loss.setLossFn(selected);
        } else if (conf instanceof Cnn3DLossLayer loss) {
            loss.setLossFn(selected);
        } else {
            return false;
        }
        return true;
    }

    /**
     * What goes in.
     *
     * @return names in their order
     */
    public List<String> inputs() {
        return inputs;
    }

    /**
     * The input that gradients are with respect to.
     *
     * @return the name of the first
     */
    public String input() {
        return inputs.get(0);
    }

    /**
     * What comes out.
     *
     * @return its name
     */
    public String outputName() {
        return output;
    }

    /**
     * Runs a batch.
     *
     * @param arrays an array for each of {@link #inputs}; only read
     * @return the output, after the activation
     * @throws IllegalArgumentException if one is missing or of another number of examples than the first; the message lists all
     */
    public INDArray output(Map<String, INDArray> arrays) {
        Arguments.allRequired(arrays, "InputGradients.output: arrays", "an array");
        return runner.output(inOrder(arrays)).detach();
    }

    /**
     * The gradient of the sum of chosen outputs with respect to the first input.
     *
     * @param arrays an array for each of {@link #inputs}; only read
     * @param selector for each number of the output what it counts, of the output's shape
     * @return the gradient, of the first input's shape
     * @throws IllegalArgumentException as for {@link #output}
     */
    public INDArray gradient(Map<String, INDArray> arrays, INDArray selector) {
        Arguments.allRequired(arrays, "InputGradients.gradient: arrays", "an array");
        Arguments.required(selector, "InputGradients.gradient: selector", "an array of the shape of the output");
        INDArray[] given = inOrder(arrays);
        INDArray gradient = runner.gradient(given, selector.castTo(type));
        if (gradient == null) {
            throw new IllegalArgumentException("network: no layer gives a gradient of the input \"" + input()
                    + "\"; expected a layer of numbers behind it.");
        }
        return gradient.detach();
    }

    private INDArray[] inOrder(Map<String, INDArray> arrays) {
        Problems problems = new Problems();
        Map<String, INDArray> known = new HashMap<>(arrays);
        for (String name : inputs) {
            problems.check(known.remove(name) != null, "no array for the input \"" + name + "\"");
        }
        problems.check(
                known.isEmpty(),
                "arrays for " + Problems.quoted(known.keySet()) + ", which are no inputs, expected "
                        + Problems.quoted(inputs));
        problems.throwIfAny("network");
        return inputs.stream().map(name -> arrays.get(name).castTo(type)).toArray(INDArray[]::new);
    }
}
