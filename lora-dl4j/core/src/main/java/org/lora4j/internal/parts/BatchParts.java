/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.array.Blocks;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A batch cut along its first dimension.
 *
 * @param parts the placeholders of each part
 * @param starts the first row of each part, and the number of all
 * @apiNote Status: internal
 */
public record BatchParts(List<Map<String, INDArray>> parts, long[] starts) {

    /**
     * Cuts a batch in parts of about equal numbers of rows.
     *
     * @param placeholders arrays with a row for each example, and scalars
     */
    public static BatchParts of(Map<String, INDArray> placeholders, int most) {
        Map<Long, List<String>> byRows = new LinkedHashMap<>();
        placeholders.forEach((name, array) -> {
            if (array.rank() > 0) {
                byRows.computeIfAbsent(array.size(0), r -> new ArrayList<>()).add(name);
            }
        });
        if (byRows.size() > 1) {
            throw new IllegalArgumentException("parallel executor: placeholders differ in their first dimension, "
                    + byRows + " (rows: placeholders); expected one row of each for every example. Use a single"
                    + " executor for such a graph.");
        }
        long rows = byRows.isEmpty() ? 1 : byRows.keySet().iterator().next();
        int count = (int) Math.max(1, Math.min(most, rows));
        long[] starts = new long[count + 1];
        for (int i = 0; i <= count; i++) {
            starts[i] = rows * i / count;
        }
        List<Map<String, INDArray>> parts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            parts.add(count == 1 ? placeholders : part(placeholders, starts[i], starts[i + 1]));
        }
        return new BatchParts(parts, starts);
    }

    private static Map<String, INDArray> part(Map<String, INDArray> placeholders, long from, long to) {
        Map<String, INDArray> part = new LinkedHashMap<>();
        placeholders.forEach((name, array) -> part.put(name, array.rank() == 0 ? array : rows(array, from, to)));
        return part;
    }

    static INDArray rows(INDArray array, long from, long to) {
        INDArrayIndex[] index = new INDArrayIndex[array.rank()];
        index[0] = NDArrayIndex.interval(from, to);
        for (int i = 1; i < index.length; i++) {
            index[i] = NDArrayIndex.all();
        }
        return array.get(index).dup('c');
    }

    /**
     * How many parts there are.
     *
     * @return 1 or more
     */
    public int count() {
        return parts.size();
    }

    /**
     * What a part is run with.
     *
     * @param part from 0
     */
    public Map<String, INDArray> placeholders(int part) {
        return parts.get(part);
    }

    /** The arrays that were made for parts, to be closed when all have run. */
    OwnArrays copies(Map<String, INDArray> placeholders) {
        OwnArrays copies = new OwnArrays();
        parts.forEach(part -> copies.addNew(part.values(), placeholders.values()));
        return copies;
    }

    /**
     * How many rows a part has.
     *
     * @param part from 0
     */
    public long rows(int part) {
        return starts[part + 1] - starts[part];
    }

    double share(int part) {
        return (double) rows(part) / starts[starts.length - 1];
    }

    /** Adds the parts' arrays times factors in the first of them. */
    private static void sum(List<INDArray> arrays, double[] factors) {
        INDArray sum = arrays.get(0);
        if (arrays.size() > 1 && sum.dataType() == DataType.FLOAT) {
            FloatSum.intoFirst(arrays, factors);
        } else if (arrays.size() > 1) {
            sum.muli(factors[0]);
            for (int part = 1; part < arrays.size(); part++) {
                sum.addi(arrays.get(part).muli(factors[part]));
            }
        }
    }

    /** What is to be done with an array of a part that nobody needs any more. */
    @FunctionalInterface
    interface Disposal {
        void accept(int part, INDArray array);
    }

    /** The parts' losses and gradients in one: their sums, or the means by their rows, in the arrays of the first part. */
    LossAndGradients joined(List<LossAndGradients> results, boolean sums, Disposal others) {
        double[] factors = IntStream.range(0, count())
                .mapToDouble(part -> sums ? 1 : share(part))
                .toArray();
        double loss = 0;
        for (int part = 0; part < count(); part++) {
            loss += factors[part] * results.get(part).loss();
        }
        Map<String, INDArray> gradients = results.get(0).gradients();
        List<String> names = List.copyOf(gradients.keySet());
        List<List<INDArray>> arrays = names.stream()
                .map(name -> results.stream().map(r -> r.gradients().get(name)).toList())
                .toList();
        // Other types are added by ND4J, which has threads of its own.
        boolean floats = gradients.values().stream().allMatch(array -> array.dataType() == DataType.FLOAT);
        long[] lengths = gradients.values().stream().mapToLong(INDArray::length).toArray();
        Blocks.ofEach(floats ? count() : 1, lengths, i -> sum(arrays.get(i), factors));
        for (List<INDArray> one : arrays) {
            for (int part = 1; part < count(); part++) {
                others.accept(part, one.get(part));
            }
        }
        Set<String> unreached = new HashSet<>(results.get(0).unreached());
        results.forEach(result -> unreached.retainAll(result.unreached()));
        return new LossAndGradients(loss, gradients, unreached);
    }

    // In a new array: the parts' may be one and the same, a leaf of the graph.
    private INDArray meanOfScalars(String name, List<INDArray> scalars) {
        if (!scalars.get(0).dataType().isFPType()) {
            throw new IllegalArgumentException("parallel executor: output " + MessageText.name(name) + " is a single "
                    + scalars.get(0).dataType() + "; expected a row for each example, or a mean over them. Compute it"
                    + " with a single executor.");
        }
        double mean = 0;
        for (int part = 0; part < scalars.size(); part++) {
            mean += share(part) * scalars.get(part).getDouble(0);
        }
        return Nd4j.scalar(scalars.get(0).dataType(), mean);
    }

    INDArray join(String name, List<INDArray> arrays) {
        if (arrays.size() == 1) {
            return arrays.get(0);
        }
        if (arrays.get(0).rank() == 0) {
            return meanOfScalars(name, arrays);
        }
        for (int part = 0; part < arrays.size(); part++) {
            if (arrays.get(part).size(0) != rows(part)) {
                throw new IllegalArgumentException("parallel executor: output " + MessageText.name(name) + " has "
                        + arrays.get(part).size(0) + " rows for a part of " + rows(part)
                        + " rows; expected a row for each. Compute it with a single executor.");
            }
        }
        return Nd4j.concat(0, arrays.toArray(new INDArray[0]));
    }

    /** Joins arrays with a number of rows for each row of the batch. */
    INDArray joinBlocks(String name, List<INDArray> arrays) {
        if (arrays.size() == 1) {
            return arrays.get(0);
        }
        long block = arrays.get(0).rank() == 0 ? 0 : arrays.get(0).size(0) / rows(0);
        for (int part = 0; part < arrays.size(); part++) {
            INDArray array = arrays.get(part);
            if (array.rank() == 0 || block == 0 || array.size(0) != block * rows(part)) {
                throw new IllegalArgumentException(
                        "frozen prefix: variable " + MessageText.name(name) + " has the shape "
                                + Arrays.toString(array.shape()) + " for " + rows(part)
                                + " rows of a batch; expected as many rows for each. Train without inParallel, or without the"
                                + " cache.");
            }
        }
        return Nd4j.concat(0, arrays.toArray(new INDArray[0]));
    }

    /** Each part's share of arrays that {@link #joinBlocks} joined. */
    List<Map<String, INDArray>> blocks(Map<String, INDArray> joined) {
        if (count() == 1) {
            return List.of(joined);
        }
        List<Map<String, INDArray>> blocks = new ArrayList<>();
        for (int part = 0; part < count(); part++) {
            Map<String, INDArray> own = new LinkedHashMap<>();
            for (Map.Entry<String, INDArray> whole : joined.entrySet()) {
                INDArray array = whole.getValue();
                long block = array.size(0) / starts[starts.length - 1];
                own.put(whole.getKey(), rows(array, block * starts[part], block * starts[part + 1]));
            }
            blocks.add(own);
        }
        return blocks;
    }
}
