/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Whether factors are those of a module. */
final class FactorShapes {

    /** As for sizes of configs. */
    private static final int LARGEST_SIZE = 1 << 24;

    private FactorShapes() {}

    /** Refuses factors that are not those of a method in a module, whatever their rank, and cuts what is shared. */
    static Map<String, INDArray> fitting(AdapterMethod method, ModuleShape shape, Map<String, INDArray> factors) {
        Map<String, long[]> found = shapes(factors);
        int rank = method.ranks(shape, found)
                .filter(size -> same(method.factors(shape, size), shapes(method.cut(shape, size, factors))))
                .findFirst()
                .orElse(0);
        if (rank == 0) {
            throw new IllegalArgumentException(
                    method.traits().name() + ", module of shape " + shape + ": found " + text(found)
                            + "; expected " + text(method.factors(shape, 1)) + " or the like of another rank."
                            + " The factors belong to another module or another base model.");
        }
        Map<String, INDArray> fitting = method.cut(shape, rank, factors);
        List<String> misfits = method.misfits(shape, fitting);
        if (!misfits.isEmpty()) {
            throw new IllegalArgumentException(method.traits().name() + ", module of shape " + shape + ": "
                    + misfits.get(0) + ". The factors belong to another module or another base model.");
        }
        return fitting;
    }

    /** Refuses settings of a method that nothing can be divided by, or that are beyond the sizes of models. */
    static void requireSizes(String method, int least, Map<String, Integer> sizes) {
        Problems problems = new Problems();
        new TreeMap<>(sizes)
                .forEach((name, size) -> problems.check(
                        size >= least && size <= LARGEST_SIZE,
                        name + " = " + size + ", expected " + least + " to " + LARGEST_SIZE));
        problems.throwIfAny(method);
    }

    static Map<String, INDArray> cut(AdapterMethod method, Map<String, long[]> expected, Map<String, INDArray> found) {
        Map<String, INDArray> cut = new LinkedHashMap<>(found);
        expected.forEach((suffix, shape) -> {
            if (method.traits().is(suffix, FactorTrait.SHARED)
                    && found.containsKey(suffix)
                    && isWithin(shape, found.get(suffix).shape())) {
                INDArrayIndex[] first = Arrays.stream(shape)
                        .mapToObj(size -> NDArrayIndex.interval(0, size))
                        .toArray(INDArrayIndex[]::new);
                cut.put(suffix, found.get(suffix).get(first).reshape(shape));
            }
        });
        return cut;
    }

    private static boolean isWithin(long[] part, long[] whole) {
        return part.length == whole.length
                && IntStream.range(0, part.length).allMatch(axis -> part[axis] <= whole[axis]);
    }

    /** Refuses a kind of module that a method has no factors for, and a rank below 1. */
    static void require(String method, ModuleShape shape, int rank, ModuleShape.Kind... kinds) {
        if (!List.of(kinds).contains(shape.kind()) || shape.isGrouped()) {
            String expected = Arrays.stream(kinds)
                    .map(kind -> kind.name().toLowerCase(Locale.ROOT))
                    .collect(Collectors.joining(" or "));
            throw new IllegalArgumentException(method + ", module of shape " + shape
                    + ": this kind has no such update; expected a module of kind " + expected
                    + (shape.isGrouped() ? ", of one group" : "") + ". Exclude the module.");
        }
        if (rank < 1) {
            throw new IllegalArgumentException(
                    method + ", module of shape " + shape + ": rank = " + rank + "; expected 1 or more. Set the rank.");
        }
    }

    /** What is wrong with factors whose suffixes, and all axes that do not depend on the module, are known: -1 is any size. */
    static List<String> problems(Map<String, long[]> expected, Map<String, long[]> found) {
        List<String> problems = new ArrayList<>();
        if (!found.keySet().equals(expected.keySet())) {
            problems.add("found " + text(found) + ", expected " + expected.keySet());
        }
        expected.forEach((suffix, shape) -> {
            long[] own = found.getOrDefault(suffix, shape);
            boolean fits = own.length == shape.length
                    && IntStream.range(0, shape.length).allMatch(axis -> shape[axis] < 0 || shape[axis] == own[axis]);
            if (!fits) {
                problems.add("found " + text(Map.of(suffix, own)) + ", expected "
                        + Arrays.stream(shape)
                                .mapToObj(size -> size < 0 ? "any" : Long.toString(size))
                                .collect(Collectors.joining(", ", "[", "]"))
                        + " by the config");
            }
        });
        return problems;
    }

    static Map<String, long[]> shapes(Map<String, INDArray> factors) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        factors.forEach((suffix, factor) -> shapes.put(suffix, factor.shape()));
        return shapes;
    }

    static boolean same(Map<String, long[]> expected, Map<String, long[]> found) {
        return expected.keySet().equals(found.keySet())
                && expected.entrySet().stream()
                        .allMatch(factor -> Arrays.equals(factor.getValue(), found.get(factor.getKey())));
    }

    static long length(long[] shape) {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    static String text(Map<String, long[]> shapes) {
        return shapes.entrySet().stream()
                .map(factor -> factor.getKey() + " " + Arrays.toString(factor.getValue()))
                .sorted()
                .collect(Collectors.joining(", "));
    }
}
