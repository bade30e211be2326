/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.host;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.MergeReport;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The verbs of {@link AdaptedModel} with their states and refusals. A host supplies adapters and what follows from a change
 * of state.
 *
 * @param <A> an adapter as the host keeps it
 * @apiNote Status: experimental
 */
public abstract class HostedModel<A extends HostAdapter> implements AdaptedModel {

    private final AdapterNames<A> adapters = new AdapterNames<>();
    private HostState state = HostState.INITIAL;
    private boolean enabled = true;

    /** Starts without adapters, enabled. */
    protected HostedModel() {}

    /**
     * Makes a fresh adapter; nothing may have changed if it throws.
     *
     * @param name its name
     * @param config what to adapt and how
     * @param seed source of the start values
     * @return the adapter
     */
    protected abstract A fresh(String name, LoraConfig config, long seed);

    /**
     * Makes an adapter of values; nothing may have changed if it throws.
     *
     * @param name its name
     * @param adapter the values
     * @return the adapter
     */
    protected abstract A imported(String name, Adapter adapter);

    /**
     * Folds adapters into new weights; nothing may have changed if it throws.
     *
     * @param chosen the adapters in order
     * @return the new parameters and what they cost
     */
    protected abstract Folding fold(List<A> chosen);

    /** Brings the values of all adapters up to date, before anyone reads them or the state changes. No effect by default. */
    protected void collectValues() {}

    /** Tells that the state or whether the model is enabled has changed. No effect by default. */
    protected void stateChanged() {}

    /**
     * The adapters.
     *
     * @return the live set
     */
    protected final AdapterNames<A> adapters() {
        return adapters;
    }

    /**
     * The state now.
     *
     * @return a value; another object after each change
     */
    protected final HostState state() {
        return state;
    }

    private void change(HostState next) {
        collectValues();
        state = next;
        stateChanged();
    }

    @Override
    public final void addAdapter(String name, LoraConfig config, long seed) {
        adapters.requireFree(name);
        adapters.put(fresh(name, config, seed));
        LinkedHashSet<String> trainable = new LinkedHashSet<>(state.trainable());
        trainable.add(name);
        // Not active: what runs does not change.
        state = state.withTrainable(trainable);
    }

    @Override
    public final void addAdapter(String name, Adapter adapter) {
        adapters.requireFree(name);
        adapters.put(imported(name, adapter));
    }

    @Override
    public final Adapter adapter(String name) {
        adapters.get(name);
        collectValues();
        return adapters.get(name).snapshot();
    }

    @Override
    public final List<String> adapterNames() {
        return adapters.names();
    }

    @Override
    public final void activate(String... names) {
        requireUnmerged("activate");
        adapters.requireNoSharedCopies(adapters.get(Arrays.asList(names)));
        change(state.withActive(Arrays.asList(names)));
    }

    /**
     * Refuses a call while an adapter is merged.
     *
     * @param call what is worded at the start of the message
     * @throws IllegalStateException if an adapter is merged
     */
    protected final void requireUnmerged(String call) {
        if (!state.merged().isEmpty()) {
            throw new IllegalStateException(call + ": " + Problems.quoted(state.merged())
                    + " is merged into the weights; expected no merged adapter. Call unmerge() first.");
        }
    }

    @Override
    public final List<String> activeAdapters() {
        return state.active();
    }

    @Override
    public final void setTrainable(String name, boolean trainable) {
        adapters.get(name);
        LinkedHashSet<String> names = new LinkedHashSet<>(state.trainable());
        boolean changes = trainable ? names.add(name) : names.remove(name);
        if (changes && state.active().contains(name)) {
            change(state.withTrainable(names));
        } else {
            state = state.withTrainable(names);
        }
    }

    @Override
    public final boolean isTrainable(String name) {
        return state.trainable().contains(adapters.get(name).name());
    }

    @Override
    public final void disable() {
        setEnabled(false);
    }

    @Override
    public final void enable() {
        setEnabled(true);
    }

    private void setEnabled(boolean wanted) {
        if (enabled != wanted) {
            collectValues();
            enabled = wanted;
            stateChanged();
        }
    }

    @Override
    public final boolean isEnabled() {
        return enabled;
    }

    @Override
    public final Disabled disabled() {
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
    public final MergeReport merge() {
        requireUnmerged("merge");
        return merge(state.active().toArray(new String[0]), "no adapter is active; activate(name) first");
    }

    @Override
    public final MergeReport merge(String... names) {
        return merge(names, null);
    }

    private MergeReport merge(String[] names, String problemIfNone) {
        List<A> chosen = adapters.get(Arrays.asList(names));
        Problems problems = new Problems();
        problems.check(enabled, "adapters are disabled; call enable() first");
        for (A adapter : chosen) {
            String name = adapter.name();
            problems.check(state.active().contains(name), "\"" + name + "\" is not active; activate(name) first");
            problems.check(!state.merged().contains(name), "\"" + name + "\" is merged already; unmerge() undoes it");
        }
        if (problems.isEmpty() && chosen.isEmpty() && problemIfNone == null) {
            throw new IllegalArgumentException("merge: no names; expected names of active adapters out of "
                    + Problems.quoted(state.active()) + ". Call merge() for all of them.");
        }
        problems.check(!chosen.isEmpty(), problemIfNone);
        if (!problems.isEmpty()) {
            throw new IllegalStateException(problems.message("merge"));
        }
        collectValues();
        Folding folding = fold(adapters.get(Arrays.asList(names)));
        List<String> merged = new ArrayList<>(state.merged());
        merged.addAll(Arrays.asList(names));
        Map<String, INDArray> merges = new LinkedHashMap<>(state.merges());
        merges.putAll(folding.parameters());
        change(state.withMerged(merged, merges));
        return folding.report();
    }

    @Override
    public final void unmerge() {
        if (state.merged().isEmpty()) {
            throw new IllegalStateException("unmerge: no adapter is merged; expected one or more. Call merge() first.");
        }
        change(state.withMerged(List.of(), Map.of()));
    }

    @Override
    public final List<String> mergedAdapters() {
        return state.merged();
    }

    @Override
    public final void removeAdapter(String name) {
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
}
