/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.lora4j.error.Arguments;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.AdapterMethod.Order;
import org.lora4j.method.AdapterMethod.Place;

/**
 * What a method says of itself: its names, its factors, and the facts by which hosts decide where and beside what it acts.
 *
 * <p>Example: <pre>{@code
 * MethodTraits traits = MethodTraits.builder("HRA", "HRA")
 *         .place(Place.INPUT)
 *         .multiplies(true)
 *         .order(Order.FIRST_FIRST)
 *         .factor("hra_u", "U")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class MethodTraits {

    private final Builder values;

    private MethodTraits(Builder values) {
        this.values = values;
    }

    /**
     * Starts the traits of a method that acts on the weight, does nothing to biases, adds, and may act beside any other.
     *
     * @param name its name in messages and reports, such as {@code LoRA}
     * @param saved its name in saved networks, which therefore stays as it is: capitals, digits and underscores
     * @return a new builder
     */
    public static Builder builder(String name, String saved) {
        return new Builder(name, saved);
    }

    /**
     * Starts the traits of a variant.
     *
     * @return a builder with these traits
     */
    public Builder toBuilder() {
        return new Builder(values);
    }

    /**
     * The name of the method in messages and reports.
     *
     * @return a short name, for instance {@code LoRA}
     */
    public String name() {
        return values.name;
    }

    /**
     * The option by which a config asks for the method, for messages.
     *
     * @return the name of a flag; empty if the kind of config says it all
     */
    public Optional<String> option() {
        return Optional.ofNullable(values.option);
    }

    /**
     * The name of the method in saved networks without the options of a variant.
     *
     * @return a name without spaces
     */
    public String savedName() {
        return values.saved;
    }

    /**
     * What saved networks call the method: its name, and behind a colon the options of the variant if there are any, as {@link
     * AdapterMethods#named} reads them.
     *
     * @return such as {@code C3A:block=4}; with {@link BiasEffect#ADDS} or not it tells every variant apart
     */
    public String id() {
        return values.options.isEmpty() ? values.saved : MethodOptions.id(values.saved, values.options);
    }

    /**
     * Where the method acts, as long as it is not merged.
     *
     * @return the place whose operation is used; that on the weight is there for all
     */
    public Place place() {
        return values.place;
    }

    /**
     * What the method does to the bias of a module.
     *
     * @return the effect of {@link AdapterMethod#bias}
     */
    public BiasEffect biasEffect() {
        return values.biasEffect;
    }

    /**
     * The order in which several active adapters change a weight, and outputs; inputs they change in the opposite one.
     *
     * @return the order, the same for all variants of a method
     */
    public Order order() {
        return values.order;
    }

    /**
     * Whether the method multiplies what other adapters add, so that it acts in a module with adapters of its own kind alone.
     *
     * @return true if so
     */
    public boolean multiplies() {
        return values.multiplies;
    }

    /**
     * Whether the method scales what the adapters before it added, and not those after it, so that their order counts.
     *
     * @return true for DoRA, which has {@link AdapterMethod#scaleOfOthers}
     */
    public boolean scalesOthers() {
        return values.scalesOthers;
    }

    /**
     * Whether at most one adapter of the method acts in a module at a time.
     *
     * @return true for what changes the base for itself
     */
    public boolean isSingle() {
        return values.single;
    }

    /**
     * Whether every update has the rank that the config says, and keeps it when the adapter becomes plain LoRA, whatever rank is
     * asked for (PEFT: MiSS).
     *
     * @return false if the update may be given another one
     */
    public boolean keepsRank() {
        return values.keepsRank;
    }

    /**
     * Whether the method has its word in each step of a training, by a {@link StepRule}.
     *
     * @return true if it is not trained by its gradients alone
     */
    public boolean hasStepRule() {
        return values.stepRule;
    }

    /**
     * What the method leaves out of updates while it learns.
     *
     * @return probabilities, mostly of nothing; hosts give what they drew as {@link Factors#kept}
     */
    public UpdateDropout updateDropout() {
        return values.updateDropout;
    }

    /**
     * The suffixes of the factors of a module whose shape is not known yet.
     *
     * @return one for each of {@link #shortNames}, in their order
     */
    public List<String> suffixes() {
        return List.copyOf(values.shortNames.keySet());
    }

    /**
     * Short names of the factors, for hosts that name parameters themselves.
     *
     * @return letters, in the order of {@link #suffixes}; no digits, as hosts put numbers behind
     */
    public List<String> shortNames() {
        return List.copyOf(values.shortNames.values());
    }

    /**
     * Every suffix that a factor may have, those of single kinds of modules included.
     *
     * @return suffixes
     */
    public Set<String> allSuffixes() {
        return Collections.unmodifiableSet(values.factors.keySet());
    }

    /**
     * Whether a factor has a trait.
     *
     * @param suffix a suffix of {@link AdapterMethod#factors}
     * @param trait the trait
     * @return false as well for suffixes that the method does not have
     */
    public boolean is(String suffix, FactorTrait trait) {
        return values.factors.getOrDefault(suffix, Set.of()).contains(trait);
    }

    /**
     * Puts adapters in the order in which they change a weight.
     *
     * @param active something of each active adapter of a module, in the order in which they were made active
     * @param method tells of each the method
     * @param <E> what of the adapters
     * @return the same elements
     */
    public static <E> List<E> ordered(List<E> active, Function<E, AdapterMethod> method) {
        List<E> ordered = new ArrayList<>(active);
        if (active.stream().anyMatch(adapter -> method.apply(adapter).traits().order() == Order.LAST_FIRST)) {
            Collections.reverse(ordered);
        }
        return ordered;
    }

    /**
     * Collects traits.
     *
     * <p><b>Threads.</b> For one thread.
     *
     * @apiNote Status: experimental
     */
    public static final class Builder {

        private final String name;
        private final String saved;
        private final Map<String, Object> options = new TreeMap<>();
        private final Map<String, String> shortNames = new LinkedHashMap<>();
        private final Map<String, Set<FactorTrait>> factors = new LinkedHashMap<>();
        private String option;
        private Place place = Place.WEIGHT;
        private BiasEffect biasEffect = BiasEffect.NONE;
        private Order order = Order.ANY;
        private boolean multiplies;
        private boolean scalesOthers;
        private boolean single;
        private boolean keepsRank;
        private boolean stepRule;
        private UpdateDropout updateDropout = UpdateDropout.NONE;

        private Builder(String name, String saved) {
            this.name = Arguments.required(name, "MethodTraits: name", "one for messages");
            this.saved = Arguments.required(saved, "MethodTraits: saved", "a name for saved networks");
        }

        private Builder(Builder other) {
            this(other.name, other.saved);
            options.putAll(other.options);
            shortNames.putAll(other.shortNames);
            factors.putAll(other.factors);
            option = other.option;
            place = other.place;
            biasEffect = other.biasEffect;
            order = other.order;
            multiplies = other.multiplies;
            scalesOthers = other.scalesOthers;
            single = other.single;
            keepsRank = other.keepsRank;
            stepRule = other.stepRule;
            updateDropout = other.updateDropout;
        }

        /**
         * Sets the option by which a config asks for the method.
         *
         * @param flag the name of a flag, for messages
         * @return this builder
         */
        public Builder option(String flag) {
            option = flag;
            return this;
        }

        /**
         * Adds an option of the variant, which saved networks have behind the name.
         *
         * @param key the name of the option
         * @param value its value, whose text {@link MethodOptions} reads
         * @return this builder
         */
        public Builder variant(String key, Object value) {
            options.put(key, value);
            return this;
        }

        /**
         * Sets where the method acts.
         *
         * @param where {@link Place#WEIGHT} by default
         * @return this builder
         */
        public Builder place(Place where) {
            place = Arguments.required(where, "MethodTraits: place", "a Place");
            return this;
        }

        /**
         * Sets what the method does to the bias of a module.
         *
         * @param effect {@link BiasEffect#NONE} by default
         * @return this builder
         */
        public Builder biasEffect(BiasEffect effect) {
            biasEffect = Arguments.required(effect, "MethodTraits: biasEffect", "a BiasEffect");
            return this;
        }

        /**
         * Sets the order of several active adapters.
         *
         * @param which {@link Order#ANY} by default
         * @return this builder
         */
        public Builder order(Order which) {
            order = Arguments.required(which, "MethodTraits: order", "an Order");
            return this;
        }

        /**
         * Sets whether the method multiplies what others add.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder multiplies(boolean flag) {
            multiplies = flag;
            return this;
        }

        /**
         * Sets whether the method scales what the adapters before it added.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder scalesOthers(boolean flag) {
            scalesOthers = flag;
            return this;
        }

        /**
         * Sets whether at most one adapter of the method acts in a module at a time.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder single(boolean flag) {
            single = flag;
            return this;
        }

        /**
         * Sets whether every update keeps the rank of the config.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder keepsRank(boolean flag) {
            keepsRank = flag;
            return this;
        }

        /**
         * Sets whether the method has its word in each step of a training.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder stepRule(boolean flag) {
            stepRule = flag;
            return this;
        }

        /**
         * Sets what the method leaves out of updates while it learns; it is an option of the variant, too.
         *
         * @param dropout {@link UpdateDropout#NONE} by default
         * @return this builder
         */
        public Builder updateDropout(UpdateDropout dropout) {
            updateDropout = Arguments.required(dropout, "MethodTraits: updateDropout", "probabilities");
            options.putAll(dropout.options());
            return this;
        }

        /**
         * Adds a factor, in the order of {@link AdapterMethod#factors}.
         *
         * @param suffix what follows the module's path in a file, such as {@code lora_A.weight}
         * @param shortName letters by which hosts name the parameter, unique in the method
         * @param traits what is special about it
         * @return this builder
         */
        public Builder factor(String suffix, String shortName, FactorTrait... traits) {
            shortNames.put(suffix, shortName);
            return otherSuffix(suffix, traits);
        }

        /**
         * Adds a suffix that a factor has in modules of another kind, such as A of LoRA in embeddings.
         *
         * @param suffix what follows the module's path in a file
         * @param traits what is special about it
         * @return this builder
         */
        public Builder otherSuffix(String suffix, FactorTrait... traits) {
            factors.put(suffix, Set.copyOf(Arrays.asList(traits)));
            return this;
        }

        /** Says of a factor that no file holds it. */
        void unsaved(String suffix) {
            Set<FactorTrait> more = EnumSet.of(FactorTrait.UNSAVED);
            more.addAll(factors.get(suffix));
            factors.put(suffix, Set.copyOf(more));
        }

        /**
         * Leaves out the factors that a variant does not have.
         *
         * @param suffixes those that it has
         * @return this builder
         */
        public Builder only(Set<String> suffixes) {
            shortNames.keySet().retainAll(suffixes);
            factors.keySet().retainAll(suffixes);
            return this;
        }

        /**
         * Makes the traits.
         *
         * @return the traits
         */
        public MethodTraits build() {
            return new MethodTraits(new Builder(this));
        }
    }
}
