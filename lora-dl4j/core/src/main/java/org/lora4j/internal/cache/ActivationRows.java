/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Activations by example: as many of an array's first indices for each row of the batch. */
final class ActivationRows {

    /** Rounding of a product may depend on where in it a row lies. */
    private static final double TOLERANCE = 1e-4;

    private ActivationRows() {}

    static void requireBlocks(Map<String, INDArray> activations, int rows) {
        Problems problems = new Problems();
        activations.forEach((name, array) -> problems.check(
                array.rank() > 0 && array.size(0) > 0 && array.size(0) % rows == 0,
                "activation \"" + name + "\" has the shape " + Arrays.toString(array.shape()) + " for a batch of "
                        + rows + " examples, which are not rows of examples"));
        refuseIfAny(problems);
    }

    /** Refuses activations that are not the reverse of those of the reversed batch. */
    static void requireIndependent(Map<String, INDArray> activations, Map<String, INDArray> ofReversed, int rows) {
        Problems problems = new Problems();
        activations.forEach((name, array) -> {
            INDArray reversed = reverse(ofReversed.get(name), rows);
            double difference = difference(array, reversed);
            reversed.close();
            problems.check(
                    isSame(difference),
                    "activation \"" + name + "\" of an example changes by " + difference
                            + " (relative to the largest value) when the batch is turned round, so it depends on the other"
                            + " examples of its batch");
        });
        refuseIfAny(problems);
    }

    static void refuseIfAny(Problems problems) {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("prefix cache")
                    + "; expected activations of each example by itself, because batches change from epoch to epoch. Use"
                    + " batches that stay together, such as Batches.shuffled, or train without the cache.");
        }
    }

    /** The largest difference of two activations, relative to the largest value. */
    static double difference(INDArray one, INDArray other) {
        return one.dataType().isFPType() ? relative(one, other) : one.equals(other) ? 0 : 1;
    }

    // Not the reverse: a NaN is for the training loop to report.
    static boolean isSame(double difference) {
        return !(difference > TOLERANCE);
    }

    private static double relative(INDArray one, INDArray other) {
        if (!Arrays.equals(one.shape(), other.shape())) {
            return Double.POSITIVE_INFINITY;
        }
        double largest = one.amaxNumber().doubleValue();
        INDArray difference = one.sub(other);
        double most = difference.amaxNumber().doubleValue();
        difference.close();
        return most == 0 ? 0 : most / largest;
    }

    /** The rows of a batch, last first. */
    static Map<String, INDArray> reversed(Map<String, INDArray> placeholders, int rows) {
        Map<String, INDArray> reversed = new LinkedHashMap<>();
        placeholders.forEach((name, array) -> reversed.put(
                name, array.rank() > 0 && array.size(0) == rows ? reverse(array, rows) : HostBytes.own(array)));
        return reversed;
    }

    private static INDArray reverse(INDArray array, int rows) {
        List<INDArray> blocks = new ArrayList<>();
        for (int row = rows - 1; row >= 0; row--) {
            blocks.add(block(array, row, rows));
        }
        return join(blocks);
    }

    /** A copy of what belongs to one row of the batch. */
    static INDArray block(INDArray array, int row, int rows) {
        long size = array.size(0) / rows;
        INDArrayIndex[] index = new INDArrayIndex[array.rank()];
        Arrays.fill(index, NDArrayIndex.all());
        index[0] = NDArrayIndex.interval(row * size, (row + 1) * size);
        return array.get(index).dup('c');
    }

    private static INDArray join(List<INDArray> blocks) {
        INDArray joined = Nd4j.concat(0, blocks.toArray(new INDArray[0]));
        blocks.forEach(INDArray::close);
        return joined;
    }

    static Map<String, INDArray> blocks(Map<String, INDArray> activations, int row, int rows) {
        Map<String, INDArray> blocks = new LinkedHashMap<>();
        activations.forEach((name, array) -> blocks.put(name, block(array, row, rows)));
        return blocks;
    }

    /** New arrays of the blocks of all rows. */
    static Map<String, INDArray> join(List<Map<String, INDArray>> rows, List<String> names) {
        Map<String, INDArray> joined = new LinkedHashMap<>();
        for (String name : names) {
            INDArray[] blocks = rows.stream().map(row -> row.get(name)).toArray(INDArray[]::new);
            // A single array is its own concatenation, not a copy.
            joined.put(name, blocks.length == 1 ? HostBytes.own(blocks[0]) : Nd4j.concat(0, blocks));
        }
        return joined;
    }
}
