/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Problems;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.graph.GraphCopy;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.serve.ServedUpdate.Part;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A SameDiff graph as a base. */
final class GraphBase implements ServedBase {

    private final SameDiff graph;
    private final List<String> outputs;
    private final int threads;
    private final SameDiffExecutor inputCheck;
    private final Map<String, DataType> inputs;
    private final AdaptedSameDiff checker;
    private final ServableModules servable;
    private final Map<String, BaseModule> modules;
    private final Set<String> storedAs;

    /** Finds out which modules keep the rows of the example apart; refuses outputs that do not. */
    GraphBase(
            SameDiff graph,
            Map<String, String> names,
            List<String> outputs,
            Map<String, INDArray> example,
            int threads) {
        this.graph = graph;
        this.outputs = List.copyOf(outputs);
        this.threads = threads;
        this.inputCheck = SameDiffExecutor.forInference(graph);
        this.inputs = placeholders(graph, outputs);
        this.checker = AdaptedSameDiff.of(graph, names);
        this.servable = new ServableModules(graph, checker.graphModules(), outputs);
        List<String> wanted = new ArrayList<>(servable.inputs());
        wanted.addAll(outputs);
        wanted.removeAll(inputs.keySet());
        GraphExecutor executor =
                SameDiffExecutor.forInference(GraphCopy.of(graph).build());
        RowCheck rows = RowCheck.of(
                some -> wanted.isEmpty() ? Map.of() : executor.output(some, wanted),
                new RequestBatches(inputs).example(example));
        servable.check(rows);
        rows.requireApart(outputs);
        this.modules = servable.described();
        this.storedAs = Collections.unmodifiableSet(servable.storedAs());
    }

    private static Map<String, DataType> placeholders(SameDiff graph, List<String> outputs) {
        Map<String, DataType> placeholders = new TreeMap<>();
        Set<String> reached = GraphOrder.ancestors(graph, outputs);
        for (SDVariable variable : graph.variables()) {
            if (variable.getVariableType() == VariableType.PLACEHOLDER && reached.contains(variable.name())) {
                placeholders.put(variable.name(), variable.dataType());
            }
        }
        return placeholders;
    }

    @Override
    public Map<String, DataType> inputs() {
        return inputs;
    }

    @Override
    public List<String> outputs() {
        return outputs;
    }

    @Override
    public void check(Map<String, INDArray> given, Problems problems) {
        problems.addAll(inputCheck.problems(given, outputs));
    }

    @Override
    public Map<String, BaseModule> modules() {
        return modules;
    }

    @Override
    public Set<String> storedAs() {
        return storedAs;
    }

    @Override
    public String host() {
        return "AdaptedSameDiff";
    }

    @Override
    public synchronized Adapter plain(String name, Adapter adapter) {
        checker.addAdapter(name, adapter);
        try {
            boolean movesBase = adapter.config().movesBase();
            return movesBase ? checker.plainAdapter(name) : adapter;
        } finally {
            checker.removeAdapter(name);
        }
    }

    @Override
    public MixedModel model(Map<String, Set<Part>> parts) {
        return new MixedGraph(graph, servable, outputs, new LinkedHashMap<>(parts), threads);
    }
}
