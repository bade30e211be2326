/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.host.AdapterNames;
import org.lora4j.internal.host.HostState;
import org.lora4j.quant.StoredWeights;
import org.lora4j.samediff.LiveAdapter.Copy;
import org.lora4j.samediff.LiveAdapter.Part;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The graphs and executors of an adapted graph: built for a state when they are asked for, kept until the next state. */
final class StateGraphs {

    private final SameDiff base;
    private final GraphModules modules;
    private final AdapterNames<LiveAdapter> adapters;
    private final BaseGraph atStart;
    private final Set<String> sharedWeights = new HashSet<>();
    private GraphExecutor baseOutputs;
    private Built built = new Built(null);

    private static final class Built {
        private final HostState<MergedArrays> state;
        private SameDiff inference;
        private GraphExecutor outputs;
        private GraphExecutor training;

        Built(HostState<MergedArrays> state) {
            this.state = state;
        }
    }

    StateGraphs(
            SameDiff base, GraphModules modules, List<GraphParameter> parameters, AdapterNames<LiveAdapter> adapters) {
        this.base = base;
        this.modules = modules;
        this.adapters = adapters;
        this.atStart = BaseGraph.of(base);
        for (GraphParameter parameter : parameters) {
            if (parameter.weightOf() != null && !parameter.exclusive()) {
                sharedWeights.add(parameter.weightOf().path());
            }
        }
    }

    private Built at(HostState<MergedArrays> state) {
        if (built.state != state) {
            built = new Built(state);
        }
        return built;
    }

    /** The graph that computes outputs. */
    SameDiff inference(HostState<MergedArrays> state) {
        Built now = at(state);
        if (now.inference == null) {
            now.inference = assemble(state, false).build();
        }
        return now.inference;
    }

    /** Computes outputs with adapters. */
    GraphExecutor outputs(HostState<MergedArrays> state) {
        Built now = at(state);
        if (now.outputs == null) {
            now.outputs = SameDiffExecutor.forInference(inference(state), base).fastest();
        }
        return now.outputs;
    }

    /** Computes outputs of the base. */
    GraphExecutor baseOutputs() {
        if (baseOutputs == null) {
            baseOutputs = SameDiffExecutor.forInference(base).fastest();
        }
        return baseOutputs;
    }

    /** Computes gradients of the given variables. */
    GraphExecutor training(HostState<MergedArrays> state, List<String> variables) {
        Built now = at(state);
        if (now.training == null) {
            now.training = trainingExecutor(state, variables);
        }
        return now.training;
    }

    private GraphExecutor trainingExecutor(HostState<MergedArrays> state, List<String> variables) {
        List<LiveAdapter> dropping = state.learning().stream()
                .map(adapters::get)
                .filter(StateGraphs::drops)
                .toList();
        if (dropping.isEmpty()) {
            return SameDiffExecutor.forTraining(inference(state), variables).fastest();
        }
        for (LiveAdapter adapter : dropping) {
            LiveAdapters.checkDropout(
                    "training of adapter \"" + adapter.name() + "\"",
                    adapter.config(),
                    adapter.modules().values().stream().map(Part::module).toList());
        }
        GraphBuilder builder = assemble(state, true);
        SameDiff training = builder.build();
        return SameDiffExecutor.forTraining(inference(state), training, variables, builder.masks())
                .fastest();
    }

    private static boolean drops(LiveAdapter adapter) {
        return adapter.config().dropout() > 0
                || adapter.modules().values().stream()
                        .anyMatch(
                                part -> !part.method().traits().updateDropout().isNone());
    }

    private GraphBuilder assemble(HostState<MergedArrays> state, boolean dropout) {
        atStart.requireUnchanged();
        GraphBuilder builder = new GraphBuilder(base, modules).freeze();
        for (String name : state.active()) {
            LiveAdapter adapter = adapters.get(name);
            boolean learns = state.learning().contains(name);
            VariableType type = learns ? VariableType.VARIABLE : VariableType.CONSTANT;
            builder.substitute(adapter, type);
            if (!state.merged().contains(name)) {
                builder.attach(adapter, type, learns && dropout);
            }
        }
        merge(builder, state.merges(), VariableType.CONSTANT);
        return builder;
    }

    /** A new graph of its own: all active adapters merged, variable types of the base. */
    SameDiff merged(HostState<MergedArrays> state) {
        atStart.requireUnchanged();
        List<String> order = new ArrayList<>(state.merged());
        order.addAll(state.attached());
        List<LiveAdapter> active = adapters.get(order);
        MergedArrays arrays = Merging.of(active, active, unmerged(state)).arrays();
        GraphBuilder builder = new GraphBuilder(base, modules);
        state.active().forEach(name -> builder.substitute(detached(adapters.get(name)), null));
        merge(builder, arrays, null);
        return builder.build();
    }

    private void merge(GraphBuilder builder, MergedArrays arrays, VariableType type) {
        arrays.leaves().forEach((leaf, array) -> builder.replace(leaf, array, type));
        arrays.weights()
                .forEach((path, weight) ->
                        builder.merge(modules.get(path), !sharedWeights.contains(path), weight, type));
    }

    // The graph that leaves here must not change when this adapter is trained further.
    private static LiveAdapter detached(LiveAdapter adapter) {
        Map<String, Copy> copies = new LinkedHashMap<>();
        adapter.copies().forEach((path, copy) -> {
            INDArray array = copy.live().array().dup('c');
            copies.put(
                    path,
                    new Copy(copy.parameter(), new LiveAdapter.Live(copy.live().variable(), array)));
        });
        return adapter.withCopies(copies);
    }

    /** The values that weights have with the active full copies and without merges. */
    Merging.Unmerged unmerged(HostState<MergedArrays> state) {
        Map<String, INDArray> leaves = new HashMap<>();
        Map<String, INDArray> weights = new HashMap<>();
        for (String name : state.active()) {
            for (Copy copy : adapters.get(name).copies().values()) {
                if (copy.parameter().exclusive()) {
                    leaves.put(copy.parameter().variable(), copy.live().array());
                } else {
                    weights.put(copy.parameter().path(), copy.live().array());
                }
            }
        }
        return new Merging.Unmerged() {
            @Override
            public INDArray leaf(String variable) {
                INDArray copy = leaves.get(variable);
                return copy == null ? StoredWeights.value(base, variable) : copy;
            }

            @Override
            public INDArray weight(GraphModule module) {
                INDArray copy = weights.get(module.weightPath());
                return copy == null ? leaf(module.weight()) : copy;
            }

            @Override
            public boolean isCopied(GraphModule module) {
                return weights.containsKey(module.weightPath());
            }

            @Override
            public boolean hasOwnBias(GraphModule module) {
                return BiasReaders.areOwn(base, module);
            }
        };
    }
}
