/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.lora4j.dl4j.layer.FrozenValues;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.error.Problems;

/**
 * Stock layers around others. They stay stock, with adapted layers inside, and so need no class of their own.
 *
 * <p>{@code Bidirectional} has the inner layer twice and puts {@code f} and {@code b} before the names of parameters. It
 * gives both directions parts of the same size, and asks the forward one how to update either: both are adapted alike.
 *
 * @apiNote Status: internal
 */
public final class Wrappers {

    private static final Set<Class<?>> PLAIN = Set.of(LastTimeStep.class, TimeDistributed.class, MaskZeroLayer.class);
    private static final List<String> DIRECTIONS = List.of("f", "b");

    private Wrappers() {}

    static boolean isWrapper(Layer layer) {
        return layer instanceof Bidirectional || PLAIN.contains(layer.getClass());
    }

    /** The layer that has the parameters; of two directions the forward one. */
    public static Layer inner(Layer layer) {
        return isWrapper(layer) ? inner(wrapped(layer)) : layer;
    }

    private static Layer wrapped(Layer layer) {
        return layer instanceof Bidirectional both ? both.getFwd() : ((BaseWrapperLayer) layer).getUnderlying();
    }

    /** Whether there is a layer with two directions, which wants parameters to divide. */
    static boolean hasDirections(Layer layer) {
        return layer instanceof Bidirectional || (isWrapper(layer) && hasDirections(wrapped(layer)));
    }

    static List<LayerWeight> weights(Layer layer) {
        List<LayerWeight> inner = LayerKinds.weights(wrapped(layer));
        return layer instanceof Bidirectional
                ? DIRECTIONS.stream()
                        .flatMap(direction -> inner.stream().map(weight -> named(direction, weight)))
                        .toList()
                : inner;
    }

    private static LayerWeight named(String direction, LayerWeight weight) {
        String bias = weight.bias() == null ? null : direction + weight.bias();
        return new LayerWeight(direction + weight.name(), weight.shape(), weight.layout(), bias);
    }

    /** A slot of a layer as the innermost layer has it. */
    public static LoraSlot inside(Layer layer, LoraSlot slot) {
        if (!isWrapper(layer)) {
            return slot;
        }
        return inside(
                wrapped(layer),
                layer instanceof Bidirectional ? slot.of(slot.weight().substring(1)) : slot);
    }

    static Optional<LoraSettings> settings(Layer layer) {
        Optional<LoraSettings> inner = LayerKinds.settings(wrapped(layer));
        if (!(layer instanceof Bidirectional both)) {
            return inner;
        }
        return inner.flatMap(forward -> LayerKinds.settings(both.getBwd()).map(backward -> joined(forward, backward)));
    }

    private static LoraSettings joined(LoraSettings forward, LoraSettings backward) {
        List<LoraSlot> slots = Stream.concat(
                        forward.slots().stream().map(slot -> slot.of("f" + slot.weight())),
                        backward.slots().stream().map(slot -> slot.of("b" + slot.weight())))
                .toList();
        List<String> learning = Stream.concat(
                        forward.learning().stream().map(name -> "f" + name),
                        backward.learning().stream().map(name -> "b" + name))
                .toList();
        return new LoraSettings(slots, learning, false);
    }

    /** Bidirectional adds up, TimeDistributed reshapes the gradient of the input without asking whether there is one. */
    static boolean canEndGradients(Layer layer) {
        return !(layer instanceof Bidirectional)
                && !(layer instanceof TimeDistributed)
                && LayerKinds.canEndGradients(wrapped(layer));
    }

    static Layer adapt(Layer layer, LoraSettings settings) {
        if (layer instanceof Bidirectional both) {
            return adaptBoth(both, settings);
        }
        BaseWrapperLayer copy = (BaseWrapperLayer) layer.clone();
        boolean lowest = settings.lowest() && canEndGradients(layer);
        LoraSettings inside = new LoraSettings(settings.slots(), settings.learning(), lowest, settings.outside());
        copy.setUnderlying(LayerKinds.adapt(copy.getUnderlying(), inside));
        return copy;
    }

    private static Layer adaptBoth(Bidirectional layer, LoraSettings settings) {
        LoraSettings forward = direction("f", settings);
        LoraSettings backward = direction("b", settings);
        Problems problems = new Problems();
        problems.addAll(differences(settings, forward, backward));
        problems.throwIfAny(name(layer));
        Bidirectional copy = (Bidirectional) layer.clone();
        copy.setFwd(LayerKinds.adapt(layer.getFwd(), forward));
        copy.setBwd(LayerKinds.adapt(layer.getBwd(), backward));
        // It remembers the parameters of the layers that were inside before.
        copy.setInitializer(null);
        return copy;
    }

    // Adds the gradients of both directions, and so neither may leave its own out.
    private static LoraSettings direction(String prefix, LoraSettings settings) {
        List<LoraSlot> slots = new ArrayList<>();
        for (LoraSlot slot : settings.slots()) {
            if (slot.weight().startsWith(prefix)) {
                slots.add(slot.of(slot.weight().substring(1)));
            }
        }
        List<String> learning = settings.learning().stream()
                .filter(name -> name.startsWith(prefix))
                .map(name -> name.substring(1))
                .toList();
        FrozenValues outside =
                settings.outside() == null ? null : settings.outside().half(prefix.equals("b"));
        return new LoraSettings(slots, learning, false, outside);
    }

    private static String name(Bidirectional layer) {
        return "layer \"" + layer.getLayerName() + "\" (Bidirectional)";
    }

    /** What keeps both directions from being adapted alike. */
    static List<String> problems(Layer layer, LoraSettings settings) {
        if (!(layer instanceof Bidirectional both)) {
            return LayerKinds.problems(wrapped(layer), settings);
        }
        LoraSettings forward = direction("f", settings);
        List<String> problems = new ArrayList<>(LayerKinds.problems(wrapped(layer), forward));
        differences(settings, forward, direction("b", settings))
                .forEach(problem -> problems.add(name(both) + ": " + problem));
        return problems;
    }

    private static List<String> differences(LoraSettings settings, LoraSettings forward, LoraSettings backward) {
        Problems problems = new Problems();
        List<String> f = forward.slots().stream().map(Wrappers::kept).toList();
        List<String> b = backward.slots().stream().map(Wrappers::kept).toList();
        problems.check(
                f.equals(b),
                "updates of the forward direction " + f + " and of the backward direction " + b
                        + ", expected the same weights, ranks and biases, all trained or none");
        problems.check(
                forward.learning().equals(backward.learning()),
                "trained parameters of the forward direction " + forward.learning() + " and of the backward direction "
                        + backward.learning() + ", expected the same");
        problems.check(
                f.size() + b.size() == settings.slots().size(),
                "weights " + settings.slots().stream().map(LoraSlot::weight).toList()
                        + ", expected names that start with f or b");
        return problems.list();
    }

    private static String kept(LoraSlot slot) {
        return slot.weight() + " of adapter " + slot.index() + ", rank " + slot.rank()
                + (slot.bias() ? ", with bias" : "")
                + (slot.thin() ? "" : ", " + slot.arithmetic().traits().name())
                + (slot.isTrained(slot.b()) ? "" : ", B as it started")
                + (slot.learns() ? "" : ", frozen");
    }
}
