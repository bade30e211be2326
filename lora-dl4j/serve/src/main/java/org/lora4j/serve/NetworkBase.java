/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.lora4j.adapter.Adapter;
import org.lora4j.dl4j.NetworkModule;
import org.lora4j.dl4j.RowNetwork;
import org.lora4j.dl4j.layer.RowAdditions;
import org.lora4j.error.Problems;
import org.lora4j.serve.ServedUpdate.Part;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A network of Deeplearning4j as a base. */
final class NetworkBase implements ServedBase, MixedModel {

    private static final String REMEDY =
            ". Leave the module out of the adapter, or run the adapter through AdaptedNetwork";

    private final RowNetwork network;
    private final Map<String, DataType> inputs = new TreeMap<>();
    private final Map<String, RowOrder> orders = new LinkedHashMap<>();
    private final Map<String, BaseModule> modules = new LinkedHashMap<>();
    private final RunnerPool<RowNetwork> networks;

    /** Finds out how modules keep the rows of the example apart; refuses outputs that do not. */
    NetworkBase(RowNetwork network, Map<String, INDArray> example) {
        this.network = network;
        // Layers cast what they are given, and embeddings want integers.
        network.inputs().forEach(name -> inputs.put(name, DataType.UNKNOWN));
        RowCheck rows = RowCheck.of(some -> seen(network, some), new RequestBatches(inputs).example(example));
        rows.requireApart(network.outputs());
        network.modules().modules().forEach(module -> modules.put(module.path(), described(module, rows)));
        this.networks = new RunnerPool<>(network::fork, runner -> {});
    }

    /** The outputs, and the inputs of modules by path. */
    private static Map<String, INDArray> seen(RowNetwork network, Map<String, INDArray> inputs) {
        Map<String, INDArray> seen = new LinkedHashMap<>();
        seen.putAll(network.output(inputs, new RowAdditions() {
            @Override
            public boolean touches(String module) {
                return true;
            }

            @Override
            public void add(String module, INDArray x, INDArray product) {
                // Out of the workspaces of the network, which are gone when this is looked at.
                seen.put(variable(module), x.dup('c').detach());
            }
        }));
        return seen;
    }

    // Modules and outputs may have the same names.
    private static String variable(String module) {
        return "input of " + module;
    }

    private BaseModule described(NetworkModule module, RowCheck rows) {
        String path = module.path();
        String weight = path + ".weight";
        String bias = network.bias(path).orElse(null);
        String kind = network.refusals().get(path);
        boolean matters = kind != null || rows.has(variable(path));
        String problem = kind == null && matters ? rowProblem(module, rows) : kind;
        String refusal = problem == null ? null : problem + REMEDY;
        return new BaseModule(
                path,
                weight,
                bias,
                refusal,
                null,
                matters,
                () -> network.parameter(weight),
                () -> network.parameter(bias).dup('c').reshape(-1).dup('c'));
    }

    private String rowProblem(NetworkModule module, RowCheck rows) {
        String path = module.path();
        DataType type = network.parameter(path + ".weight").dataType();
        if (type != DataType.FLOAT) {
            return "its weight is " + type + "; expected FLOAT";
        }
        String variable = variable(path);
        String inOrder = rows.problem(variable, module.shape().inputs());
        String inTurns = rows.problem(variable, module.shape().inputs(), RowOrder.IN_TURNS);
        if (inOrder != null && inTurns != null) {
            return "its input does not keep the rows of a batch apart (" + inOrder
                    + ") in the example, whose rows should differ";
        }
        if (inOrder == null && inTurns == null) {
            orders.put(path, RowOrder.ONE_EACH);
        } else {
            orders.put(path, inOrder == null ? RowOrder.ONE_AFTER_THE_OTHER : RowOrder.IN_TURNS);
        }
        return null;
    }

    @Override
    public Map<String, DataType> inputs() {
        return inputs;
    }

    @Override
    public List<String> outputs() {
        return network.outputs();
    }

    @Override
    public void check(Map<String, INDArray> given, Problems problems) {
        problems.addAll(network.problems(given));
    }

    @Override
    public Map<String, BaseModule> modules() {
        return modules;
    }

    @Override
    public Set<String> storedAs() {
        Set<String> forms = new TreeSet<>();
        modules.values()
                .forEach(module -> forms.add(
                        ServedBase.form(network.parameter(module.weightPath()).dataType())));
        return forms;
    }

    @Override
    public String host() {
        return "AdaptedNetwork";
    }

    @Override
    public Adapter plain(String name, Adapter adapter) {
        return network.plain(name, adapter);
    }

    @Override
    public MixedModel model(Map<String, Set<Part>> parts) {
        return this;
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> batch, List<ServedAdapter> adapters) {
        return networks.with(runner -> runner.output(batch, new RowUpdates(adapters, orders)));
    }

    @Override
    public void close() {
        networks.close();
    }
}
