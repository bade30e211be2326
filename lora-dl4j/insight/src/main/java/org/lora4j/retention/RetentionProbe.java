/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.retention;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.InnerProducts;
import org.lora4j.internal.array.Matrix;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Compares a model with its base on examples that have nothing to do with its task.
 *
 * <p>Encode the examples once with the base; then with the adapter on, off, merged, at part strength ({@link
 * org.lora4j.combine.AdapterAlgebra#rescale}), or with a fully fine-tuned copy. The probe tells how far features drift, how
 * many nearest neighbors stay, and what heads for earlier tasks still get right. With the adapter off the difference is
 * exactly zero: {@link Retention#isExact()}.
 *
 * <p><b>State.</b> Immutable, and safe for any number of threads. Keeps the base's features in double precision. Comparing
 * neighbors takes the square of the number of examples in time and memory.
 *
 * @apiNote Status: experimental
 */
public final class RetentionProbe {

    private static final int NEIGHBORS = 10;

    private final Matrix base;
    private final double length;
    private final int neighbors;
    private final int[][] near;
    private final List<EarlierHead> heads;
    private final Map<String, Double> baseAccuracy;

    private RetentionProbe(Builder builder) {
        this.base = builder.base;
        this.length = Math.sqrt(squares(base));
        this.neighbors = builder.neighbors;
        this.near = FeatureRows.neighbors(base, neighbors);
        this.heads = List.copyOf(builder.heads);
        this.baseAccuracy = accuracy(base);
    }

    /**
     * Starts a probe.
     *
     * @param baseFeatures what the base makes of the examples, {@code [examples, width]}; copied
     * @return a builder
     * @throws IllegalArgumentException if there are fewer than two examples, a value is not finite, or all are zero
     */
    public static Builder builder(INDArray baseFeatures) {
        Matrix base = matrix("features of the base", baseFeatures);
        Problems problems = new Problems();
        problems.check(base.rows() >= 2, base.rows() + " examples, expected 2 or more");
        problems.check(base.largest() > 0, "all features are zero, expected some that differ");
        problems.throwIfAny("features of the base");
        return new Builder(base);
    }

    private static Matrix matrix(String where, INDArray features) {
        if (features.rank() != 2 || features.isEmpty() || !features.dataType().isFPType()) {
            throw new IllegalArgumentException(where + ": " + features.dataType() + Arrays.toString(features.shape())
                    + "; expected floating point numbers [examples, width]. Pool or reshape them.");
        }
        Matrix rows = Matrix.of(features, Math.toIntExact(features.size(0)));
        for (int i = 0; i < rows.rows(); i++) {
            for (double value : rows.row(i)) {
                if (!Double.isFinite(value)) {
                    throw new IllegalArgumentException(where + ": " + value + " in example " + i
                            + "; expected finite numbers. Find out where the model leaves them.");
                }
            }
        }
        return rows;
    }

    private static double squares(Matrix rows) {
        double sum = 0;
        for (int i = 0; i < rows.rows(); i++) {
            sum += InnerProducts.inOrder(rows.row(i), rows.row(i));
        }
        return sum;
    }

    /**
     * Compares one state of a model with the base.
     *
     * @param state what to call it
     * @param features what the model makes of the same examples in the same order
     * @return the figures
     * @throws IllegalArgumentException if the shape is not that of the base's features, or a value is not finite
     */
    public Retention measure(String state, INDArray features) {
        Matrix now = matrix("features of \"" + state + "\"", features);
        if (now.rows() != base.rows() || now.columns() != base.columns()) {
            throw new IllegalArgumentException("features of " + MessageText.name(state) + ": shape ["
                    + now.rows() + ", " + now.columns() + "]; expected [" + base.rows() + ", " + base.columns()
                    + "] as of the base. Encode the same examples in the same order.");
        }
        double distance = 0;
        double squares = 0;
        double largest = 0;
        for (int i = 0; i < base.rows(); i++) {
            double[] before = base.row(i);
            double[] after = now.row(i);
            for (int j = 0; j < before.length; j++) {
                double difference = after[j] - before[j];
                squares += difference * difference;
                largest = Math.max(largest, Math.abs(difference));
            }
            // Of equal rows rounding leaves a cosine that is not quite 1.
            distance += Arrays.equals(before, after)
                    ? 0
                    : 1 - InnerProducts.inOrder(FeatureRows.unit(before), FeatureRows.unit(after));
        }
        return new Retention(
                state,
                distance / base.rows(),
                Math.sqrt(squares) / length,
                largest,
                overlap(FeatureRows.neighbors(now, neighbors)),
                accuracy(now));
    }

    private double overlap(int[][] now) {
        long kept = 0;
        for (int i = 0; i < near.length; i++) {
            for (int neighbor : near[i]) {
                for (int other : now[i]) {
                    kept += neighbor == other ? 1 : 0;
                }
            }
        }
        return (double) kept / ((long) near.length * neighbors);
    }

    private Map<String, Double> accuracy(Matrix features) {
        Map<String, Double> accuracy = new LinkedHashMap<>();
        heads.forEach(head -> accuracy.put(head.name(), head.accuracy(features)));
        return accuracy;
    }

    /**
     * Compares several states.
     *
     * @param states features by what to call the state
     * @return the figures, in the order of the map
     * @throws IllegalArgumentException as for {@link #measure}
     */
    public RetentionReport report(Map<String, INDArray> states) {
        List<Retention> measured = new ArrayList<>();
        states.forEach((state, features) -> measured.add(measure(state, features)));
        return new RetentionReport(base.rows(), base.columns(), neighbors, baseAccuracy, measured);
    }

    /**
     * Describes a probe.
     *
     * @apiNote Status: experimental
     */
    public static final class Builder {

        private final Matrix base;
        private final List<EarlierHead> heads = new ArrayList<>();
        private int neighbors;

        private Builder(Matrix base) {
            this.base = base;
            this.neighbors = Math.min(NEIGHBORS, base.rows() - 1);
        }

        /**
         * Sets how many nearest neighbors are compared.
         *
         * @param count 1 or more, fewer than examples; 10 by default, or as many as there are
         * @return this
         */
        public Builder neighbors(int count) {
            neighbors = count;
            return this;
        }

        /**
         * Adds a head for an earlier task.
         *
         * @param head the head
         * @return this
         */
        public Builder head(EarlierHead head) {
            heads.add(head);
            return this;
        }

        /**
         * Builds the probe.
         *
         * @return a probe
         * @throws IllegalArgumentException if the number of neighbors is out of range, or a head does not fit or has the
         *     name of another; the message lists all of it
         */
        public RetentionProbe build() {
            Problems problems = new Problems();
            problems.check(
                    neighbors >= 1 && neighbors < base.rows(),
                    "neighbors = " + neighbors + ", expected 1 to " + (base.rows() - 1));
            for (EarlierHead head : heads) {
                String problem = head.problem(base.rows(), base.columns());
                problems.check(problem == null, problem);
            }
            long names = heads.stream().map(EarlierHead::name).distinct().count();
            problems.check(names == heads.size(), "two heads of one name, expected a name for each");
            problems.throwIfAny("retention probe");
            return new RetentionProbe(this);
        }
    }

    @Override
    public String toString() {
        return "RetentionProbe[" + base.rows() + " examples of " + base.columns() + " features, " + neighbors
                + " neighbors, " + heads.size() + " heads]";
    }
}
