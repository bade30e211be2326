/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Arrays;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.Exponential;
import org.lora4j.internal.array.HyperbolicTangent;
import org.lora4j.internal.array.RowLoops;
import org.lora4j.internal.array.ThreadArrays;
import org.lora4j.internal.engine.kernel.ChunkedLoss.Squash;
import org.lora4j.quant.StoredWeight;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Cross-entropy over many classes, of which some are computed at a time: a tile of logits, some rows by some classes, is made,
 * used and forgotten. The largest logit so far, the sum of the exponentials below it, and the sum of classes weighed by them are
 * carried from tile to tile, and scaled when a larger one comes (Milakov and Gimelshein 2018, <i>Online normalizer calculation
 * for softmax</i>, arXiv:1805.02867). So each class is read once for all rows, and there are as many products as with all logits.
 *
 * <pre>loss = log sum exp(z) - z[target],   d loss / d x = softmax(z) W - W[target]</pre>
 */
final class LossTiles {

    /** Rows that go through together: classes are read as often as there are so many. */
    private static final int ROWS = 1024;

    /** Values of a tile: 8 MB. Smaller ones make products slower. */
    private static final int TILE = 2 << 20;

    private static final int LEAST_CLASSES = 256;

    /** The matrix that makes logits, class by class. */
    interface Weight {

        long classes();

        /** So many of the classes, at least the number given, are computed at a time. */
        long most(long wanted);

        /** Some classes as an operand; forgotten when the next ones are asked for. */
        Factor some(long first, long count);

        /** What {@link #some} gave, the other way around. */
        default Factor back(Factor some) {
            return new Factor(some.array(), !some.transposed(), false);
        }

        /** The weights of one class. */
        void read(long which, float[] values);

        default void close() {}

        static Weight of(INDArray array, boolean transposed) {
            return new OfArray(array, transposed);
        }

        static Weight of(StoredWeight stored) {
            return new OfStored(stored);
        }
    }

    private record OfArray(INDArray array, boolean transposed) implements Weight {

        @Override
        public long classes() {
            return array.size(transposed ? 0 : 1);
        }

        @Override
        public long most(long wanted) {
            return wanted;
        }

        @Override
        public Factor some(long first, long count) {
            return new Factor(classes(NDArrayIndex.interval(first, first + count)), transposed, false);
        }

        private INDArray classes(INDArrayIndex which) {
            INDArrayIndex all = NDArrayIndex.all();
            return transposed ? array.get(which, all) : array.get(all, which);
        }

        @Override
        public void read(long which, float[] values) {
            INDArray one = classes(NDArrayIndex.interval(which, which + 1));
            try (DenseArray dense = DenseArray.rowMajor(one)) {
                dense.read(0L, values, Math.toIntExact(one.length()));
            }
        }
    }

    private static final class OfStored implements Weight {

        private final StoredWeight stored;
        private INDArray buffer;

        OfStored(StoredWeight stored) {
            this.stored = stored;
        }

        @Override
        public long classes() {
            return stored.rows();
        }

        @Override
        public long most(long wanted) {
            return Math.min(wanted, Math.max(1, StoredProduct.BUFFER / stored.columns()));
        }

        @Override
        public Factor some(long first, long count) {
            if (buffer == null) {
                buffer = Nd4j.createUninitializedDetached(DataType.FLOAT, count * stored.columns());
            }
            INDArray rows = matrix(buffer, count, stored.columns());
            stored.read(first, count, rows);
            return new Factor(rows, true, false);
        }

        @Override
        public void read(long which, float[] values) {
            stored.read(which, 1, values);
        }

        @Override
        public void close() {
            if (buffer != null) {
                buffer.close();
            }
        }
    }

    private final Weight weight;
    private final Squash squash;
    private final Multiplier multiplier;

    LossTiles(Weight weight, Squash squash, Multiplier multiplier) {
        this.weight = weight;
        this.squash = squash;
        this.multiplier = multiplier;
    }

    private static INDArray matrix(INDArray buffer, long rows, long columns) {
        return Nd4j.create(buffer.data(), new long[] {rows, columns}, new long[] {columns, 1}, 0, 'c');
    }

    /** Writes the losses and, if it is not null, the gradient of each by its row of x. */
    void run(INDArray x, int[] targets, INDArray losses, INDArray gradients) {
        int rows = Math.min(ROWS, targets.length);
        long classes = weight.most(Math.min(weight.classes(), Math.max(LEAST_CLASSES, TILE / rows)));
        long tiles = (weight.classes() + classes - 1) / classes;
        // Tiles of about the same size: a product with a few columns is a slow one.
        long step = (weight.classes() + tiles - 1) / tiles;
        float[] found = new float[targets.length];
        try (INDArray tile = Nd4j.createUninitializedDetached(DataType.FLOAT, rows * step)) {
            for (int from = 0; from < targets.length; from += rows) {
                int to = Math.min(targets.length, from + rows);
                INDArrayIndex some = NDArrayIndex.interval(from, to);
                Part part = new Part(
                        x.get(some, NDArrayIndex.all()),
                        Arrays.copyOfRange(targets, from, to),
                        gradients == null ? null : gradients.get(some, NDArrayIndex.all()));
                for (long first = 0; first < weight.classes(); first += step) {
                    part.add(first, Math.min(step, weight.classes() - first), tile);
                }
                part.finish(found, from);
            }
        } finally {
            weight.close();
        }
        try (DenseArray out = DenseArray.toBeWritten(losses)) {
            out.write(0L, found, found.length);
            out.flush();
        }
    }

