/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.MergeReport;
import org.lora4j.model.ModuleStatus;
import org.lora4j.model.ParameterSummary;
import org.lora4j.model.Trainable;
import org.lora4j.model.TrainableParameter;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
 * @apiNote Status: experimental
 */
public final class AdaptedSameDiff implements AdaptedModel, Trainable {

    private static final Logger LOG = LoggerFactory.getLogger(AdaptedSameDiff.class);

    private final SameDiff base;
    private final GraphModules modules;
    private final LiveAdapters factory;
    private final StateGraphs graphs;
    private final AdapterSet adapters = new AdapterSet();
    private AdapterState state = AdapterState.INITIAL;
    private boolean enabled = true;

    private AdaptedSameDiff(SameDiff base, Map<String, String> names) {
        this.base = base;
        this.modules = GraphModules.find(base, names);
        List<GraphParameter> parameters = GraphParameter.of(base, modules.modules());
        this.factory = new LiveAdapters(base, modules, parameters);
        this.graphs = new StateGraphs(base, modules, parameters, adapters);
    }

    /**
     * Prepares a graph for adapters; there is none yet.
     *
     * @param base the graph; never changed
     * @return the model
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
     * @throws IllegalArgumentException as {@link GraphModules#find(SameDiff, Map)}
     */
    public static AdaptedSameDiff of(SameDiff base, Map<String, String> names) {
        return new AdaptedSameDiff(base, names);
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
    public void addAdapter(String name, LoraConfig config, long seed) {
        adapters.requireFree(name);
        adapters.add(factory.fresh(name, config, seed, adapters.variables()));
        LinkedHashSet<String> trainable = new LinkedHashSet<>(state.trainable());
        trainable.add(name);
        state = state.withTrainable(trainable);
        reportFullRank(name);
    }

    // Allowed, as in PEFT, and seldom meant.
    private void reportFullRank(String name) {
        List<String> paths = adapters.get(name).modules().entrySet().stream()
                .filter(entry -> entry.getValue().isFullRank())
                .map(Map.Entry::getKey)
                .toList();
        if (!paths.isEmpty()) {
            LOG.warn(
                    "adapter \"{}\" saves nothing in {} of its {} modules: the rank reaches the smaller side of the weight"
                            + " or the factors are as large as the weight ({})",
                    name,
                    paths.size(),
                    adapters.get(name).modules().size(),
                    Problems.quoted(paths));
        }
    }

    @Override
    public void addAdapter(String name, Adapter adapter) {
        adapters.requireFree(name);
        adapters.add(factory.imported(name, adapter, adapters.variables()));
    }

    @Override
    public Adapter adapter(String name) {
        return Exports.asTrained(adapters.get(name), modules);
    }

    /** The live arrays of an adapter. */
    LiveAdapter live(String name) {
        return adapters.get(name);
    }

    /**
     * The values of an adapter now as a plain low-rank adapter for the unchanged base. Where the start of training moved
     * the base (PiSSA, OLoRA), what the base gave up becomes part of the adapter: rank and alpha double, A is {@code [A;
     * A0]} and B is {@code [B, -B0]}; with rank-stabilized scaling alpha grows by the square root of 2.
     *
     * @param name name of an adapter
     * @return a copy, which later training does not change; as {@link #adapter} unless the start moved the base
     * @throws IllegalArgumentException if there is no such adapter, or it came with weights that had been reduced
     *     elsewhere, so that what they gave up is not known
     */
    public Adapter plainAdapter(String name) {
        return Exports.plain(adapters.get(name), modules);
    }

    @Override
    public List<String> adapterNames() {
        return adapters.names();
    }

    @Override
    public void activate(String... names) {
        requireUnmerged("activate");
        adapters.requireNoSharedCopies(adapters.get(Arrays.asList(names)));
        state = state.withActive(Arrays.asList(names));
    }

    private void requireUnmerged(String call) {
        if (!state.merged().isEmpty()) {
            throw new IllegalStateException(call + ": " + Problems.quoted(state.merged())
                    + " is merged into the weights; expected no merged adapter. Call unmerge() first.");
        }
    }

    @Override
    public List<String> activeAdapters() {
        return state.active();
    }

    @Override
    public void setTrainable(String name, boolean trainable) {
        adapters.get(name);
        LinkedHashSet<String> names = new LinkedHashSet<>(state.trainable());
        if (trainable) {
            names.add(name);
        } else {
            names.remove(name);
        }
        state = state.withTrainable(names);
    }

    @Override
    public boolean isTrainable(String name) {
        return state.trainable().contains(adapters.get(name).name());
    }

    @Override
    public void disable() {
        enabled = false;
    }

    @Override
    public void enable() {
        enabled = true;
    }

    @Override
    public boolean isEnabled() {
        return enabled;
    }

    @Override
    public Disabled disabled() {
        boolean before = enabled;
        boolean[] open = {true};
        disable();
        return () -> {
            if (open[0] && before) {
                enable();
            }
            open[0] = false;
        };
    }

    @Override
    public MergeReport merge() {
        requireUnmerged("merge");
        return merge(state.active().toArray(new String[0]), "no adapter is active; activate(name) first");
    }

    @Override
    public MergeReport merge(String... names) {
        return merge(names, null);
    }

    private MergeReport merge(String[] names, String problemIfNone) {
        List<LiveAdapter> chosen = adapters.get(Arrays.asList(names));
        Problems problems = new Problems();
        problems.check(enabled, "adapters are disabled; call enable() first");
        for (LiveAdapter adapter : chosen) {
            String name = adapter.name();
            problems.check(state.active().contains(name), "\"" + name + "\" is not active; activate(name) first");
            problems.check(!state.merged().contains(name), "\"" + name + "\" is merged already; unmerge() undoes it");
        }
        if (problems.isEmpty() && chosen.isEmpty() && problemIfNone == null) {
            throw new IllegalArgumentException("merge: no names; expected names of active adapters out of "
                    + Problems.quoted(state.active()) + ". Call merge() for all of them.");
        }
        problems.check(!chosen.isEmpty(), problemIfNone);
        checkRowsAreMergedToo(chosen, problems);
        if (!problems.isEmpty()) {
            throw new IllegalStateException(problems.message("merge"));
        }
        List<String> merged = new ArrayList<>(state.merged());
        merged.addAll(Arrays.asList(names));
        Merging.Result merging = Merging.of(adapters.get(merged), chosen, graphs.unmerged(state));
        state = state.withMerged(merged, state.arrays().with(merging.arrays()));
        return merging.report();
    }

    // Rows replace what the table holds: with an update merged into it they would replace the update as well.
    private void checkRowsAreMergedToo(List<LiveAdapter> chosen, Problems problems) {
        for (String name : state.attached()) {
            LiveAdapter other = adapters.get(name);
            for (LiveAdapter adapter : chosen) {
                problems.check(
                        chosen.contains(other) || !adapter.addsToTablesOf(other),
                        "\"" + name + "\" replaces rows of the table that \"" + adapter.name()
                                + "\" adds to; merge both in one call");
            }
        }
    }

    @Override
    public void unmerge() {
        if (state.merged().isEmpty()) {
            throw new IllegalStateException("unmerge: no adapter is merged; expected one or more. Call merge() first.");
        }
        state = state.withMerged(List.of(), MergedArrays.NONE);
    }

    @Override
    public List<String> mergedAdapters() {
        return state.merged();
    }

    @Override
    public void removeAdapter(String name) {
        adapters.get(name);
        if (state.merged().contains(name)) {
            throw new IllegalStateException("removeAdapter: \"" + name
                    + "\" is merged into the weights; expected it unmerged and not active. Call unmerge() first.");
        }
        if (state.active().contains(name)) {
            throw new IllegalStateException("removeAdapter: \"" + name + "\" is active; expected it not to be."
                    + " Call activate(...) with the others, or activate() for none.");
        }
        setTrainable(name, false);
        adapters.remove(name);
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
     * @throws IllegalStateException if adapters are disabled or none is active, or a merged weight would hold a value that
     *     is not finite
     */
    public SameDiff mergeAndUnload() {
        if (!enabled || state.active().isEmpty()) {
            String problem = enabled ? "no adapter is active" : "adapters are disabled";
            throw new IllegalStateException("mergeAndUnload: " + problem
                    + "; expected active adapters. Call activate(name) and enable() first, or unload() for the base.");
        }
        return graphs.merged(state);
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
        if (!enabled) {
            return base;
        }
        return graphs.inference(state);
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
        return outputExecutor().output(placeholders, Arrays.asList(outputs));
    }

    /**
     * What {@link #output} runs in the current state, to share among threads ({@link org.lora4j.exec.ParallelExecutor})
     * or to keep while the state stays the same.
     *
     * @return an executor for outputs, with native ops only: equal in every value to the stock session
     */
    public GraphExecutor outputExecutor() {
        return enabled ? graphs.outputs(state) : graphs.baseOutputs();
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
        for (String name : state.active()) {
            if (state.learning().contains(name)) {
                learning.addAll(adapters.get(name).parameters());
            }
        }
        return List.copyOf(learning);
    }

    private void requireLearning() {
        if (enabled && !state.learning().isEmpty()) {
            return;
        }
        requireUnmerged("training");
        String problem;
        if (!enabled) {
            problem = "adapters are disabled; expected them enabled. Call enable() first.";
        } else if (adapters.names().isEmpty()) {
            problem = "there is no adapter; expected one that is active and trainable. Call addAdapter first.";
        } else if (state.active().isEmpty()) {
            problem = "none of the adapters " + Problems.quoted(adapters.names())
                    + " is active; expected one that is active and trainable. Call activate(name) first.";
        } else {
            problem = "none of the active adapters " + Problems.quoted(state.active())
                    + " is trainable; expected one that is. Call setTrainable(name, true) first.";
        }
        throw new IllegalStateException("training: " + problem);
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
        return graphs.training(state, names);
    }

    @Override
    public List<ModuleStatus> status() {
        return Reports.status(modules, adapters.all(), state);
    }

    @Override
    public ParameterSummary parameterSummary() {
        return Reports.summary(base, adapters, state, enabled);
    }
}
