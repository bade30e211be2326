/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.method.FactorStart;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The parameters of an adapted layer: those of the stock layer first, in its own order, then the factors of each slot in
 * PEFT's shapes.
 *
 * <p>DL4J asks here which parameters are weights and biases before it regularizes, constrains or disturbs them. Frozen
 * parameters are neither. They have no gradient array, so that nothing can write one and their part of the network's
 * gradient view stays zero.
 *
 * @apiNote Status: internal
 */
public final class LoraParameters implements ParamInitializer {

    private final ParamInitializer stock;

    public LoraParameters(ParamInitializer stock) {
        this.stock = stock;
    }

    /** The parameters that come first in the network's array. */
    private ParamInitializer first(Layer layer) {
        LoraSettings settings = settings(layer);
        return settings.outside() == null ? stock : new OutsideParameters(stock, settings);
    }

    private record Factor(LayerWeight weight, LoraSlot slot, String name, long[] shape) {

        long length() {
            long length = 1;
            for (long size : shape) {
                length = Math.multiplyExact(length, size);
            }
            return length;
        }

        INDArray in(INDArray view, long offset) {
            // Enforced: a copy here would be trained without effect.
            return view.get(NDArrayIndex.interval(offset, offset + length()))
                    .reshape(weight.order(slot, name), true, shape);
        }
    }

    // Stock wrappers ask the initializer of the inner layer with themselves as the argument.
    private static LoraSettings settings(Layer layer) {
        return ((LoraLayer) Wrappers.inner(layer)).lora();
    }

    private static List<Factor> factors(Layer layer) {
        List<Factor> factors = new ArrayList<>();
        for (LoraSlot slot : settings(layer).slots()) {
            LayerKinds.requireMethod(layer, slot.arithmetic());
            LayerWeight weight = LayerKinds.weight(layer, slot.weight());
            weight.parameters(slot).forEach((name, shape) -> factors.add(new Factor(weight, slot, name, shape)));
        }
        return factors;
    }

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return first(conf.getLayer()).numParams(conf) + length(conf.getLayer());
    }

    @Override
    public long numParams(Layer layer) {
        // Stock initializers that are asked with a layer leave out what kinds add: centers, biases of pretraining.
        NeuralNetConfiguration conf = new NeuralNetConfiguration();
        conf.setLayer(layer);
        return numParams(conf);
    }

    private static long length(Layer layer) {
        return factors(layer).stream().mapToLong(Factor::length).sum();
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        List<String> keys = new ArrayList<>(first(layer).paramKeys(layer));
        // Not from the factors: a configuration asks for names before it knows sizes.
        settings(layer).slots().forEach(slot -> keys.addAll(slot.names()));
        return keys;
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        return paramKeys(layer).stream()
                .filter(key -> isWeightParam(layer, key))
                .toList();
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        return paramKeys(layer).stream().filter(key -> isBiasParam(layer, key)).toList();
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        if (!settings(layer).learns(key)) {
            return false;
        }
        return settings(layer).isFactor(key) ? !isBiasOrGain(layer, key) : stock.isWeightParam(layer, key);
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        if (!settings(layer).learns(key)) {
            return false;
        }
        return settings(layer).isFactor(key) ? isBiasOrGain(layer, key) : stock.isBiasParam(layer, key);
    }

    private static boolean isBiasOrGain(Layer layer, String key) {
        return settings(layer).slots().stream().anyMatch(slot -> slot.isBiasOrGain(key));
    }

    @Override
    public Map<String, INDArray> init(NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
        Layer layer = conf.getLayer();
        // A network gives no view if it has no parameters of the layer.
        INDArray view = paramsView == null ? null : paramsView.reshape(paramsView.length());
        // Not of the layer: the stock answer for a CenterLossOutputLayer leaves the centers out.
        long offset = first(layer).numParams(conf);
        Map<String, INDArray> params = first(layer, conf, view, offset, initializeParams);
        Map<LoraSlot, Map<String, INDArray>> starts = new LinkedHashMap<>();
        for (Factor factor : factors(layer)) {
            INDArray array = factor.in(view, offset);
            if (initializeParams) {
                INDArray weight = params.get(factor.slot().weight());
                array.assign(starts.computeIfAbsent(factor.slot(), slot -> start(factor.weight(), slot, weight))
                        .get(factor.name()));
            }
            params.put(factor.name(), array);
            conf.addVariable(factor.name());
            offset += factor.length();
        }
        return params;
    }

    private Map<String, INDArray> first(
            Layer layer, NeuralNetConfiguration conf, INDArray view, long length, boolean initializeParams) {
        if (settings(layer).outside() != null) {
            return first(layer).init(conf, view, initializeParams);
        }
        return length == 0
                ? new LinkedHashMap<>()
                : stock.init(conf, view.get(NDArrayIndex.interval(0, length)), initializeParams);
    }

    /** Start values of the factors of a slot by the names of the parameters. */
    public static Map<String, INDArray> start(LayerWeight kind, LoraSlot slot, INDArray weight) {
        FactorStart start = new FactorStart(
                kind.shape(),
                slot.rank(),
                slot.scaling(),
                slot.initialization(),
                RandomStreams.of(slot.seed(), slot.weight()),
                weight.dataType(),
                () -> kind.toPeft(weight));
        Map<String, INDArray> named = new LinkedHashMap<>();
        slot.arithmetic()
                .cut(kind.shape(), slot.rank(), slot.arithmetic().initialize(start))
                .forEach((suffix, array) -> named.put(kind.parameter(slot, suffix), array));
        return named;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, INDArray gradientView) {
        Layer layer = conf.getLayer();
        LoraSettings settings = settings(layer);
        INDArray view = gradientView.reshape(gradientView.length());
        long offset = first(layer).numParams(conf);
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        if (!settings.learning().isEmpty()) {
            first(layer)
                    .getGradientsFromFlattened(conf, view.get(NDArrayIndex.interval(0, offset)))
                    .forEach((name, array) -> {
                        if (settings.learns(name)) {
                            gradients.put(name, array);
                        }
                    });
        }
        for (Factor factor : factors(layer)) {
            if (settings.learns(factor.name())) {
                gradients.put(factor.name(), factor.in(view, offset));
            }
            offset += factor.length();
        }
        return gradients;
    }
}
