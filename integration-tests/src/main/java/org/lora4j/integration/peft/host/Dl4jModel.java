/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.integration.peft.cases.AdapterTensors;
import org.lora4j.model.Trainable;
import org.lora4j.model.TrainableParameter;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A golden network as an adapted graph of Deeplearning4j. */
final class Dl4jModel implements HostModel {

    private final Dl4jNet net;
    private final Loss loss;
    private final INDArray target;
    private final AdaptedNetwork<ComputationGraph> model;

    Dl4jModel(Dl4jNet net, Loss loss, INDArray target) {
        this.net = net;
        this.loss = loss;
        this.target = target;
        this.model = AdaptedNetwork.of(net.graph());
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
        return model.network().output(net.input())[0].dup('c');
    }

    @Override
    public Gradients gradients(String adapter) {
        Dl4jTrainable learning = learning(adapter);
        LossAndGradients step = learning.gradients();
        return new Gradients(
                step.loss(),
                exported(adapter, learning, parameter -> step.gradients().get(parameter.name())));
    }

    @Override
    public Map<String, String> keys(String adapter) {
        Dl4jTrainable learning = learning(adapter);
        List<TrainableParameter> parameters = learning.trainableParameters();
        Map<String, Integer> numbers = new HashMap<>();
        parameters.forEach(parameter -> numbers.put(parameter.name(), numbers.size()));
        Map<String, INDArray> numbered = exported(
                adapter,
                learning,
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

    /** Other values in the form of an adapter's file: they stand in the place of the parameters while it is handed out. */
    private Map<String, INDArray> exported(
            String adapter, Dl4jTrainable learning, Function<TrainableParameter, INDArray> values) {
        Map<TrainableParameter, INDArray> before = new IdentityHashMap<>();
        List<TrainableParameter> parameters = learning.trainableParameters();
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
        ComputationGraph merged = model.mergeAndUnload();
        return new Merged(merged.output(net.input())[0].dup('c'), Dl4jNet.weights(merged));
    }

    @Override
    public Trainable trainable(String adapter) {
        return learning(adapter);
    }

    private Dl4jTrainable learning(String adapter) {
        for (String name : model.adapterNames()) {
            model.setTrainable(name, name.equals(adapter));
        }
        return new Dl4jTrainable(model.network(), net.input(), loss, target);
    }

    @Override
    public Batch batch() {
        return Batch.of(Map.of("input", net.input()), 1);
    }
}
