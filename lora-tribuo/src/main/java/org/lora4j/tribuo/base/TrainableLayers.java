/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.method.StepRule;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * A network of layers for the training loop of {@code org.lora4j.train}: gradients come from DL4J, updates do not.
 *
 * @param <N> kind of network
 */
final class TrainableLayers<N extends Model> implements Trainable, GraphExecutor {

    private final AdaptedNetwork<N> adapted;
    private final N network;
    private final LayerAccess<N> access;
    private final List<TrainableParameter> parameters = new ArrayList<>();

    TrainableLayers(AdaptedNetwork<N> adapted, LayerAccess<N> access) {
        this.adapted = adapted;
        this.network = adapted.network();
        this.access = access;
        Map<String, Layer> layers = access.layers(network);
        Map<String, Layer> base = access.layers(adapted.base());
        Map<String, String> paths = new LinkedHashMap<>();
        adapted.modules().forEach(module -> paths.putIfAbsent(module.layer(), module.path()));
        for (String key : access.keys(network)) {
            int underscore = key.lastIndexOf('_');
            String layer = key.substring(0, underscore);
            String name = key.substring(underscore + 1);
            if (learns(layers.get(layer), name)) {
                INDArray value = access.parameter(network, key);
                String module = paths.getOrDefault(layer, layer);
                Kind kind = kind(base.get(layer), adapted.base().paramTable().containsKey(key), name);
                parameters.add(new TrainableParameter(key, module, kind, value));
            }
        }
    }

    private static boolean learns(Layer layer, String name) {
        return !(layer instanceof FrozenLayer) && !(layer.getUpdaterByParam(name) instanceof NoOp);
    }

    private static Kind kind(Layer base, boolean isOfBase, String name) {
        if (!isOfBase) {
            return Kind.FACTOR;
        }
        return base.initializer().isBiasParam(base, name) ? Kind.BIAS_OR_NORM : Kind.WEIGHT;
    }

    @Override
    public List<TrainableParameter> trainableParameters() {
        return List.copyOf(parameters);
    }

    @Override
    public List<StepRule> stepRules() {
        return adapted.stepRules();
    }

    @Override
    public GraphExecutor executor() {
        return this;
    }

    @Override
    public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
        INDArray input = placeholders.get(AdaptedLayers.INPUT);
        // Dropout of adapters is a function of the iteration, which therefore stands for the seed.
        int iteration = (int) (seed ^ seed >>> Integer.SIZE) & Integer.MAX_VALUE;
        access.step(network, iteration, input, placeholders.get(AdaptedLayers.LABELS));
        Map<String, INDArray> sums = access.gradients(network);
        Map<String, INDArray> means = new LinkedHashMap<>();
        for (TrainableParameter parameter : parameters) {
            INDArray sum = sums.get(parameter.name());
            means.put(parameter.name(), sum.dup(parameter.value().ordering()).divi(input.size(0)));
        }
        return new LossAndGradients(network.score(), means);
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
        throw new UnsupportedOperationException("TrainableLayers.output: a network of layers gives its outputs through"
                + " AdaptedBase.outputs; expected a call of gradients.");
    }

    @Override
    public GraphExecutor fork() {
        throw new UnsupportedOperationException(
                "TrainableLayers.fork: a network of layers keeps the activations of a step"
                        + " in itself; expected one thread.");
    }
}
