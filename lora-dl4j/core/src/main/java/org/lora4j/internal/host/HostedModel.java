/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.adapter.BaseHashes;
import org.lora4j.internal.array.Nd4jJars;
import org.lora4j.internal.error.Silence;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.StepRule;
import org.lora4j.method.TokenRowsMethod;
import org.lora4j.model.AdaptableModule;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.MergeReport;
import org.lora4j.model.ModuleStatus;
import org.lora4j.model.ParameterSummary;
import org.lora4j.model.ParameterSummary.ModuleParameters;
import org.lora4j.trust.Receipt;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The verbs of {@link AdaptedModel} with their states and refusals. A host supplies adapters and what follows from a change
 * of state.
 *
 * @apiNote Status: internal
 */
public abstract class HostedModel<A extends HostAdapter, M> implements AdaptedModel {

    private static final Logger LOG = LoggerFactory.getLogger(HostedModel.class);

    private final AdapterNames<A> adapters = new AdapterNames<>();
    private final Map<String, Map<String, String>> copiesOfRows = new HashMap<>();
    private final Map<String, NotedRun> runs = new HashMap<>();
    private final M noMerges;
    private HostState<M> state;
    private boolean enabled = true;

    /** Starts without adapters, enabled. */
    protected HostedModel(M noMerges) {
        Nd4jJars.require();
        this.noMerges = noMerges;
        this.state = HostState.initial(noMerges);
    }

    /** Makes a fresh adapter; nothing may have changed if it throws. */
    protected abstract A fresh(String name, AdapterConfig config, long seed);

    /** Makes an adapter of values; nothing may have changed if it throws. */
    protected abstract A imported(String name, Adapter adapter);

    /**
     * Merges adapters into new weights; nothing may have changed if it throws.
     *
     * @param chosen adapters that are active and not merged, in order
     * @return the new weights, together with those of {@link #state()}, and what they cost
     */
    protected abstract Merged<M> merged(List<A> chosen);

    /**
     * Looks for what is against merging some adapters now: rows would be put over what was added to them.
     *
     * @param problems receives what is found
     */
    protected void checkMerge(List<A> chosen, Problems problems) {
        for (A other : adapters.get(state.attached())) {
            for (A adapter : chosen) {
                problems.check(
                        chosen.contains(other)
                                || Collections.disjoint(adapter.changedWeights(), other.tablesWithRows()),
                        "\"" + other.name() + "\" replaces rows of the table that \"" + adapter.name()
                                + "\" adds to; merge both in one call");
                problems.check(
                        chosen.contains(other) || Collections.disjoint(orderedModules(adapter), orderedModules(other)),
                        "\"" + other.name() + "\" and \"" + adapter.name() + "\" turn the same weights one after the"
                                + " other; merge both in one call");
            }
        }
    }

