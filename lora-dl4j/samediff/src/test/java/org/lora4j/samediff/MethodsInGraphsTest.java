/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.AdapterMethodContract;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Every method in the ways in which a graph spells a module that differ most; {@link MethodsInAllFormsTest} has the others. */
class MethodsInGraphsTest extends AdapterMethodContract {

    /** What the graphs are asked with; each graph is made anew, as adapters change it. */
    private static final Map<String, Map<String, INDArray>> INPUTS = new HashMap<>();

    private static FormCase.Maker graph(String form) {
        return FormCase.all().stream()
                .filter(one -> one.name.equals(form))
                .findFirst()
                .orElseThrow()
                .make(DataType.DOUBLE);
    }

    private static Map<String, INDArray> inputs(String form) {
        return INPUTS.computeIfAbsent(form, name -> graph(name).inputs);
    }

    @Override
    protected List<String> networks() {
        return List.of("x W + b", "W x^T", "nn.linear", "conv1d, channels first");
    }

    @Override
    protected AdaptedModel model(String form) {
        return AdaptedSameDiff.of(graph(form).sd);
    }

    private static double[] value(AdaptedModel adapted, String form, String output) {
        return ((AdaptedSameDiff) adapted)
                .output(inputs(form), output)
                .get(output)
                .dup('c')
                .data()
                .asDouble();
    }

    @Override
    protected double[] output(AdaptedModel adapted, String form) {
        return value(adapted, form, "y");
    }

    @Override
    protected double loss(AdaptedModel adapted, String form) {
        return value(adapted, form, "loss")[0];
    }

    @Override
    protected Map<String, ParameterAndGradient> gradients(AdaptedModel adapted, String form) {
        AdaptedSameDiff model = (AdaptedSameDiff) adapted;
        Map<String, INDArray> found =
                model.executor().gradients(inputs(form), 1).gradients();
        Map<String, ParameterAndGradient> gradients = new LinkedHashMap<>();
        model.trainableParameters()
                .forEach(parameter -> gradients.put(
                        parameter.name(), new ParameterAndGradient(parameter.value(), found.get(parameter.name()))));
        return gradients;
    }
}
