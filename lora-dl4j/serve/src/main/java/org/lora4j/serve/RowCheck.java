/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Which variables of a base keep the rows of a batch apart, one after the other along their first axis: found out by
 * running a batch of examples, and each of its first rows alone.
 */
final class RowCheck {

    private static final int MOST_ROWS = 3;

    /** Far above what rounds differently in a larger batch, far below what another order of the values does. */
    private static final double TOLERANCE = 1e-3;

    private final int rows;
    private final Map<String, INDArray> whole;
    private final List<Map<String, INDArray>> single;

    private RowCheck(int rows, Map<String, INDArray> whole, List<Map<String, INDArray>> single) {
        this.rows = rows;
        this.whole = whole;
        this.single = single;
    }

    /**
     * Runs a base on its first rows, together and each alone.
     *
     * @param run gives the values of variables for inputs
     * @param example inputs with two rows or more along the first axis of each
     */
    static RowCheck of(UnaryOperator<Map<String, INDArray>> run, Map<String, INDArray> example) {
        int rows = (int) Math.min(MOST_ROWS, example.values().iterator().next().size(0));
        List<Map<String, INDArray>> single = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            single.add(withInputs(run, rows(example, row, row + 1)));
        }
        return new RowCheck(rows, withInputs(run, rows(example, 0, rows)), single);
    }

    private static Map<String, INDArray> withInputs(
            UnaryOperator<Map<String, INDArray>> run, Map<String, INDArray> inputs) {
        Map<String, INDArray> values = new LinkedHashMap<>(inputs);
        values.putAll(run.apply(inputs));
        return values;
    }

    /** Whether there are values of a variable. */
    boolean has(String variable) {
        return whole.containsKey(variable);
    }

    /** Refuses outputs that do not keep rows apart. */
    void requireApart(List<String> outputs) {
        Problems problems = new Problems();
        for (String output : outputs) {
            String problem = problem(output, -1);
            problems.check(problem == null, "output \"" + output + "\" has no row for each row of a batch: " + problem);
        }
        problems.throwIfAny("AdapterServer");
    }

    /** Copies of some rows. */
    static Map<String, INDArray> rows(Map<String, INDArray> arrays, long from, long to) {
        Map<String, INDArray> rows = new LinkedHashMap<>();
        arrays.forEach((name, array) -> rows.put(name, rows(array, from, to)));
        return rows;
    }

    static INDArray rows(INDArray array, long from, long to) {
        if (from == 0 && to == array.size(0)) {
            return array.dup('c');
        }
        INDArrayIndex[] index = new INDArrayIndex[array.rank()];
        Arrays.fill(index, NDArrayIndex.all());
        index[0] = NDArrayIndex.interval(from, to);
        // A view of one row may lose an axis.
        long[] shape = array.shape().clone();
        shape[0] = to - from;
        return array.get(index).dup('c').reshape('c', shape);
    }

    /** The number of axes of a variable. */
    int axes(String variable) {
        return whole.get(variable).rank();
    }

    /**
     * Why a variable does not keep rows apart, one after the other.
     *
     * @param lastAxis the size that its last axis must have, or -1 for any
     * @return the reason, or null if it does
     */
    String problem(String variable, long lastAxis) {
        return problem(variable, lastAxis, RowOrder.ONE_AFTER_THE_OTHER);
    }

    /**
     * Why a variable does not keep rows apart in this order.
     *
     * @param lastAxis the size that its last axis must have, or -1 for any
     * @return the reason, or null if it does
     */
    String problem(String variable, long lastAxis, RowOrder order) {
        INDArray batch = whole.get(variable);
        String shape = Arrays.toString(batch.shape());
        if (!batch.dataType().isFPType() || batch.rank() < 1 || lastAxis >= 0 && batch.size(-1) != lastAxis) {
            return "\"" + variable + "\" is " + batch.dataType() + shape + " for " + rows + " rows";
        }
        double[] values = values(batch);
        boolean differ = false;
        for (int row = 0; row < rows; row++) {
            double[] alone = values(single.get(row).get(variable));
            if (values.length != rows * alone.length || batch.size(0) % rows != 0) {
                return "\"" + variable + "\" has shape " + shape + " for " + rows + " rows, and " + alone.length
                        + " elements for one row";
            }
            double largest = Arrays.stream(alone).map(Math::abs).max().orElse(0);
            int width = Math.toIntExact(batch.rank() == 0 ? 1 : batch.size(-1));
            for (int i = 0; i < alone.length; i++) {
                double together = values[order.index(row, i, rows, alone.length, width)];
                if (!near(together, alone[i], largest)) {
                    return "row " + row + " of \"" + variable + "\" " + shape
                            + " has other values in a batch than alone";
                }
                differ |= !near(together, values[order.index(0, i, rows, alone.length, width)], largest);
            }
        }
        return differ ? null : "all rows of \"" + variable + "\" are equal in the example; expected rows that differ";
    }

    /** Whether a variable is the same for a batch and for each of its rows. */
    boolean isShared(String variable) {
        return single.stream().allMatch(of -> isEqual(whole.get(variable), of.get(variable)));
    }

    /** Whether a variable has along its first axis what it is for each row alone; rows need not differ. */
    boolean isOfEach(String variable) {
        INDArray batch = whole.get(variable);
        for (int row = 0; row < rows; row++) {
            INDArray alone = single.get(row).get(variable);
            boolean each = batch.rank() == alone.rank()
                    && alone.rank() > 0
                    && alone.size(0) == 1
                    && batch.size(0) == rows
                    && isEqual(rows(batch, row, row + 1), alone);
            if (!each) {
                return false;
            }
        }
        return true;
    }

    private static boolean isEqual(INDArray one, INDArray other) {
        if (!Arrays.equals(one.shape(), other.shape())) {
            return false;
        }
        double[] values = values(one);
        double[] others = values(other);
        double largest = Arrays.stream(others).map(Math::abs).max().orElse(0);
        for (int i = 0; i < values.length; i++) {
            if (!near(values[i], others[i], largest)) {
                return false;
            }
        }
        return true;
    }

    private static boolean near(double one, double other, double largest) {
        return Math.abs(one - other) <= TOLERANCE * largest || one == other || Double.isNaN(one) && Double.isNaN(other);
    }

    private static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }
}
