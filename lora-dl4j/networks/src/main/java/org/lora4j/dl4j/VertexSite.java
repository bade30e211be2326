/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffVertex;
import org.lora4j.dl4j.layer.FrozenBaseVertex;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.internal.dl4j.layer.VertexKinds;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.LoraMethod;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * A vertex without a layer: most have no parameters, attention has.
 *
 * @param key its name
 * @param conf its configuration in the graph itself, as copies that stock vertices make of themselves lack their updater;
 *     only to be read
 */
record VertexSite(String key, GraphVertex conf) implements NetworkSite {

    @Override
    public String path() {
        return key;
    }

    @Override
    public String kind() {
        return conf.getClass().getSimpleName();
    }

    @Override
    public Optional<String> obstacle() {
        if (conf instanceof LoraLayer || conf instanceof FrozenBaseVertex) {
            return Optional.of("vertex \"" + key + "\" is adapted already");
        }
        if (conf instanceof FrozenVertex) {
            return Optional.of("vertex \"" + key + "\" is a FrozenVertex, which stops gradients");
        }
        return conf.numParams(true) > 0 && !doublesGradients()
                ? Optional.of("vertex \"" + key + "\" of kind " + kind()
                        + " has parameters that cannot be frozen, as it is no" + " SameDiffVertex")
                : Optional.empty();
    }

    @Override
    public boolean isAdaptable() {
        return VertexKinds.isAdaptable(conf);
    }

    @Override
    public List<LayerWeight> weights() {
        return VertexKinds.weights(conf);
    }

    @Override
    public boolean has(AdapterMethod method) {
        return isAdaptable() && method instanceof LoraMethod;
    }

    @Override
    public String refusal() {
        return isAdaptable()
                ? "this " + kind() + " has no weights"
                : "vertices of kind " + kind() + " have no adapters";
    }

    @Override
    public String nameInFiles(String parameter) {
        return parameter;
    }

    @Override
    public Map<String, INDArray> table(INDArray values) {
        return VertexKinds.table(conf, values);
    }

    @Override
    public boolean doublesGradients() {
        return conf instanceof SameDiffVertex;
    }

    @Override
    public boolean canEndGradients() {
        return isAdaptable();
    }

    @Override
    public Optional<String> randomness() {
        return Optional.empty();
    }

    @Override
    public Set<IUpdater> updaters() {
        return conf instanceof SameDiffVertex own && own.getUpdater() != null ? Set.of(own.getUpdater()) : Set.of();
    }

    @Override
    public List<String> problems(LoraSettings settings) {
        return VertexKinds.problems(key, conf, settings);
    }

    @Override
    public VertexSite adapted(LoraSettings settings) {
        return new VertexSite(key, isAdaptable() ? VertexKinds.adapt(conf, settings) : new FrozenBaseVertex(conf));
    }

    @Override
    public VertexSite stopped(LoraSettings settings) {
        return new VertexSite(
                key, new FrozenVertex(isAdaptable() ? adapted(settings).conf() : conf.clone()));
    }
}
