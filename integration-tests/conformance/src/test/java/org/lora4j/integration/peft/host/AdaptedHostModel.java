/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.integration.peft.cases.AdapterTensors;
import org.lora4j.model.AdaptedModel;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What golden networks of all hosts have in common.
 *
 * @param <M> adapted models of the host
 */
abstract class AdaptedHostModel<M extends AdaptedModel> implements HostModel {

    /** Larger than any value of an adapter, and exact in single precision. */
    private static final int FIRST_NUMBER = 1 << 20;

    private final M model;

    AdaptedHostModel(M model) {
        this.model = model;
    }

    final M model() {
        return model;
    }

    /** Has one adapter learn and no other. */
    final void learnAlone(String adapter) {
        for (String name : model.adapterNames()) {
            model.setTrainable(name, name.equals(adapter));
        }
    }

    @Override
    public void add(String name, Adapter adapter) throws IncompatibleBaseException {
        try {
            model.addAdapter(name, adapter);
        } catch (IllegalArgumentException e) {
            throw new IncompatibleBaseException(e.getMessage(), e);
        }
    }

    @Override
    public void addFresh(String name, LoraConfig config, long seed) {
        model.addAdapter(name, config, seed);
    }

    @Override
    public Adapter adapter(String name) {
        return model.adapter(name);
    }

    @Override
    public void activate(String... names) {
        model.activate(names);
    }

    @Override
    public void enable(boolean on) {
        if (on) {
            model.enable();
        } else {
            model.disable();
        }
    }

    @Override
    public Gradients gradients(String adapter) {
        Trainable learning = trainable(adapter);
        LossAndGradients step = learning.executor().gradients(batch().placeholders(), 1);
        Map<String, INDArray> byKey = exported(adapter, learning, parameter -> {
            INDArray gradient = step.gradients().get(parameter.name());
            return gradient == null ? Nd4j.zerosLike(parameter.value()) : gradient;
        });
        return new Gradients(step.loss(), byKey);
    }

    @Override
    public Map<String, String> keys(String adapter) {
        Trainable learning = trainable(adapter);
        List<TrainableParameter> parameters = learning.trainableParameters();
        Map<String, Integer> numbers = new HashMap<>();
        parameters.forEach(parameter -> numbers.put(parameter.name(), numbers.size()));
        Map<String, INDArray> numbered = exported(
                adapter,
                learning,
                parameter -> Nd4j.valueArrayOf(
                        parameter.value().shape(),
                        FIRST_NUMBER + numbers.get(parameter.name()),
                        parameter.value().dataType()));
        Map<String, String> keys = new LinkedHashMap<>();
        numbered.forEach((key, array) -> {
            int number = (int) array.getDouble(0) - FIRST_NUMBER;
            // What does not learn keeps its values.
            if (number >= 0) {
                keys.put(parameters.get(number).name(), key);
            }
        });
        return keys;
    }

    /**
     * Other values in the form of an adapter's file. Only the host knows the layout of its parameters, and it tells by
     * handing out an adapter: the values stand in the place of the parameters while it does.
     */
    private Map<String, INDArray> exported(
            String adapter, Trainable learning, Function<TrainableParameter, INDArray> values) {
        List<TrainableParameter> parameters = learning.trainableParameters();
        Map<TrainableParameter, INDArray> before = new IdentityHashMap<>();
        parameters.forEach(parameter -> before.put(parameter, parameter.value().dup()));
        try {
            parameters.forEach(parameter -> parameter.value().assign(values.apply(parameter)));
            return AdapterTensors.of(model.adapter(adapter));
        } finally {
            before.forEach((parameter, value) -> parameter.value().assign(value));
        }
    }
}
