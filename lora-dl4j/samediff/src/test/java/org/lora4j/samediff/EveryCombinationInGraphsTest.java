/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.AdapterMethodContract.ParameterAndGradient;
import org.lora4j.model.EveryCombinationContract;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Every method in every way in which a graph spells a module. */
class EveryCombinationInGraphsTest extends EveryCombinationContract {

    private final Map<String, FormCase> forms = new LinkedHashMap<>();

    /** What the graphs are asked with; each graph is made anew, as adapters change it. */
    private final Map<String, Map<String, INDArray>> inputs = new HashMap<>();

    EveryCombinationInGraphsTest() {
        FormCase.all().forEach(form -> forms.put(form.name, form));
    }

    @Override
    protected List<String> networks() {
        return List.copyOf(forms.keySet());
    }

    private FormCase.Maker graph(String form) {
        return forms.get(form).make(DataType.DOUBLE);
    }

    private Map<String, INDArray> inputs(String form) {
        return inputs.computeIfAbsent(form, name -> graph(name).inputs);
    }

    @Override
    protected AdaptedModel model(String form) {
        return AdaptedSameDiff.of(graph(form).sd);
    }

    @Override
    protected double[] output(AdaptedModel adapted, String form) {
        return ((AdaptedSameDiff) adapted)
                .output(inputs(form), "y")
                .get("y")
                .dup('c')
                .data()
                .asDouble();
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
