/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.NameScope;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Copies a SameDiff graph without copying its arrays, and rewrites ops on the way.
 *
 * <p>The copy has the names, placeholders, loss variables, outputs and training configuration of the source, and its
 * leaves hold the very arrays of the source unless a leaf is replaced. Only the descriptions of ops are cloned, one by
 * one; {@link SameDiff#dup()} would send every weight through serialization. The source is only read. State that belongs
 * to a run (updater state, sessions, a gradient function) stays with the source.
 *
 * <p>Views cannot be shared: SameDiff copies a constant that is a view when it takes it in.
 *
 * @apiNote Status: internal
 */
public final class GraphCopy {

    private final SameDiff source;
    private final Map<String, Leaf> leaves = new LinkedHashMap<>();
    private final Map<String, Function<SameDiff, SDVariable>> computed = new LinkedHashMap<>();
    private final Map<String, OpRewrite> rewrites = new LinkedHashMap<>();
    private Map<String, Integer> indexes;
    private Set<String> given = Set.of();
    private Set<String> kept;
    private Set<String> leftOut = Set.of();

    private record Leaf(VariableType type, INDArray array) {}

    private GraphCopy(SameDiff source) {
        this.source = source;
    }

    /**
     * Starts a copy.
     *
     * @return a copy in the making
     */
    public static GraphCopy of(SameDiff source) {
        return new GraphCopy(source);
    }

    /**
     * Gives a leaf another type or another array in the copy. In the place of a computed variable the copy holds the array, and
     * nothing of what was there to compute it alone. A placeholder stays one.
     *
     * @param type CONSTANT or VARIABLE
     * @param array the array that the copy holds
     */
    public GraphCopy leaf(String name, VariableType type, INDArray array) {
        leaves.put(name, new Leaf(type, array));
        return this;
    }

    /**
     * Has a leaf computed in the copy: from leaves of its own, and under the same name. A leaf of the source whose name the
     * builder has used already is taken for the builder's.
     *
     * @param name name of a CONSTANT or VARIABLE of the source
     * @param builder builds the ops in the copy; returns what the leaf becomes
     */
    public GraphCopy computed(String name, Function<SameDiff, SDVariable> builder) {
        computed.put(name, builder);
        return this;
    }

    /**
     * Replaces an op in the copy.
     *
     * @param opName own name of an op of the source
     * @param rewrite builds the replacement
     */
    public GraphCopy rewrite(String opName, OpRewrite rewrite) {
        if (!source.getOps().containsKey(opName)) {
            throw new IllegalArgumentException("graph copy: the source has no op " + MessageText.name(opName));
        }
        rewrites.put(opName, rewrite);
        return this;
    }

    /**
     * Copies a part only: what is computed from the given variables up to the wanted ones. The part has no training
     * configuration, and of the source's losses and outputs those that it computes.
     *
     * @param from names of computed variables of the source, which become placeholders
     * @param wanted names of variables that the part computes
     * @param also names of leaves that the part holds, needed or not
     */
    public GraphCopy part(Set<String> from, Collection<String> wanted, Collection<String> also) {
        given = Set.copyOf(from);
        kept = new HashSet<>(GraphOrder.ancestors(source, wanted, given));
        kept.addAll(also);
        return this;
    }

    private boolean isKept(String variable) {
        return (kept == null || kept.contains(variable)) && !leftOut.contains(variable);
    }

    private boolean isKept(SameDiffOp op) {
        return op.getOutputsOfOp().stream().anyMatch(v -> isKept(v) && !given.contains(v) && !leaves.containsKey(v));
    }

    // The ancestors of computed variables that become leaves, but for those that are read for anything else.
    private Set<String> onlyForLeaves() {
        List<String> roots = leaves.keySet().stream()
                .filter(name ->
                        source.hasVariable(name) && source.getVariable(name).getVariableType() == VariableType.ARRAY)
                .toList();
        Set<String> found = new HashSet<>(GraphOrder.ancestors(source, roots));
        found.removeIf(name -> source.getVariable(name).isPlaceHolder());
        Predicate<String> isReadElsewhere = name -> !roots.contains(name)
                && GraphOrder.consumers(source, name).stream()
                        .flatMap(op -> source.getOps().get(op).getOutputsOfOp().stream())
                        .anyMatch(output -> !found.contains(output));
        // What a variable that stays is computed from stays, too.
        boolean fewer = true;
        while (fewer) {
            fewer = found.removeIf(isReadElsewhere);
        }
        roots.forEach(found::remove);
        return found;
    }

    /**
     * Builds the copy.
     *
     * @return a new graph
     * @throws IllegalArgumentException if the source holds what a copy cannot carry: sequences, or functions of its own
     */
    public SameDiff build() {
        refuseWhatCannotBeCopied();
        leftOut = onlyForLeaves();
        SameDiff copy = SharedArrays.newGraph();
        for (SDVariable v : source.variables()) {
            if (isKept(v.name())) {
                copyLeaf(copy, v);
            }
        }
        for (SameDiffOp op : GraphOrder.topological(source)) {
            if (!isKept(op)) {
                continue;
            }
            OpRewrite rewrite = rewrites.get(op.getName());
            if (rewrite == null) {
                emit(copy, op, op.getName(), GraphOrder.inputs(op), op.getOutputsOfOp());
            } else {
                rewrite(copy, op, rewrite);
            }
        }
        copyRoles(copy);
        return copy;
    }

    private void refuseWhatCannotBeCopied() {
        Problems problems = new Problems();
        for (SDVariable v : source.variables()) {
            if (v.getVariableType() == VariableType.SEQUENCE) {
                problems.add("variable \"" + v.name() + "\" is a SEQUENCE");
            }
        }
        for (SameDiffOp op : source.getOps().values()) {
            if (op.getOp().opName().equals("invoke")) {
                problems.add("op \"" + op.getName() + "\" calls a function of the graph");
            }
            if (op.getOp().opName().equals("mish")) {
                problems.add("op \"" + op.getName() + "\" (mish) cannot be read back in ND4J M2.1, spell it as"
                        + " x tanh(softplus(x))");
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("graph copy")
                    + "; expected a graph of tensors and plain ops. Inline the functions before adapting the graph.");
        }
    }

    private void copyLeaf(SameDiff copy, SDVariable v) {
        if (!computed.isEmpty() && copy.hasVariable(v.name())) {
            return; // A computed leaf needed it.
        }
        if (given.contains(v.name())) {
            newPlaceholder(copy, v.name(), v.dataType());
            return;
        }
        if (computed.containsKey(v.name())) {
            // Ops of the source may have the names that SameDiff would give these.
            NameScope scope = copy.withNameScope("lora4j/" + v.name());
            try {
                SDVariable result = computed.get(v.name()).apply(copy);
                copy.renameVariable(result.name(), v.name());
            } finally {
                scope.close();
            }
            return;
        }
        Leaf other = leaves.get(v.name());
        if (other != null && !v.isPlaceHolder()) {
            newLeaf(copy, v.name(), other.type(), other.array());
            return;
        }
        switch (v.getVariableType()) {
            case PLACEHOLDER -> copy.placeHolder(v.name(), v.dataType(), v.placeholderShape());
            case CONSTANT, VARIABLE -> newLeaf(copy, v.name(), v.getVariableType(), v.getArr());
            default -> {
                // Computed variables come with their ops.
            }
        }
    }

    private static SDVariable newPlaceholder(SameDiff copy, String name, DataType type) {
        return copy.addVariable(new SDVariable(name, VariableType.PLACEHOLDER, copy, null, type));
    }

    private static SDVariable newLeaf(SameDiff copy, String name, VariableType type, INDArray array) {
        if (array == null) {
            throw new IllegalArgumentException("graph copy: variable " + MessageText.name(name)
                    + " has no array; expected an initialized graph. Give the variable a value first.");
        }
        if (type == VariableType.CONSTANT) {
            return copy.constant(name, array);
        }
        // Not SameDiff.var(name, array): it copies an array that another variable of the graph holds already.
        SDVariable v = new SDVariable(name, VariableType.VARIABLE, copy, array.shape(), array.dataType());
        copy.addVariable(v);
        copy.associateArrayWithVariable(array, v);
        return v;
    }

    private void emit(SameDiff copy, SameDiffOp op, String ownName, List<String> inputNames, List<String> outputNames) {
        DifferentialFunction clone = cloneOp(op.getOp());
        clone.setSameDiff(copy);
        clone.setOwnName(ownName);
        copy.putOpForId(ownName, clone);
        for (String input : inputNames) {
            ensure(copy, input);
        }
        copy.addArgsFor(inputNames.toArray(new String[0]), clone);
        for (int i = 0; i < outputNames.size(); i++) {
            SDVariable like = source.getVariable(op.getOutputsOfOp().get(i));
            addComputed(copy, outputNames.get(i), like).setCreator(clone);
        }
        copy.addOutgoingFor(outputNames.toArray(new String[0]), clone);
        clone.configureWithSameDiff(copy);
        SameDiffOp added = copy.getOps().get(ownName);
        added.setControlDeps(op.getControlDeps());
        added.setVarControlDeps(op.getVarControlDeps());
        added.setControlDepFor(op.getControlDepFor());
    }

    private DifferentialFunction cloneOp(DifferentialFunction op) {
        if (indexes == null) {
            indexes = new HashMap<>();
            for (String name : source.getVariables().keySet()) {
                indexes.put(name, indexes.size());
            }
        }
        return OpClone.of(op, source, indexes);
    }

    // The edge of a loop that leads back reads a variable before its op is emitted.
    private void ensure(SameDiff copy, String name) {
        if (!copy.getVariables().containsKey(name)) {
            addComputed(copy, name, source.getVariable(name));
        }
    }

    private static SDVariable addComputed(SameDiff copy, String name, SDVariable like) {
        if (copy.getVariables().containsKey(name)) {
            return copy.getVariables().get(name).getVariable();
        }
        return copy.addVariable(new SDVariable(name, VariableType.ARRAY, copy, like.getShape(), like.dataType()));
    }

    private void rewrite(SameDiff copy, SameDiffOp op, OpRewrite rewrite) {
        NameScope scope = copy.withNameScope("lora4j/" + op.getName());
        List<SDVariable> results;
        try {
            results = rewrite.rebuild(new Context(copy, op));
        } finally {
            scope.close();
        }
        List<String> outputs = op.getOutputsOfOp();
        if (results.size() != outputs.size()) {
            throw new IllegalStateException("graph copy: the rewrite of op " + MessageText.name(op.getName()) + " gave "
                    + results.size() + " variables; expected " + outputs.size());
        }
        Set<String> taken = new HashSet<>();
        for (int i = 0; i < outputs.size(); i++) {
            SDVariable result = results.get(i);
            boolean ownedHere = result.getVariableType() == VariableType.ARRAY
                    && !source.getVariables().containsKey(result.name())
                    && taken.add(result.name());
            if (ownedHere) {
                copy.renameVariable(result.name(), outputs.get(i));
            } else {
                copy.identity(outputs.get(i), result);
            }
        }
    }

    private void copyRoles(SameDiff copy) {
        List<String> losses = keptOf(source.getLossVariables());
        if (!losses.isEmpty()) {
            copy.setLossVariables(losses.toArray(new String[0]));
        }
        List<String> outputs = keptOf(source.outputs());
        if (!outputs.isEmpty()) {
            copy.setOutputs(outputs);
        }
        if (source.getTrainingConfig() != null && kept == null) {
            // SameDiff.fit counts iterations in the configuration itself, so the copy needs its own.
            copy.setTrainingConfig(
                    TrainingConfig.fromJson(source.getTrainingConfig().toJson()));
        }
    }

    private List<String> keptOf(List<String> names) {
        return names == null
                ? List.of()
                : new ArrayList<>(names.stream().filter(this::isKept).toList());
    }

    private final class Context implements OpContext {
        private final SameDiff copy;
        private final SameDiffOp op;
        private int emitted;

        Context(SameDiff copy, SameDiffOp op) {
            this.copy = copy;
            this.op = op;
        }

        @Override
        public SameDiff graph() {
            return copy;
        }

        @Override
        public DifferentialFunction op() {
            return op.getOp();
        }

        @Override
        public List<SDVariable> inputs() {
            return GraphOrder.inputs(op).stream().map(copy::getVariable).toList();
        }

        @Override
        public List<SDVariable> emit(List<SDVariable> inputs) {
            String suffix = emitted++ == 0 ? "/base" : "/base" + emitted;
            List<String> outputs =
                    op.getOutputsOfOp().stream().map(o -> o + suffix).toList();
            GraphCopy.this.emit(
                    copy,
                    op,
                    op.getName() + suffix,
                    inputs.stream().map(SDVariable::name).toList(),
                    outputs);
            return outputs.stream().map(copy::getVariable).toList();
        }

        @Override
        public SDVariable leaf(String name, VariableType type, INDArray array) {
            SDVariable existing = copy.getVariable(name);
            return existing != null ? existing : newLeaf(copy, name, type, array);
        }

        @Override
        public SDVariable placeholder(String name, SDVariable like) {
            SDVariable existing = copy.getVariable(name);
            if (existing != null) {
                return existing;
            }
            return newPlaceholder(copy, name, like.dataType());
        }
    }
}
