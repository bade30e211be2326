/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.adapter.BaseHashes;
import org.lora4j.internal.array.OpenMpWaiting;
import org.lora4j.internal.engine.GradientReach;
import org.lora4j.internal.host.HostedModel;
import org.lora4j.internal.host.LearningAdapters;
import org.lora4j.internal.host.Merged;
import org.lora4j.model.AdaptedModel;
import org.lora4j.quant.StoredWeights;
import org.lora4j.train.RunEvidence;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A SameDiff graph with adapters.
 *
 * <p>The base graph stays as it is: its ops, variable types, arrays, loss variables and training configuration. Adapted
 * graphs are built when they are asked for, over the base's own arrays, and kept until the state changes. A module that
 * an active adapter targets computes {@code y + scaling * (x A) B} for all its consumers; while B is zero that equals
 * {@code y} in every value. Names of placeholders, outputs and loss variables are those of the base.
 *
 * <p><b>State.</b> See {@link AdaptedModel}. Factors are the same arrays in every graph, so what training writes is seen
 * at once. Do not change the base's ops or the shapes of its weights while it is adapted: the next call that builds a
 * graph refuses. A change of values in place is seen by all graphs except in merged weights.
 *
 * <p><b>Fully trained parameters</b> (modules to save, trained biases) are copies that take the place of the base's while
 * their adapter is active; a disabled model uses the base's.
 *
 * <p><b>Threads.</b> One call at a time.
 *
 * @apiNote Status: stable
 */
public final class AdaptedSameDiff extends HostedModel<LiveAdapter, MergedArrays> implements Trainable {

    private final SameDiff base;
    private final Map<String, String> names;
    private final GraphModules modules;
    private final LiveAdapters factory;
    private final StateGraphs graphs;

    private AdaptedSameDiff(SameDiff base, Map<String, String> names) {
        super(MergedArrays.NONE);
        requirePlain(base);
        OpenMpWaiting.makePassive();
        this.base = base;
        this.names = Map.copyOf(names);
        this.modules = GraphModules.find(base, names);
        List<GraphParameter> parameters = GraphParameter.of(base, modules.modules());
        this.factory = new LiveAdapters(base, modules, parameters);
        this.graphs = new StateGraphs(base, modules, parameters, adapters());
    }

    /**
     * Prepares a graph for adapters; there is none yet.
     *
     * @param base the graph; never changed
     * @return the model
     * @throws IllegalArgumentException as {@link #of(SameDiff, Map)}
     */
    public static AdaptedSameDiff of(SameDiff base) {
        return of(base, Map.of());
    }

    /**
     * Prepares a graph for adapters; there is none yet.
     *
     * @param base the graph; never changed
     * @param names module paths that the caller chooses, by name of a weight, of an op that applies a module,
     *     or of that op's output
     * @return the model
     * @throws IllegalArgumentException if the graph carries adapters already, or as {@link GraphModules#find(SameDiff, Map)}
     */
    public static AdaptedSameDiff of(SameDiff base, Map<String, String> names) {
        Arguments.allRequired(names, "AdaptedSameDiff.of: names", "a module path");
        return new AdaptedSameDiff(base, names);
    }

    /** A model of the same base without adapters. */
    AdaptedSameDiff another() {
        return of(base, names);
    }

    private static void requirePlain(SameDiff base) {
        Objects.requireNonNull(base, "AdaptedSameDiff: the graph is null; expected a SameDiff graph");
        List<String> factors = base.getVariables().keySet().stream()
                .filter(ModulePaths::isFactor)
                .sorted()
                .toList();
        if (!factors.isEmpty()) {
            throw new IllegalArgumentException("graph: it is adapted already, its variables " + Problems.quoted(factors)
                    + " are factors of an adapter; expected a graph without adapters. Call addAdapter on the model that it"
                    + " belongs to, or adapt its base() or its mergeAndUnload().");
        }
    }

    @Override
    public List<GraphModule> modules() {
        return modules.modules();
    }

    /**
     * What the base consists of, including what cannot be adapted and why.
     *
     * @return the modules
     */
    public GraphModules graphModules() {
        return modules;
    }

