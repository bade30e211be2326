/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.AdapterConfig.TargetUse;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.AdapterMethods;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonInclude;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * What a layer adds to its stock kind: low-rank updates, and which of its own parameters still learn. All others are
 * frozen.
 *
 * @param slots the updates, in the order in which they are added
 * @param learning names of parameters of the stock layer that are trained, for instance {@code b}; empty for none
 * @param lowest whether nothing below this layer learns, so that the layer computes no gradient of its input
 * @param outside where the frozen parameters lie if they are none of the network's; null if they are
 * @apiNote Status: experimental
 */
public record LoraSettings(
        List<LoraSlot> slots,
        List<String> learning,
        boolean lowest,
        @JsonInclude(JsonInclude.Include.NON_NULL) FrozenValues outside)
        implements Serializable {

    /**
     * Copies the lists.
     *
     * @param slots the updates
     * @param learning trained parameters of the stock layer
     * @param lowest whether nothing below learns
     * @param outside where the frozen parameters lie, or null
     */
    @JsonCreator
    public LoraSettings(
            @JsonProperty("slots") List<LoraSlot> slots,
            @JsonProperty("learning") List<String> learning,
            @JsonProperty("lowest") boolean lowest,
            @JsonProperty("outside") FrozenValues outside) {
        this.slots = List.copyOf(Objects.requireNonNullElse(slots, List.of()));
        this.learning = List.copyOf(Objects.requireNonNullElse(learning, List.of()));
        this.lowest = lowest;
        this.outside = outside;
    }

    /**
     * A layer with all its parameters in the network.
     *
     * @param slots the updates
     * @param learning trained parameters of the stock layer
     * @param lowest whether nothing below learns
     */
    public LoraSettings(List<LoraSlot> slots, List<String> learning, boolean lowest) {
        this(slots, learning, lowest, null);
    }

    /**
     * A layer without updates, all of it frozen.
     *
     * @return the settings
     */
    public static LoraSettings frozen() {
        return new LoraSettings(List.of(), List.of(), false);
    }

    /**
     * An update of each weight of a layer that is used from scratch. Targets, layers and patterns of the config do not
     * count: the layer is the target. Kinds of layers that a method does not fit refuse it when they are initialized.
     *
     * @param config a config of any method: its numbers, start values, and whether the layer's own bias learns
     * @param seed source of start values and of dropout
     * @param weights names of weights of the layer; {@code W} if none is given
     * @return the settings
     * @throws IllegalArgumentException if the method trains its targets themselves, as LN tuning and trainable tokens do
     */
    public static LoraSettings of(AdapterConfig config, long seed, String... weights) {
        List<LoraSlot> slots = Stream.of(weights.length == 0 ? new String[] {"W"} : weights)
                .map(weight -> new LoraSlot(
                        0,
                        weight,
                        config.rankOf(weight),
                        config.scalingOf(weight),
                        config.dropout(),
                        true,
                        method(config, weight).traits().biasEffect() == BiasEffect.ADDS,
                        config.initialization(),
                        seed,
                        method(config, weight).traits().id()))
                .toList();
        return new LoraSettings(slots, config.bias() == BiasTraining.NONE ? List.of() : List.of("b"), false);
    }

    private static AdapterMethod method(AdapterConfig config, String weight) {
        if (config.targetUse() != TargetUse.FACTORS) {
            throw new IllegalArgumentException("LoraSettings.of: " + config.peftType()
                    + " trains its targets themselves; expected a method with factors. Use the stock layer.");
        }
        return AdapterMethods.of(config, weight);
    }

    /**
     * An update of rank 8 and alpha 8 with seed 0.
     *
     * @param weights names of weights of the layer; {@code W} if none is given
     * @return the settings of layers from scratch where none are given
     */
    public static LoraSettings standard(String... weights) {
        LoraConfig config =
                LoraConfig.builder().targetModules(ModuleSelector.allLinear()).build();
        return of(config, 0, weights);
    }

    /**
     * Whether there are updates.
     *
     * @return false if all of the layer is frozen or learns as it is
     */
    public boolean adapts() {
        return !slots.isEmpty();
    }

    /**
     * Whether a parameter is trained.
     *
     * @param parameter name of a parameter of the stock layer or of a slot
     * @return false for frozen ones
     */
    public boolean learns(String parameter) {
        if (learning.contains(parameter)) {
            return true;
        }
        for (LoraSlot slot : slots) {
            if (slot.learns() && isFactor(slot, parameter) && slot.isTrained(parameter)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether a parameter is one of a slot.
     *
     * @param parameter name of a parameter
     * @return false for those of the stock layer
     */
    public boolean isFactor(String parameter) {
        return slots.stream().anyMatch(slot -> isFactor(slot, parameter));
    }

    private static boolean isFactor(LoraSlot slot, String parameter) {
        return slot.names().contains(parameter);
    }

    /**
     * The slots of a weight.
     *
     * @param weight name of the weight
     * @return its slots in their order
     */
    public List<LoraSlot> of(String weight) {
        List<LoraSlot> own = new ArrayList<>(slots.size());
        for (LoraSlot slot : slots) {
            if (slot.weight().equals(weight)) {
                own.add(slot);
            }
        }
        return own;
    }
}