    /** Rows that go through together. */
    private final class Part {

        private final INDArray x;
        private final int[] targets;
        private final INDArray gradients;
        private final int rows;
        private final float[] largest;
        private final double[] sums;
        private final float[] ofTarget;
        private final float[] slopeOfTarget;
        private final float[] scales;

        Part(INDArray x, int[] targets, INDArray gradients) {
            this.x = x;
            this.targets = targets;
            this.gradients = gradients;
            this.rows = targets.length;
            this.largest = new float[rows];
            this.sums = new double[rows];
            this.ofTarget = new float[rows];
            this.slopeOfTarget = new float[rows];
            this.scales = new float[rows];
            Arrays.fill(largest, Float.NEGATIVE_INFINITY);
        }

        void add(long first, long count, INDArray memory) {
            INDArray tile = matrix(memory, rows, count);
            Factor classes = weight.some(first, count);
            multiplier.multiply(new Factor(x, false, false), classes, tile, 0);
            exponentials(first, Math.toIntExact(count), tile);
            if (gradients != null) {
                if (first > 0) {
                    scaleGradients(scales);
                }
                multiplier.multiply(
                        new Factor(tile, false, false), weight.back(classes), gradients, first == 0 ? 0 : 1);
            }
        }

        /** Products become exponentials below the largest so far, times the slope of what was done to them before. */
        private void exponentials(long first, int count, INDArray tile) {
            DenseArray values = DenseArray.toBeWritten(tile);
            Blocks.run((long) rows * count, count, (block, from, length) -> {
                float[] z = ThreadArrays.array(0, length);
                float[] ofRow = ThreadArrays.array(1, length);
                values.read(from, z, length);
                float[] slopes = squash(z, length);
                int start = (int) (from / count);
                for (int row = 0; row < length / count; row++) {
                    before(start + row, first, count, z, slopes, row * count);
                    Arrays.fill(ofRow, row * count, (row + 1) * count, largest[start + row]);
                }
                RowLoops.subtract(ofRow, z, length);
                Exponential.apply(z, length);
                for (int row = 0; row < length / count; row++) {
                    sums[start + row] += RowLoops.sum(z, row * count, count);
                }
                if (gradients != null) {
                    if (slopes != null) {
                        RowLoops.multiply(slopes, z, length);
                    }
                    values.write(from, z, length);
                }
            });
        }

        private void before(int row, long first, int count, float[] z, float[] slopes, int at) {
            long target = targets[row] - first;
            if (target >= 0 && target < count) {
                ofTarget[row] = z[at + (int) target];
                slopeOfTarget[row] = slopes == null ? (float) squash.outer() : slopes[at + (int) target];
            }
            float most = Math.max(largest[row], RowLoops.max(z, at, count));
            // Of nothing at first, and of rows that have no finite logit, nothing is left.
            scales[row] = largest[row] == most ? 1 : (float) Math.exp(largest[row] - most);
            largest[row] = most;
            sums[row] *= scales[row];
        }

        /** Products become logits. Returns their slopes, null if these are all the same. */
        private float[] squash(float[] z, int length) {
            if (!squash.capped()) {
                if (squash.outer() != 1) {
                    RowLoops.multiply(z, 0, length, (float) squash.outer());
                }
                return null;
            }
            float[] slopes = ThreadArrays.array(2, length);
            float inner = (float) squash.inner();
            float outer = (float) squash.outer();
            RowLoops.multiply(z, 0, length, inner);
            HyperbolicTangent.apply(z, length);
            for (int i = 0; i < length; i++) {
                slopes[i] = inner * outer * (1 - z[i] * z[i]);
            }
            RowLoops.multiply(z, 0, length, outer);
            return slopes;
        }

        private void scaleGradients(float[] factors) {
            for (float factor : factors) {
                if (factor != 1) {
                    ofGradients((row, values, at, width) -> RowLoops.multiply(values, at, width, factors[row]));
                    return;
                }
            }
        }

        private void ofGradients(RowWork work) {
            int width = Math.toIntExact(gradients.size(1));
            DenseArray all = DenseArray.rowMajor(gradients);
            Blocks.run((long) rows * width, width, (block, from, length) -> {
                float[] values = ThreadArrays.array(0, length);
                all.read(from, values, length);
                int start = (int) (from / width);
                for (int row = 0; row < length / width; row++) {
                    work.run(start + row, values, row * width, width);
                }
                all.write(from, values, length);
            });
        }

        void finish(float[] losses, int at) {
            for (int row = 0; row < rows; row++) {
                losses[at + row] = (float) (largest[row] + Math.log(sums[row]) - ofTarget[row]);
            }
            if (gradients != null) {
                float common = squash.capped() ? 1 : (float) squash.outer();
                ofGradients((row, values, from, width) -> {
                    float[] target = ThreadArrays.array(1, width);
                    weight.read(targets[row], target);
                    float share = (float) (common / sums[row]);
                    float slope = slopeOfTarget[row];
                    for (int i = 0; i < width; i++) {
                        values[from + i] = share * values[from + i] - slope * target[i];
                    }
                });
            }
        }
    }

    /** Changes one row, which is part of an array. */
    private interface RowWork {
        void run(int row, float[] values, int from, int width);
    }
}