    @Override
    protected LiveAdapter fresh(String name, AdapterConfig config, long seed) {
        return factory.fresh(name, config, seed, variables());
    }

    /**
     * Adds a trainable adapter that starts where a {@link LoraStart} says, not active. {@link #adapter} gives it as a plain
     * adapter for the untouched base: if the base gives up a part, rank and alpha are doubled as in {@link #plainAdapter}.
     *
     * @param name a name that is not taken
     * @param start the start
     * @throws IllegalArgumentException if the name is taken or not a name, or the start is of another graph
     */
    public void startAdapter(String name, StartedAdapter start) {
        Arguments.required(name, "startAdapter: name", "a name");
        Arguments.required(start, "startAdapter: start", "a start, such as EvaStart");
        addFresh(name, start.config(), () -> factory.started(name, start, variables()));
    }

    /** What a config means on this graph. */
    List<Target> targets(LoraConfig config) {
        return factory.targets(config);
    }

    @Override
    protected LiveAdapter imported(String name, Adapter adapter) {
        return factory.imported(name, adapter, variables());
    }

    /** The variables of all adapters. */
    private Set<String> variables() {
        Set<String> variables = new HashSet<>();
        adapters().all().forEach(adapter -> variables.addAll(adapter.variables()));
        return variables;
    }

    /** The live arrays of an adapter. */
    LiveAdapter live(String name) {
        return adapters().get(name);
    }

