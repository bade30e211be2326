/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.lora4j.dl4j.KindsInGraphsTest.Case;
import org.lora4j.model.AdaptableModule;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.AdapterMethodContract.ParameterAndGradient;
import org.lora4j.model.EveryCombinationContract;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Every method in every kind of layer of the table, and in wrapped ones. */
class EveryCombinationInNetworksTest extends EveryCombinationContract {

    private final Map<String, Case> cases = new LinkedHashMap<>();

    EveryCombinationInNetworksTest() {
        KindsInGraphsTest.cases().forEach(one -> cases.put(one.kind(), one));
    }

    @Override
    protected List<String> networks() {
        return List.copyOf(cases.keySet());
    }

    @Override
    protected AdaptedModel model(String kind) {
        ComputationGraph base = cases.get(kind).graph().get();
        base.init();
        return AdaptedNetwork.of(base);
    }

    /** Of one of two layers of a kind; two directions are adapted alike. */
    @Override
    protected List<List<String>> slots(String kind) {
        String directions = kind.equals("Bidirectional") ? "\\.[fb]" : "$";
        Map<String, List<String>> slots = new LinkedHashMap<>();
        model(kind).modules().stream()
                .map(AdaptableModule::path)
                .filter(path -> path.startsWith("one"))
                .forEach(path -> slots.computeIfAbsent(path.replaceFirst(directions, ""), key -> new ArrayList<>())
                        .add(path));
        return List.copyOf(slots.values());
    }

    private static ComputationGraph network(AdaptedModel adapted) {
        return (ComputationGraph) ((AdaptedNetwork<?>) adapted).network();
    }

    @Override
    protected double[] output(AdaptedModel adapted, String kind) {
        INDArray[] outputs = network(adapted).output(cases.get(kind).inputs());
        return Networks.values(outputs[outputs.length - 1]);
    }

    @Override
    protected Map<String, ParameterAndGradient> gradients(AdaptedModel adapted, String kind) {
        ComputationGraph network = network(adapted);
        network.setInputs(cases.get(kind).inputs());
        network.setLabels(cases.get(kind).labels());
        network.computeGradientAndScore();
        Map<String, ParameterAndGradient> gradients = new LinkedHashMap<>();
        network.gradient()
                .gradientForVariable()
                .forEach((key, gradient) ->
                        gradients.put(key, new ParameterAndGradient(network.getParam(key), gradient.dup())));
        return gradients;
    }
}
