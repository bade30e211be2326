/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorTrait;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The tensors that all modules of an adapter share, of which each module uses the first values along each axis. An adapter
 * holds each of them once, and every module has the whole.
 */
final class SharedTensors {

    private SharedTensors() {}

    /** Puts the whole in the place of the parts that modules hold; {@code problems} receives parts that disagree. */
    static void unite(AdapterConfig config, Map<String, Map<String, INDArray>> modules, Problems problems) {
        for (String suffix : suffixes(config, modules)) {
            Map<String, INDArray> parts = new TreeMap<>();
            modules.forEach((path, tensors) -> {
                if (tensors.containsKey(suffix)) {
                    parts.put(path, tensors.get(suffix));
                }
            });
            INDArray first = parts.values().iterator().next();
            if (parts.values().stream().anyMatch(part -> part != first)) {
                parts.forEach((path, part) -> checkPart(config, path, modules.get(path), suffix, problems));
            }
            if (!problems.isEmpty()) {
                return;
            }
            INDArray whole = whole(suffix, parts, problems);
            if (whole != null) {
                parts.keySet().forEach(path -> modules.get(path).put(suffix, whole));
            }
        }
    }

    /** What hides in the whole: a part of which nothing is left, and sizes that all modules have in common. */
    private static void checkPart(
            AdapterConfig config, String path, Map<String, INDArray> tensors, String suffix, Problems problems) {
        String where = "module \"" + path + "\": ";
        INDArray part = tensors.get(suffix);
        AdapterChecks.checkElements(where + suffix, part, problems);
        Map<String, long[]> shapes = new TreeMap<>();
        tensors.forEach((name, array) -> shapes.put(name, array.shape()));
        AdapterMethods.of(config, path)
                .problems(shapes, config.rankOf(path))
                .forEach(problem -> problems.add(where + problem));
    }

    private static INDArray whole(String suffix, Map<String, INDArray> parts, Problems problems) {
        INDArray first = parts.values().iterator().next();
        if (parts.values().stream().allMatch(part -> part == first)) {
            return first;
        }
        long[] shape = first.shape().clone();
        for (Map.Entry<String, INDArray> part : parts.entrySet()) {
            if (part.getValue().rank() != shape.length) {
                problems.add("module \"" + part.getKey() + "\": " + suffix + " has shape "
                        + Arrays.toString(part.getValue().shape()) + ", expected as many axes as "
                        + Arrays.toString(first.shape()) + " of the other modules, which share it");
                return null;
            }
            Arrays.setAll(shape, axis -> Math.max(shape[axis], part.getValue().size(axis)));
        }
        INDArray whole = Nd4j.create(first.dataType(), shape);
        parts.values().forEach(part -> whole.get(first(part)).assign(part));
        parts.forEach((path, part) -> problems.check(
                ArrayBytes.same(whole.get(first(part)).reshape(part.shape()).dup('c'), part),
                "module \"" + path + "\": " + suffix + " of shape " + Arrays.toString(part.shape())
                        + " differs from that of another module, expected the first values of one tensor that all share,"
                        + " of shape " + Arrays.toString(whole.shape())));
        return whole;
    }

    private static INDArrayIndex[] first(INDArray part) {
        return Arrays.stream(part.shape())
                .mapToObj(size -> NDArrayIndex.interval(0, size))
                .toArray(INDArrayIndex[]::new);
    }

    /**
     * Gives the tensors of a file that belong to no module to every module that has factors; {@code problems} receives those
     * that modules repeat with other values.
     */
    static void distribute(
            Map<PeftTensor, INDArray> shared, Map<String, Map<String, INDArray>> modules, Problems problems) {
        modules.forEach((path, tensors) -> {
            if (!tensors.keySet().equals(Set.of(PeftTensor.TOKEN_ROWS.suffix()))) {
                shared.forEach((tensor, array) -> {
                    INDArray repeated = tensors.put(tensor.suffix(), array);
                    if (repeated != null && repeated != array && !ArrayBytes.same(repeated, array)) {
                        String where = "module \"" + path + "\" repeats " + tensor.suffix();
                        AdapterChecks.checkElements(where + ", which", repeated, problems);
                        problems.add(where + " with other values of shape " + Arrays.toString(repeated.shape())
                                + ", expected those that all modules share, of shape "
                                + Arrays.toString(array.shape()));
                    }
                });
            }
        });
    }

    /** What is shared, by suffix, in order. */
    static Map<String, INDArray> of(Adapter adapter) {
        Map<String, INDArray> shared = new LinkedHashMap<>();
        suffixes(adapter.config(), adapter.modules())
                .forEach(suffix -> adapter.modules().values().stream()
                        .filter(tensors -> tensors.containsKey(suffix))
                        .findFirst()
                        .ifPresent(tensors -> shared.put(suffix, tensors.get(suffix))));
        return shared;
    }

    private static Set<String> suffixes(AdapterConfig config, Map<String, Map<String, INDArray>> modules) {
        Set<String> suffixes = new TreeSet<>();
        modules.forEach((path, tensors) -> tensors.keySet().stream()
                .filter(suffix -> AdapterMethods.of(config, path).traits().is(suffix, FactorTrait.SHARED))
                .forEach(suffixes::add));
        return suffixes;
    }
}