    private static Set<String> orderedModules(HostAdapter adapter) {
        return adapter.partsByModule().entrySet().stream()
                .filter(part -> part.getValue().method().traits().order() != AdapterMethod.Order.ANY)
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /** The output heads, which "all linear" leaves out. */
    protected abstract Set<String> heads();

    /** The output heads whose weights learned in the base, before it was adapted. */
    protected abstract Set<String> trainableHeads();

    /** How many numbers the parameters of the base have. */
    protected abstract long baseParameters();

    /**
     * What the base holds.
     *
     * @return the same object each time
     */
    protected abstract BaseHashes baseHashes();

    /** Without what adapters of this model replace, such as a head that is drawn anew for every run. */
    private Map<String, String> keptHashes() {
        Map<String, String> kept = new TreeMap<>(baseHashes().byPath());
        adapters.all().forEach(adapter -> kept.keySet().removeAll(adapter.savedPaths()));
        return kept;
    }

    /** The memory of merged weights. */
    protected abstract long bytes(M merges);

    /** Brings the values of all adapters up to date, before anyone reads them or the state changes. No effect by default. */
    protected void collectValues() {}

    /** Tells that the state or whether the model is enabled has changed. No effect by default. */
    protected void stateChanged() {}

    /** The adapters. */
    protected final AdapterNames<A> adapters() {
        return adapters;
    }

    /**
     * The state now.
     *
     * @return a value; another object after each change
     */
    protected final HostState<M> state() {
        return state;
    }

    private void change(HostState<M> next) {
        collectValues();
        state = next;
        stateChanged();
    }

    @Override
    public final void addAdapter(String name, AdapterConfig config, long seed) {
        Arguments.required(name, "addAdapter: name", "a name");
        Objects.requireNonNull(
                config,
                "addAdapter: config is null; expected LoraConfig.builder()....build() or the config of another method");
        addFresh(name, config, () -> fresh(name, config, seed));
    }

    /**
     * Adds a fresh adapter, trainable and not active.
     *
     * @param made makes it, once the name is known to be free
     */
    protected final void addFresh(String name, AdapterConfig config, Supplier<A> made) {
        adapters.requireFree(name);
        requireTrainable(name, config, config.obstaclesToStart());
        adapters.put(made.get());
        LinkedHashSet<String> trainable = new LinkedHashSet<>(state.trainable());
        trainable.add(name);
        // Not active: what runs does not change.
        state = state.withTrainable(trainable);
        reportFullRank(adapters.get(name));
        reportAdaptedHeads(adapters.get(name), config);
        reportFrozenHeads(adapters.get(name));
    }

    private static void requireTrainable(String name, AdapterConfig config, List<String> further) {
        Problems obstacles = new Problems();
        obstacles.addAll(config.obstaclesToTraining());
        obstacles.addAll(further);
        if (!obstacles.isEmpty()) {
            throw new IllegalArgumentException(obstacles.message("training of adapter " + MessageText.name(name))
                    + ". Adapters that were trained so can be used; train with a config without it.");
        }
    }

    // A head of random values that stays frozen is seldom meant; one that was trained before may stay.
    private void reportFrozenHeads(HostAdapter adapter) {
        Set<String> frozen = HostReports.frozen(trainableHeads(), List.of(adapter));
        if (!frozen.isEmpty() && !Silence.isKept()) {
            LOG.info(
                    "adapter \"{}\" leaves the output heads {} as they are; if they are new, name them in modulesToSave",
                    adapter.name(),
                    Problems.quoted(frozen));
        }
    }

    // PEFT leaves the output head out of "all linear", and refuses a model without other linear modules.
    private void reportAdaptedHeads(HostAdapter adapter, AdapterConfig config) {
        boolean headsOnly = !adapter.modulePaths().isEmpty() && heads().containsAll(adapter.modulePaths());
        if (config.targetModules() instanceof ModuleSelector.AllLinear && headsOnly && !Silence.isKept()) {
            LOG.warn(
                    "adapter \"{}\": every linear module of this model is an output head, which all-linear leaves out"
                            + " elsewhere; it adapts {} here. Name targets to choose others",
                    adapter.name(),
                    Problems.quoted(adapter.modulePaths()));
        }
    }

    // Allowed, as in PEFT, and seldom meant.
    private static void reportFullRank(HostAdapter adapter) {
        List<String> paths = adapter.parametersByModule().stream()
                .filter(ModuleParameters::fullRank)
                .map(ModuleParameters::path)
                .toList();
        if (!paths.isEmpty() && !Silence.isKept()) {
            LOG.warn(
                    "adapter \"{}\" saves nothing in {} of its {} modules: the rank reaches the smaller side of the weight"
                            + " or the factors are as large as the weight ({})",
                    adapter.name(),
                    paths.size(),
                    adapter.modulePaths().size(),
                    Problems.quoted(paths));
        }
    }

    @Override
    public final void addAdapter(String name, Adapter adapter) {
        Arguments.required(name, "addAdapter: name", "a name");
        Objects.requireNonNull(adapter, "addAdapter: adapter is null; expected Adapter.load(directory) or the like");
        adapters.requireFree(name);
        adapters.put(imported(name, adapter));
        Map<String, String> copies = new TreeMap<>();
        adapter.modules()
                .keySet()
                .forEach(path -> TokenRowsMethod.original(adapter.config(), path, adapter.modules())
                        .ifPresent(original -> copies.put(path, original)));
        copiesOfRows.put(name, copies);
    }

    @Override
    public final Adapter adapter(String name) {
        Arguments.required(name, "adapter: name", "the name of an adapter");
        if (hasGivenStart(name)) {
            return plainAdapter(name);
        }
        Adapter own = values(name);
        return withReceipt(name, own, own);
    }

    private Adapter withReceipt(String name, Adapter now, Adapter given) {
        NotedRun run = runs.get(name);
        return run == null ? given : run.receiptOf(now, given);
    }

    /**
     * Takes note of a run in which the active adapters that are trainable learned. They are given with a receipt as long as they are
     * what they are now.
     *
     * @param run makes the receipt of an adapter from its hashes, that of its base among them if it is known, and its config
     */
    public final void noteRun(BiFunction<Map<String, String>, Map<String, Object>, Receipt> run) {
        for (String name : state.active()) {
            if (state.learning().contains(name)) {
                runs.put(name, new NotedRun(snapshot(name).contentHash(), run));
            }
        }
    }

    /**
     * Whether an adapter began at values that a file of it could not tell, so that it is given as plain LoRA.
     *
     * @param name the name of an adapter
     * @return true if so
     */
    public final boolean hasGivenStart(String name) {
        return adapters.get(name).hasGivenStart();
    }

    private Adapter values(String name) {
        return snapshot(name).withBaseHashes(keptHashes());
    }

    /**
     * An adapter as it is now, without the hashes of its base, which take a while when they are asked for first.
     *
     * @param name the name of an adapter
     * @return a copy
     */
    public final Adapter snapshot(String name) {
        adapters.get(name);
        collectValues();
        Adapter own = adapters.get(name).snapshot(named(adapters.get(name)));
        return withCopies(own, copiesOfRows.getOrDefault(name, Map.of()));
    }

    /** The file that an adapter came from may hold rows twice: such a one goes back as it came. */
    private static Adapter withCopies(Adapter adapter, Map<String, String> copies) {
        if (copies.isEmpty()) {
            return adapter;
        }
        Map<String, Map<String, INDArray>> modules = new TreeMap<>(adapter.modules());
        copies.forEach((path, original) -> modules.put(path, modules.get(original)));
        return Adapter.of(adapter.config(), adapter.extras(), modules, adapter.savedParameters());
    }

    /**
     * What adapters that act and learn want in a training beside gradients.
     *
     * @return rules for one run, in the order of the active adapters
     */
    public List<StepRule> stepRules() {
        List<StepRule> rules = new ArrayList<>();
        for (String name : state.active()) {
            if (state.learning().contains(name)) {
                A adapter = adapters.get(name);
                AdapterMethods.stepRule(
                                adapter.config(), adapter.parameterNames(), config -> changeConfig(name, config))
                        .ifPresent(rules::add);
            }
        }
        return rules;
    }

    @SuppressWarnings("unchecked") // An adapter gives one of its own kind.
    private void changeConfig(String name, AdapterConfig config) {
        A adapter = adapters.get(name);
        adapters.put((A) adapter.withFile(new PeftFile(config, adapter.file().extras())));
    }

    @Override
    public final Adapter plainAdapter(String name) {
        Arguments.required(name, "plainAdapter: name", "the name of an adapter");
        Adapter own = values(name);
        return withReceipt(name, own, PlainAdapters.of(adapters.get(name), own));
    }

    /**
     * What the file of an adapter says that it was made from. Only the model knows which modules "all linear" means: as
     * PEFT does, their names are written.
     */
    protected final PeftFile named(A adapter) {
        return AllLinearNames.in(
                adapter, modules().stream().map(AdaptableModule::path).toList());
    }

    @Override
    public final List<String> adapterNames() {
        return adapters.names();
    }

    @Override
    public final void activate(String... names) {
        Arguments.required(names, "activate: names", "names of adapters, none for none");
        Arguments.allRequired(Arrays.asList(names), "activate: names", "the name of an adapter");
        requireUnmerged("activate");
        adapters.requireNoSharedCopies(adapters.get(Arrays.asList(names)));
        adapters.requireMethodsThatAgree(adapters.get(Arrays.asList(names)));
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

    /**
     * Refuses a call while no adapter acts.
     *
     * @param call what is worded at the start of the message
     * @throws IllegalStateException if adapters are disabled or none is active
     */
    protected final void requireActing(String call) {
        if (!enabled || state.active().isEmpty()) {
            String problem = enabled ? "no adapter is active" : "adapters are disabled";
            throw new IllegalStateException(call + ": " + problem
                    + "; expected active adapters. Call activate(name) and enable() first, or unload() for the base.");
        }
    }

    @Override
    public final List<String> activeAdapters() {
        return state.active();
    }

    @Override
    public final void setTrainable(String name, boolean trainable) {
        Arguments.required(name, "setTrainable: name", "the name of an adapter");
        A adapter = adapters.get(name);
        if (trainable) {
            requireTrainable(name, adapter.config(), List.of());
        }
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
        Arguments.required(name, "isTrainable: name", "the name of an adapter");
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
        Arguments.required(names, "merge: names", "names of active adapters");
        Arguments.allRequired(Arrays.asList(names), "merge: names", "the name of an adapter");
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
        checkMerge(chosen, problems);
        if (!problems.isEmpty()) {
            throw new IllegalStateException(problems.message("merge"));
        }
        collectValues();
        Merged<M> result = merged(adapters.get(Arrays.asList(names)));
        List<String> merged = new ArrayList<>(state.merged());
        merged.addAll(Arrays.asList(names));
        change(state.withMerged(merged, result.merges()));
        return result.report();
    }

    @Override
    public final void unmerge() {
        if (state.merged().isEmpty()) {
            throw new IllegalStateException("unmerge: no adapter is merged; expected one or more. Call merge() first.");
        }
        change(state.withMerged(List.of(), noMerges));
    }

    @Override
    public final List<String> mergedAdapters() {
        return state.merged();
    }

    @Override
    public final void removeAdapter(String name) {
        Arguments.required(name, "removeAdapter: name", "the name of an adapter");
        adapters.get(name);
        if (state.merged().contains(name)) {
            throw new IllegalStateException("removeAdapter: " + MessageText.name(name)
                    + " is merged into the weights; expected it unmerged and not active. Call unmerge() first.");
        }
        if (state.active().contains(name)) {
            throw new IllegalStateException(
                    "removeAdapter: " + MessageText.name(name) + " is active; expected it not to be."
                            + " Call activate(...) with the others, or activate() for none.");
        }
        setTrainable(name, false);
        adapters.remove(name);
        copiesOfRows.remove(name);
        runs.remove(name);
    }

    @Override
    public final List<ModuleStatus> status() {
        return HostReports.status(modules(), heads(), adapters.all(), state);
    }

    /**
     * The output heads that have never learned, as far as their values tell, and that no active adapter changes or saves.
     *
     * @return paths; empty if there is none
     */
    public List<String> freshHeads() {
        return FreshHeads.of(HostReports.frozen(trainableHeads(), adapters.get(state.active())), baseWeights());
    }

    @Override
    public final ParameterSummary parameterSummary() {
        Set<String> learning = enabled ? state.learning() : Set.of();
        List<A> active = adapters.get(state.active());
        return HostReports.summary(
                baseParameters(),
                active,
                learning,
                bytes(state.merges()),
                HostReports.frozen(trainableHeads(), active));
    }
}
