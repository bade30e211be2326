/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.lora4j.dl4j.layer.FrozenBaseLayer;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.dl4j.layer.Randomness;
import org.lora4j.internal.dl4j.layer.Wrappers;
import org.lora4j.method.AdapterMethod;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * A layer of a network.
 *
 * @param key the index of a layer, the name of a vertex
 * @param path the name that targets and adapter files use
 * @param conf its configuration; only to be read
 */
record LayerSite(String key, String path, Layer conf) implements NetworkSite {

    @Override
    public String kind() {
        return conf.getClass().getSimpleName();
    }

    @Override
    public Optional<String> obstacle() {
        if (LayerKinds.settings(conf).isPresent() || conf instanceof FrozenBaseLayer) {
            return Optional.of("layer \"" + path + "\" is adapted already");
        }
        if (conf instanceof FrozenLayer) {
            return Optional.of("layer \"" + path + "\" is a FrozenLayer, which stops gradients");
        }
        return LayerKinds.whyItCannotRun(conf).map(reason -> "layer \"" + path + "\": " + reason);
    }

    @Override
    public boolean isAdaptable() {
        return LayerKinds.isAdaptable(conf);
    }

    @Override
    public List<LayerWeight> weights() {
        return LayerKinds.weights(conf);
    }

    @Override
    public boolean has(AdapterMethod method) {
        return LayerKinds.has(conf, method);
    }

    @Override
    public String refusal() {
        return isAdaptable() ? "this " + kind() + " has no weights" : "layers of kind " + kind() + " have no adapters";
    }

    /** The names of PyTorch where there are some. */
    @Override
    public String nameInFiles(String parameter) {
        return switch (parameter) {
            case "b", "beta" -> "bias";
            case "W", "gamma" -> "weight";
            default -> conf.initializer().isBiasParam(conf, parameter) ? "bias_" + parameter : parameter;
        };
    }

    @Override
    public boolean isVector(String parameter) {
        return conf instanceof ElementWiseMultiplicationLayer;
    }

    @Override
    public LoraSlot running(LoraSlot slot) {
        return Wrappers.inside(conf, slot);
    }

    @Override
    public Map<String, INDArray> table(INDArray values) {
        return LayerKinds.table(conf, values);
    }

    @Override
    public boolean doublesGradients() {
        return LayerKinds.doublesGradients(conf);
    }

    @Override
    public boolean canEndGradients() {
        return LayerKinds.canEndGradients(conf);
    }

    @Override
    public Optional<String> randomness() {
        return Randomness.of(conf);
    }

    @Override
    public Set<IUpdater> updaters() {
        return LayerKinds.updaters(conf);
    }

    @Override
    public List<String> problems(LoraSettings settings) {
        return LayerKinds.problems(conf, settings);
    }

    @Override
    public LayerSite adapted(LoraSettings settings) {
        boolean learnsNothing =
                settings.slots().isEmpty() && settings.learning().isEmpty();
        if (settings.outside() != null && learnsNothing) {
            return with(LayerKinds.frozen(conf, settings.lowest(), settings.outside()));
        }
        return with(isAdaptable() ? LayerKinds.adapt(conf, settings) : new FrozenBaseLayer(conf, settings.learning()));
    }

    @Override
    public LayerSite stopped(LoraSettings settings) {
        // Updates that do not learn may act below those that do.
        FrozenLayer layer = new FrozenLayer(
                settings.slots().isEmpty() ? still(settings) : adapted(settings).conf());
        // Without it the stock class takes the name from the layer inside when it is read from JSON.
        layer.setLayerName(conf.getLayerName());
        return with(layer);
    }

    private Layer still(LoraSettings settings) {
        return settings.outside() == null ? conf.clone() : new FrozenBaseLayer(conf, settings.outside());
    }

    private LayerSite with(Layer other) {
        return new LayerSite(key, path, other);
    }
}
