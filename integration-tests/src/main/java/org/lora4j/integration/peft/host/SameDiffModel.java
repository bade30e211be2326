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
import org.lora4j.model.Trainable;
import org.lora4j.model.TrainableParameter;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A golden network as an adapted SameDiff graph. */
final class SameDiffModel implements HostModel {

    private final Net net;
    private final INDArray target;
    private final AdaptedSameDiff model;

    SameDiffModel(Net net, INDArray target) {
        this.net = net;
        this.target = target;
        this.model = AdaptedSameDiff.of(net.layers().graph());
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
    public INDArray output() {
        return model.output(net.inputs(), SameDiffHost.OUTPUT).get(SameDiffHost.OUTPUT);
    }

    @Override
    public Gradients gradients(String adapter) {
        Trainable learning = trainable(adapter);
        LossAndGradients step = learning.executor().gradients(batch().placeholders(), 1);
        Map<String, INDArray> byKey = exported(adapter, parameter -> {
            INDArray gradient = step.gradients().get(parameter.name());
            return gradient == null ? Nd4j.zerosLike(parameter.value()) : gradient;
        });
        return new Gradients(step.loss(), byKey);
    }

    @Override
    public Map<String, String> keys(String adapter) {
        List<TrainableParameter> parameters = trainable(adapter).trainableParameters();
        Map<String, Integer> numbers = new HashMap<>();
        parameters.forEach(parameter -> numbers.put(parameter.name(), numbers.size()));
        Map<String, INDArray> numbered = exported(
                adapter,
                parameter -> Nd4j.valueArrayOf(
                        parameter.value().shape(),
                        1 + numbers.get(parameter.name()),
                        parameter.value().dataType()));
        Map<String, String> keys = new LinkedHashMap<>();
        numbered.forEach((key, array) -> {
            int number = (int) array.getDouble(0) - 1;
            keys.put(parameters.get(number).name(), key);
        });
        return keys;
    }

    /**
     * Other values in the form of an adapter's file. Only the host knows the layout of its parameters, and it tells by
     * handing out an adapter: the values stand in the place of the parameters while it does.
     */
    private Map<String, INDArray> exported(String adapter, Function<TrainableParameter, INDArray> values) {
        List<TrainableParameter> parameters = model.trainableParameters();
        Map<TrainableParameter, INDArray> before = new IdentityHashMap<>();
        parameters.forEach(parameter -> before.put(parameter, parameter.value().dup()));
        try {
            parameters.forEach(parameter -> parameter.value().assign(values.apply(parameter)));
            return AdapterTensors.of(model.adapter(adapter));
        } finally {
            before.forEach((parameter, value) -> parameter.value().assign(value));
        }
    }

    @Override
    public Merged mergeAndUnload() {
        SameDiff merged = model.mergeAndUnload();
        INDArray output = merged.output(net.inputs(), SameDiffHost.OUTPUT).get(SameDiffHost.OUTPUT);
        return new Merged(output, net.layers().weights(merged));
    }

    @Override
    public Trainable trainable(String adapter) {
        for (String name : model.adapterNames()) {
            model.setTrainable(name, name.equals(adapter));
        }
        return model;
    }

    @Override
    public Batch batch() {
        Map<String, INDArray> placeholders = new LinkedHashMap<>(net.inputs());
        if (target != null) {
            placeholders.put(SameDiffHost.TARGET, target);
        }
        return Batch.of(placeholders, 1);
    }
}
