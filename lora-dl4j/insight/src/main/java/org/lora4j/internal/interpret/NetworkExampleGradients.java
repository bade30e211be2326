/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.interpret;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.dl4j.AdaptedNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Gradients of the factors of an adapted network, of one example each, as in a step of training at the network's count of
 * iterations, which stays.
 *
 * @apiNote Status: internal
 */
public final class NetworkExampleGradients implements ExampleGradients<MultiDataSet> {

    private final AdaptedNetwork<? extends Model> model;
    private final List<Block> blocks;

    /**
     * Takes what learns now.
     *
     * @param first an example, to find out what learns by
     * @throws IllegalStateException if no factor of an adapter learns
     */
    public NetworkExampleGradients(AdaptedNetwork<? extends Model> model, MultiDataSet first) {
        this.model = model;
        Map<String, INDArray> factors = new LinkedHashMap<>(gradients(first));
        factors.keySet().removeAll(model.base().paramTable().keySet());
        if (factors.isEmpty()) {
            throw new IllegalStateException(
                    "DataInf: no factor of an adapter learns in this network; expected an active"
                            + " adapter that is trainable and not merged. Call activate(name), setTrainable(name, true) or unmerge().");
        }
        this.blocks = ExampleGradients.blocks(factors);
    }

    private Map<String, INDArray> gradients(MultiDataSet example) {
        Model network = model.network();
        if (network instanceof MultiLayerNetwork layers) {
            layers.setInput(example.getFeatures(0));
            layers.setLabels(example.getLabels(0));
            layers.setLayerMaskArrays(mask(example.getFeaturesMaskArrays()), mask(example.getLabelsMaskArrays()));
            layers.computeGradientAndScore();
            // Not clear(), which drops the updater.
            layers.clearLayersStates();
            layers.clearLayerMaskArrays();
            return layers.gradient().gradientForVariable();
        }
        ComputationGraph graph = (ComputationGraph) network;
        graph.setInputs(example.getFeatures());
        graph.setLabels(example.getLabels());
        graph.setLayerMaskArrays(example.getFeaturesMaskArrays(), example.getLabelsMaskArrays());
        graph.computeGradientAndScore();
        graph.clearLayersStates();
        graph.clearLayerMaskArrays();
        return graph.gradient().gradientForVariable();
    }

    private static INDArray mask(INDArray[] masks) {
        return masks == null ? null : masks[0];
    }

    @Override
    public List<Block> blocks() {
        return blocks;
    }

    @Override
    public float[] of(MultiDataSet example) {
        return ExampleGradients.row(blocks, gradients(example));
    }
}
