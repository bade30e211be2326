/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What was trained, for a model to take it in: parameters that were trained in full, and adapters, which are merged
 * afterwards.
 *
 * <p><b>State.</b> Collects. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: internal
 */
public final class Trained {

    private static final String WEIGHT = ".weight";

    private final List<Adapter> adapters;
    private ModelWeights weights = ModelWeights.of(Map.of());

    /** With the adapters of a list that may still grow. */
    public Trained(List<Adapter> adapters) {
        this.adapters = adapters;
    }

    /**
     * Sets all parameters of the model.
     *
     * @param all the parameters, in PyTorch's names and layout
     */
    public void set(String call, ModelWeights all) {
        weights = Objects.requireNonNull(all, call + ": weights are null; expected those of a model");
    }

    /**
     * Whether there is anything.
     *
     * @return false if there is
     */
    public boolean isEmpty() {
        return adapters.isEmpty() && weights.names().isEmpty();
    }

    /**
     * The adapters.
     *
     * @return in the order in which they are merged
     */
    public List<Adapter> adapters() {
        return adapters;
    }

    /**
     * The names of the parameters of a model as they are here.
     *
     * @param where the call, for messages
     * @return by name in the model the name here
     * @throws IncompatibleBaseException if more than one prefix fits
     */
    public Map<String, String> aligned(String where, Collection<String> parameters) throws IncompatibleBaseException {
        Set<String> wanted = new LinkedHashSet<>();
        Set<String> others = new LinkedHashSet<>();
        for (Adapter adapter : adapters) {
            adapter.modules().keySet().forEach(path -> wanted.add(PeftKeys.withoutWrappers(path) + WEIGHT));
            others.addAll(adapter.savedParameters().keySet());
        }
        for (String name : weights.names()) {
            (parameters.stream().anyMatch(inModel -> isSame(inModel, name)) ? wanted : others).add(name);
        }
        return AlignedNames.of(where, parameters, wanted, others);
    }

    private static boolean isSame(String one, String other) {
        return one.equals(other) || one.endsWith("." + other) || other.endsWith("." + one);
    }

    /**
     * Whether a parameter gets other values.
     *
     * @param before its values in the model, or null if they cannot be read
     * @return true if so
     */
    public boolean changes(String name, INDArray before) {
        boolean replaced = weights.names().contains(name) && (before == null || !ArrayBytes.same(before, dense(name)));
        return replaced
                || adapters.stream()
                        .anyMatch(adapter -> adapter.savedParameters().containsKey(name)
                                || name.endsWith(WEIGHT)
                                        && adapter.modules()
                                                .containsKey(name.substring(0, name.length() - WEIGHT.length())));
    }

    /**
     * Puts the parameters into a model; those that it does not have are added.
     *
     * @param where the call, for messages
     * @param model arrays by name here, which are replaced
     * @throws IncompatibleBaseException if the parameters are of another model; the message lists every difference
     */
    void replace(String where, Map<String, INDArray> model) throws IncompatibleBaseException {
        if (weights.names().isEmpty()) {
            return;
        }
        Problems problems = new Problems();
        Set<String> missing = new LinkedHashSet<>();
        model.forEach((name, array) -> {
            if (!weights.names().contains(name)) {
                if (name.endsWith(WEIGHT) || name.endsWith(".bias")) {
                    missing.add(name);
                }
            } else if (!Arrays.equals(array.shape(), weights.shape(name))) {
                problems.add("\"" + name + "\" has shape " + Arrays.toString(weights.shape(name)) + " in the weights,"
                        + " expected " + Arrays.toString(array.shape()) + " as in the model");
            }
        });
        problems.check(
                missing.isEmpty(), "the weights lack " + Problems.quoted(missing) + ", expected all of the model");
        if (!problems.isEmpty()) {
            throw new IncompatibleBaseException(
                    problems.message(where) + ". The weights are of another model: export into the one they began as.");
        }
        Map<String, INDArray> replaced = new LinkedHashMap<>();
        for (String name : weights.names()) {
            INDArray before = model.get(name);
            INDArray value = dense(name);
            replaced.put(name, before == null ? value : value.castTo(before.dataType()));
        }
        model.putAll(replaced);
    }

    private INDArray dense(String name) {
        INDArray array = weights.get(name);
        return array.isView() || array.ordering() != 'c' ? array.dup('c') : array;
    }

    @Override
    public String toString() {
        return weights + ", " + adapters.size() + " adapters";
    }
}
