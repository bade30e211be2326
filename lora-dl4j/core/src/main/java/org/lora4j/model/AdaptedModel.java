/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A base model with adapters: the verbs that every host offers.
 *
 * <p><b>State.</b> Three states are kept apart, and none of them is expressed by writing to a weight or a factor:
 * <ul>
 *   <li><i>active</i>, for each adapter: whether it takes part in the output. Several may be active; they add up in the
 *       order of {@link #activeAdapters}.
 *   <li><i>trainable</i>, for each adapter: whether it learns when it is active.
 *   <li><i>enabled</i>, for the model: disabled, its output is that of the base in every value, whatever is active or
 *       merged.
 * </ul>
 * Merging is a fourth: a merged adapter acts through new weights instead of factors, which is faster and cannot learn.
 * While an adapter is merged the model neither trains nor changes what is active; {@link #unmerge} restores the
 * unmerged state exactly. Updates are added to the values that weights have without any merge, all of them in double
 * precision, and the sum is rounded once. So adapters merged one by one, together, and by files ({@code WeightMerge}) give
 * equal weights, and outputs differ from those with the adapters attached by what that one rounding does.
 *
 * <p>The base model is never changed by any of these verbs. A verb that throws has changed nothing.
 *
 * <p><b>Names.</b> The name of an adapter is free text that a folder could be called: not blank, not {@code .} or
 * {@code ..}, without slashes and control characters.
 *
 * <p><b>Threads.</b> One call at a time.
 *
 * @apiNote Status: stable
 */
public interface AdaptedModel {

    /** The name that an adapter gets where the caller gives none, as in PEFT. */
    String DEFAULT_ADAPTER = "default";

    /**
     * The modules that adapters can be attached to.
     *
     * @return all modules of the base, adapted or not, in the order in which the model applies them
     */
    List<? extends AdaptableModule> modules();

    /**
     * Adds a fresh adapter. It is trainable and not active.
     *
     * @param name a name that no adapter has
     * @param config what to adapt and how
     * @param seed source of the start values: each module draws from a stream of its own, made from the seed and the
     *     module's path
     * @throws IllegalArgumentException if the name is taken or no name for a folder, or the config asks for what this
     *     model cannot do
     * @throws org.lora4j.error.NoMatchingModuleException if a target, exclude, pattern key or module to save matches
     *     nothing; the message lists all of them with the closest names
     */
    void addAdapter(String name, AdapterConfig config, long seed);

    /**
     * Adds an adapter that has its values. It is neither trainable nor active.
     *
     * @param name a name that no adapter has
     * @param adapter the adapter; its arrays are copied
     * @throws IllegalArgumentException if the name is taken or no name for a folder, or the adapter does not fit: it has
     *     tensors for modules that the model lacks, lacks tensors for modules that its config adapts, or shapes differ.
     *     The message lists every problem
     */
    void addAdapter(String name, Adapter adapter);

    /**
     * The values of an adapter now.
     *
     * @param name name of an adapter
     * @return a copy, which later training does not change
     * @throws IllegalArgumentException if there is no such adapter
     */
    Adapter adapter(String name);

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
    Adapter plainAdapter(String name);

    /**
     * The parameters of the base without any adapter, for what works on weights alone ({@code ModelWeights.of(model)}).
     *
     * @return how to get each, by path ({@code encoder.layer.0.attention.self.query.weight}), in the layout of adapter files:
     *     linear {@code [out, in]}, convolution {@code [out, in, k...]}, embedding {@code [vocabulary, dimension]}; of a
     *     quantized base what it computes with. The arrays are only to be read
     */
    Map<String, Supplier<INDArray>> baseWeights();

    /**
     * The adapters of this model.
     *
     * @return names in the order in which they were added
     */
    List<String> adapterNames();

    /**
     * Makes exactly these adapters active, in this order, and no others. Does not touch what is trainable.
     *
     * @param names names of adapters; none for no active adapter
     * @throws IllegalArgumentException if a name is unknown or given twice, or two of them hold a fully trained copy of
     *     the same parameter
     * @throws IllegalStateException if an adapter is merged
     */
    void activate(String... names);

    /**
     * The active adapters, merged ones included.
     *
     * @return names in the order in which they are applied
     */
    List<String> activeAdapters();

    /**
     * Says whether an adapter learns while it is active.
     *
     * @param name name of an adapter
     * @param trainable whether it learns
     * @throws IllegalArgumentException if there is no such adapter
     */
    void setTrainable(String name, boolean trainable);

    /**
     * Whether an adapter learns while it is active.
     *
     * @param name name of an adapter
     * @return true if it does
     * @throws IllegalArgumentException if there is no such adapter
     */
    boolean isTrainable(String name);

    /** Switches all adapters off: the output is the base's in every value. No effect if they are off. */
    void disable();

    /** Switches adapters on again, in the state they were in. No effect if they are on. */
    void enable();

    /**
     * Whether adapters are switched on.
     *
     * @return true unless {@link #disable} was called last
     */
    boolean isEnabled();

    /**
     * Switches adapters off for a block: {@code try (var off = model.disabled()) { ... }}.
     *
     * @return closing it restores the state from before the call; closing it again has no effect
     */
    Disabled disabled();

    /**
     * A block in which adapters are switched off.
     *
     * @apiNote Status: stable
     */
    @FunctionalInterface
    interface Disabled extends AutoCloseable {

        /** Restores the state from before. */
        @Override
        void close();
    }

    /**
     * Merges all active adapters into new weights.
     *
     * @return what changed, and what it cost in precision and memory
     * @throws IllegalStateException if adapters are disabled, none is active, one is merged already, or a merged weight
     *     would hold a value that is not finite
     */
    MergeReport merge();

    /**
     * Merges some of the active adapters into new weights; the others stay attached.
     *
     * @param names names of active adapters that are not merged
     * @return what changed, and what it cost in precision and memory
     * @throws IllegalArgumentException if no name is given, one is given twice or is unknown
     * @throws IllegalStateException if adapters are disabled, one of these is not active or is merged already, or a merged
     *     weight would hold a value that is not finite
     */
    MergeReport merge(String... names);

    /**
     * Undoes all merges; the weights are the base's own again, bit for bit.
     *
     * @throws IllegalStateException if nothing is merged
     */
    void unmerge();

    /**
     * The merged adapters.
     *
     * @return names, in the order in which they were merged
     */
    List<String> mergedAdapters();

    /**
     * Removes an adapter.
     *
     * @param name name of an adapter that is neither active nor merged
     * @throws IllegalArgumentException if there is no such adapter
     * @throws IllegalStateException if it is active or merged
     */
    void removeAdapter(String name);

    /**
     * The state of every module.
     *
     * @return one entry for each of {@link #modules}, in their order, then one for each parameter that an adapter adapts
     *     as such
     */
    List<ModuleStatus> status();

    /**
     * Counts numbers.
     *
     * @return the counts of the current state
     */
    ParameterSummary parameterSummary();
}