    /**
     * Adds an adapter whose factors are those of an adapter of another model: the same arrays, so that what one model
     * learns the other one knows at once. For models of several tasks over one base. Its gate, if it has one, is shared,
     * too; parameters that the adapter replaces (modules to save, trained biases, token rows) are this model's own and
     * start from its base. The adapter is trainable and not active.
     *
     * @param name name of the adapter there and here
     * @param owner a model that has it
     * @throws IllegalArgumentException if there is no such adapter, the name is taken here, or its config means other
     *     modules, shapes or data types on this graph; the message lists every difference
     */
    public void shareAdapter(String name, AdaptedSameDiff owner) {
        Arguments.required(name, "shareAdapter: name", "the name of an adapter");
        Arguments.required(owner, "shareAdapter: owner", "the model that has it");
        LiveAdapter theirs = owner.live(name);
        Problems problems = new Problems();
        fresh(name, theirs.config(), 0).checkSharing(theirs, problems);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("shareAdapter " + MessageText.name(name))
                    + "; expected the same modules. Share adapters between graphs over one base, and name modules where"
                    + " they differ.");
        }
        addAdapter(name, theirs.config(), 0);
        adapters().put(live(name).sharing(theirs));
    }

    /**
     * Puts a gate on an adapter, in the place of the one it may have. {@link #adapter} and {@link #plainAdapter} give the
     * factors without the gate, and merging is refused.
     *
     * @param name name of an adapter that is not active, of plain LoRA on linear modules
     * @param gate the gate; its values are copied
     * @throws IllegalArgumentException if there is no such adapter or the gate does not fit it; the message lists every
     *     problem
     * @throws IllegalStateException if the adapter is active
     */
    public void setGate(String name, ExpertGate gate) {
        Arguments.required(name, "setGate: name", "the name of an adapter");
        Arguments.required(gate, "setGate: gate", "a gate");
        LiveAdapter adapter = live(name);
        if (state().active().contains(name)) {
            throw new IllegalStateException("setGate: " + MessageText.name(name) + " is active; expected it not to be."
                    + " Call activate(...) with the others first.");
        }
        adapters().put(adapter.withGates(Gates.of(adapter, gate)));
    }

    /**
     * The gate of an adapter with its values now.
     *
     * @param name name of an adapter
     * @return a copy, or empty if the adapter has no gate
     * @throws IllegalArgumentException if there is no such adapter
     */
    public Optional<ExpertGate> gate(String name) {
        LiveAdapter adapter = live(name);
        return Optional.ofNullable(adapter.gates()).map(gates -> gates.snapshot(adapter));
    }

    private void checkNoGate(List<LiveAdapter> chosen, Problems problems) {
        chosen.stream()
                .filter(adapter -> adapter.gates() != null)
                .forEach(adapter -> problems.add("\"" + adapter.name()
                        + "\" has a gate, which a weight cannot hold; keep it attached, or fold the gate into an adapter"
                        + " first"));
    }

    @Override
    protected Merged<MergedArrays> merged(List<LiveAdapter> chosen) {
        List<LiveAdapter> all = new ArrayList<>(adapters().get(state().merged()));
        all.addAll(chosen);
        Merging.Result merging = Merging.of(all, chosen, graphs.unmerged(state()));
        return new Merged<>(state().merges().with(merging.arrays()), merging.report());
    }

    // Rows replace what the table holds: with an update merged into it they would replace the update as well.
    @Override
    protected void checkMerge(List<LiveAdapter> chosen, Problems problems) {
        checkNoGate(chosen, problems);
        super.checkMerge(chosen, problems);
    }

    @Override
    protected Set<String> heads() {
        return modules.heads();
    }

    @Override
    protected Set<String> trainableHeads() {
        Set<String> trainable = new TreeSet<>();
        for (String head : modules.heads()) {
            if (base.getVariable(modules.get(head).weight()).getVariableType() == VariableType.VARIABLE) {
                trainable.add(head);
            }
        }
        return trainable;
    }

    @Override
    protected long baseParameters() {
        Set<String> ofStored = StoredWeights.leaves(base);
        long stored = StoredWeights.names(base).stream()
                .flatMap(name -> StoredWeights.find(base, name).stream())
                .mapToLong(weight -> weight.rows() * weight.columns())
                .sum();
        return stored
                + base.variables().stream()
                        .filter(leaf -> !ofStored.contains(leaf.name()))
                        .mapToLong(AdaptedSameDiff::parameters)
                        .sum();
    }

    // Scalars in a graph are constants of formulas, not parameters.
    private static long parameters(SDVariable leaf) {
        boolean isLeaf =
                leaf.getVariableType() == VariableType.VARIABLE || leaf.getVariableType() == VariableType.CONSTANT;
        INDArray array = isLeaf && leaf.dataType().isFPType() ? leaf.getArr() : null;
        return array == null || array.rank() == 0 ? 0 : array.length();
    }

    @Override
    protected BaseHashes baseHashes() {
        return factory.hashes();
    }

    @Override
    public Map<String, Supplier<INDArray>> baseWeights() {
        return factory.values();
    }

    @Override
    protected long bytes(MergedArrays merges) {
        return merges.bytes();
    }

    /**
     * The base graph, untouched: the very object that this model was made for.
     *
     * @return the base
     */
    public SameDiff base() {
        return base;
    }

    /**
     * Takes the adapters off: the base graph as it came in. This model stays usable.
     *
     * @return the very object that this model was made for
     */
    public SameDiff unload() {
        return base;
    }

    /**
     * A plain graph without adapters that computes what this model computes now: weights with the active adapters merged
     * into them, fully trained parameters in place, variable types of the base. This model does not change.
     *
     * @return a new graph; leaves that no adapter changes share their arrays with the base
     * @throws IllegalStateException if adapters are disabled or none is active, one has a gate, or a merged weight would
     *     hold a value that is not finite
     */
    public SameDiff mergeAndUnload() {
        requireActing("mergeAndUnload");
        Problems problems = new Problems();
        checkNoGate(adapters().get(state().active()), problems);
        if (!problems.isEmpty()) {
            throw new IllegalStateException(problems.message("mergeAndUnload"));
        }
        return graphs.merged(state());
    }

    /**
     * The graph that this model computes now. Stock SameDiff can run, save and load it. What learns is VARIABLE: factors
     * and fully trained parameters of the adapters that are active and trainable; everything else is CONSTANT.
     *
     * <p>Train through {@link #executor()}: it computes no gradient of anything frozen, and SameDiff's own gradients are
     * missing or wrong for some ops (lookups in a trained table, {@code tensorMmul}).
     *
     * @return the base itself while adapters are disabled; else a graph that shares all arrays with the base and the
     *     adapters, and that is no longer kept up to date once the state of this model changes
     */
    public SameDiff graph() {
        if (!isEnabled()) {
            return base;
        }
        return graphs.inference(state());
    }

    /**
     * Computes outputs in the current state, without dropout.
     *
     * @param placeholders an array for each placeholder that the outputs depend on
     * @param outputs names of the variables wanted
     * @return the arrays by name
     * @throws IllegalArgumentException as {@link GraphExecutor#output}
     */
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, String... outputs) {
        Arguments.required(outputs, "output: outputs", "names of variables");
        return outputExecutor().output(placeholders, Arrays.asList(outputs));
    }

    /**
     * What {@link #output} runs in the current state, to share among threads ({@link org.lora4j.internal.parts.ParallelExecutor})
     * or to keep while the state stays the same.
     *
     * <p>Outputs of the base and of every state of the adapters are computed in the same way, so a fresh adapter (B = 0) and a
     * disabled one give the base's outputs in every value. A session of SameDiff computes in another order; values agree
     * within 1e-5, relative.
     *
     * @return an executor for outputs, with the defaults of training: products by oneDNN where it is there, element-wise work in
     *     kernels, rows shared among the processors
     */
    public GraphExecutor outputExecutor() {
        return isEnabled() ? graphs.outputs(state()) : graphs.baseOutputs();
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if nothing learns in the current state; the message says which state prevents it
     */
    @Override
    public List<TrainableParameter> trainableParameters() {
        requireLearning();
        List<TrainableParameter> learning = new ArrayList<>();
        for (String name : state().active()) {
            if (state().learning().contains(name)) {
                learning.addAll(adapters().get(name).trainable());
            }
        }
        return List.copyOf(learning);
    }

    private void requireLearning() {
        if (isEnabled() && !state().learning().isEmpty()) {
            return;
        }
        requireUnmerged("training");
        String problem;
        if (!isEnabled()) {
            problem = "adapters are disabled; expected them enabled. Call enable() first.";
        } else if (adapters().names().isEmpty()) {
            problem = "there is no adapter; expected one that is active and trainable. Call addAdapter first.";
        } else if (state().active().isEmpty()) {
            problem = "none of the adapters " + Problems.quoted(adapters().names())
                    + " is active; expected one that is active and trainable. Call activate(name) first.";
        } else {
            problem = "none of the active adapters " + Problems.quoted(state().active())
                    + " is trainable; expected one that is. Call setTrainable(name, true) first.";
        }
        throw new IllegalStateException("training: " + problem);
    }

    @Override
    public List<String> modulesWithoutGradient() {
        List<TrainableParameter> learning = trainableParameters();
        List<String> names = learning.stream().map(TrainableParameter::name).toList();
        SameDiff graph = graph();
        Set<String> reached = GradientReach.of(graph, graph.getLossVariables(), names);
        Set<String> without = new TreeSet<>();
        learning.forEach(parameter -> without.add(parameter.module()));
        // A module learns as soon as one of its parameters does.
        learning.stream()
                .filter(parameter -> reached.contains(parameter.name()))
                .forEach(parameter -> without.remove(parameter.module()));
        return List.copyOf(without);
    }

    @Override
    public void trained(RunEvidence run) {
        Arguments.required(run, "trained: run", "what the run was");
        noteRun(run::receipt);
    }

    /** Of several adapters that learn, each in a folder of its name but the default one, as PEFT has them. */
    @Override
    public void saveAdapter(Path directory) throws IOException {
        LearningAdapters.save(this, directory);
    }

    /**
     * {@inheritDoc} Dropout acts on adapters that learn, and on no other.
     *
     * @return an executor for the current state; ask for a new one after any change of state
     * @throws IllegalStateException if nothing learns in the current state
     * @throws IllegalArgumentException if the base has no loss variable, or an adapter asks for dropout where it is not
     *     possible
     */
    @Override
    public GraphExecutor executor() {
        List<String> names =
                trainableParameters().stream().map(TrainableParameter::name).toList();
        return graphs.training(state(), names);
    }
}
