/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.lora4j.dl4j.layer.FrozenValues;
import org.lora4j.dl4j.layer.LoraSettings;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The parameters of a stock layer whose frozen values lie outside of the network: in the network's array are those that learn,
 * one after the other. All others are views of the vector outside, made by the stock initializer itself.
 *
 * @apiNote Status: internal
 */
public final class OutsideParameters implements ParamInitializer {

    private final ParamInitializer stock;
    private final LoraSettings settings;

    OutsideParameters(ParamInitializer stock, LoraSettings settings) {
        this.stock = stock;
        this.settings = settings;
    }

    private boolean learns(String name) {
        return settings.learning().contains(name);
    }

    private static String where(Layer layer) {
        return "layer \"" + layer.getLayerName() + "\"";
    }

    /** All stock parameters over the values outside. */
    private Map<String, INDArray> outside(Layer layer) {
        // Of its own: initializers add names to it.
        NeuralNetConfiguration conf = new NeuralNetConfiguration();
        conf.setLayer(layer);
        requireLength(where(layer), settings.outside(), stock.numParams(conf));
        return stock.init(conf, settings.outside().values(where(layer)), false);
    }

    /** Refuses a part of another size. */
    public static void requireLength(String where, FrozenValues values, long expected) {
        if (values.length() != expected) {
            throw new IllegalStateException(where + ": " + values.length()
                    + " frozen values outside of the network; expected " + expected
                    + " for its sizes. Make the network from the base that it belongs to.");
        }
    }

    /** The parameters that learn over a view of the network's array. */
    private Map<String, INDArray> learning(Map<String, INDArray> outside, INDArray view) {
        Map<String, INDArray> learning = new LinkedHashMap<>();
        long offset = 0;
        for (Map.Entry<String, INDArray> entry : outside.entrySet()) {
            INDArray like = entry.getValue();
            if (learns(entry.getKey())) {
                // Enforced: a copy here would be trained without effect.
                INDArray own = view.get(NDArrayIndex.interval(offset, offset + like.length()))
                        .reshape(like.ordering(), true, like.shape());
                learning.put(entry.getKey(), own);
                offset += like.length();
            }
        }
        return learning;
    }

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return numParams(conf.getLayer());
    }

    @Override
    public long numParams(Layer layer) {
        if (settings.learning().isEmpty()) {
            return 0;
        }
        return outside(layer).entrySet().stream()
                .filter(entry -> learns(entry.getKey()))
                .mapToLong(entry -> entry.getValue().length())
                .sum();
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        return stock.paramKeys(layer).stream().filter(this::learns).toList();
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        return stock.weightKeys(layer).stream().filter(this::learns).toList();
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        return stock.biasKeys(layer).stream().filter(this::learns).toList();
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        return learns(key) && stock.isWeightParam(layer, key);
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return learns(key) && stock.isBiasParam(layer, key);
    }

    /**
     * {@code view} is that of the whole adapted layer, null if it has no parameters in the network. Where the network starts
     * anew, what learns starts from the values outside.
     */
    @Override
    public ParameterTable init(NeuralNetConfiguration conf, INDArray view, boolean initializeParams) {
        Layer layer = conf.getLayer();
        Map<String, INDArray> outside = outside(layer);
        requireType(where(layer), view, outside);
        Map<String, INDArray> frozen = new LinkedHashMap<>(outside);
        frozen.keySet().removeIf(this::learns);
        ParameterTable table = new ParameterTable(layer.getLayerName(), frozen);
        learning(outside, view).forEach((name, own) -> {
            if (initializeParams) {
                own.assign(outside.get(name));
            }
            table.put(name, own);
            conf.addVariable(name);
        });
        return table;
    }

    public static void requireType(String where, INDArray view, Map<String, INDArray> outside) {
        DataType type = outside.values().iterator().next().dataType();
        if (view != null && view.dataType() != type) {
            throw new IllegalStateException(where + ": parameters of type " + view.dataType()
                    + " over frozen values of type " + type
                    + "; expected one type. Convert the base and adapt the result, or use MemoryMode.IN_VIEW.");
        }
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, INDArray gradientView) {
        return learning(outside(conf.getLayer()), gradientView);
    }
}
