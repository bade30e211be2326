/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.Arrays;
import java.util.List;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.train.Progress;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Fits a linear head to fixed vectors: {@code sum of losses + |W|^2 / (2 C)}, a convex problem with one solution, solved to
 * its end. {@code C} means what it means in LibLinear, for vectors of length 1: others are scaled to that length on average
 * while the problem is solved. Each of several labels or numbers is a problem of its own, so that others beside it change nothing.
 * The bias is not held back.
 *
 * <p>Weights that no vector has a product with only cost norm, so none are in the solution: few vectors are fitted in
 * coordinates of the space that they span ({@link RowSpan}), which is the same problem in fewer numbers.
 *
 * <p>An iteration costs two products of the features with a matrix as wide as the head, and an exponential for each row and
 * output; both run on several threads where ND4J may use them. Losses are added up in the same order on any number of threads.
 *
 * @apiNote Status: internal
 */
public final class HeadFit implements AutoCloseable {

    /** Gradients of mean losses that are no more than what FLOAT rounds. */
    private static final double ROUNDING = 1e-9;

    /** A basis takes rows * rows * inputs steps, and saves steps of inputs * outputs in each of some hundred iterations. */
    private static final int WORTH_A_SPAN = 1_000;

    private final HeadKind kind;
    private final int rows;
    private final int inputs;
    private final int outputs;
    private final RowSpan span;
    private final int width;
    private final double scale;
    private final INDArray features;
    /** Weights before a product, their gradients after the other. */
    private final INDArray weights;
    /** Logits, and then their gradients. */
    private final INDArray logits;

    private final float[][] targets;
    private boolean biased = true;
    private double precision = 0.01;
    private int mostIterations = 500;
    private Progress.Stage stage = Progress.none().stage("", "iterations", 0);

    /**
     * Takes vectors and what a head should make of them.
     *
     * @param kind what the numbers of the head mean
     * @param features one or more, all of the same length
     * @param targets for each of them
     */
    public HeadFit(HeadKind kind, List<float[]> features, List<float[]> targets) {
        this.kind = kind;
        this.rows = features.size();
        this.inputs = features.get(0).length;
        this.outputs = targets.get(0).length;
        this.targets = targets.toArray(float[][]::new);
        double norms = 0;
        for (float[] row : features) {
            double square = 0;
            for (float value : row) {
                square += (double) value * value;
            }
            norms += Math.sqrt(square);
        }
        this.scale = norms > 0 ? rows / norms : 1;
        boolean few = 2 * rows <= inputs && (long) rows * rows <= (long) WORTH_A_SPAN * outputs;
        RowSpan found = few ? new RowSpan(features) : null;
        this.span = found == null || found.dimension() == 0 ? null : found;
        this.width = span == null ? inputs : span.dimension();
        float[] all = new float[rows * width];
        for (int i = 0; i < rows; i++) {
            float[] row = span == null ? features.get(i) : span.row(i);
            for (int j = 0; j < width; j++) {
                all[i * width + j] = (float) (scale * row[j]);
            }
        }
        this.features = Nd4j.create(all, new long[] {rows, width}, 'c');
        this.weights = Nd4j.create(DataType.FLOAT, new long[] {width, outputs}, 'c');
        this.logits = Nd4j.create(DataType.FLOAT, new long[] {rows, outputs}, 'c');
    }

    /** Has iterations counted. */
    public HeadFit reporting(Progress.Stage counter) {
        stage = counter;
        return this;
    }

    /** Leaves the bias where it begins. */
    HeadFit withoutBias() {
        biased = false;
        return this;
    }

    /**
     * Has problems solved as exactly as asked. A bound on the gradient alone would not do: the more rows, the less of the gradient of
     * their mean loss is the norm's, and the solution for a tenth of the cost would pass for one.
     *
     * @param share how far from the solution the weights may end, at most, in lengths of themselves: the problem is curved by the
     *     norm at least, so what is left of the gradient bounds that distance; 0.01 if not said
     */
    public HeadFit within(double share) {
        precision = share;
        return this;
    }

    /** Ends a fit after so many iterations all the same; 500 if not said. */
    HeadFit withMostIterations(int most) {
        mostIterations = most;
        return this;
    }

    /**
     * The solution for {@code cost}.
     *
     * @param cost above 0
     * @param start where to begin, such as the solution for another cost
     */
    public LinearHead solve(double cost, LinearHead start) {
        int length = width * outputs;
        double[] x = new double[length + outputs];
        float[] from = span == null ? start.weight() : span.within(start.weight(), outputs);
        for (int i = 0; i < length; i++) {
            x[i] = from[i] / scale;
        }
        for (int j = 0; j < outputs; j++) {
            x[length + j] = start.bias()[j];
        }
        double decay = kind.share(outputs) / (cost * rows);
        Lbfgs.minimize(
                (at, gradient) -> value(at, gradient, decay),
                x,
                at -> Math.max(ROUNDING, precision * decay * Lbfgs.norm(Arrays.copyOf(at, length))),
                mostIterations);
        float[] weight = new float[length];
        for (int i = 0; i < length; i++) {
            weight[i] = (float) (x[i] * scale);
        }
        float[] bias = new float[outputs];
        for (int j = 0; j < outputs; j++) {
            bias[j] = (float) x[length + j];
        }
        return new LinearHead(inputs, outputs, span == null ? weight : span.without(weight, outputs), bias);
    }

    /** The problem divided by the number of rows: mean loss and {@code decay / 2 |W|^2}. */
    private double value(double[] x, double[] gradient, double decay) {
        stage.advance(1);
        int length = width * outputs;
        float[] w = new float[length];
        double penalty = 0;
        for (int i = 0; i < length; i++) {
            w[i] = (float) x[i];
            penalty += x[i] * x[i];
        }
        DenseArray.rowMajor(weights).write(0, w, length);
        multiply(features, weights, logits);
        double loss = losses(Arrays.copyOfRange(x, length, x.length), gradient);
        multiply(features.transpose(), logits, weights);
        DenseArray.rowMajor(weights).read(0, w, length);
        for (int i = 0; i < length; i++) {
            gradient[i] = w[i] + decay * x[i];
        }
        return loss / rows + decay / 2 * penalty;
    }

    /** Adds up losses, makes gradients of logits, and writes those of the bias behind those of the weights. */
    private double losses(double[] bias, double[] gradient) {
        DenseArray all = DenseArray.rowMajor(logits);
        int blocks = Blocks.count(logits.length(), outputs);
        double[] losses = new double[blocks];
        double[][] biases = new double[blocks][outputs];
        Blocks.run(logits.length(), outputs, (block, from, length) -> {
            float[] z = new float[length];
            double[] row = new double[outputs];
            double[] rowGradient = new double[outputs];
            all.read(from, z, length);
            for (int at = 0; at < length; at += outputs) {
                for (int j = 0; j < outputs; j++) {
                    row[j] = z[at + j] + bias[j];
                }
                losses[block] += kind.loss(row, targets[(int) ((from + at) / outputs)], rowGradient);
                for (int j = 0; j < outputs; j++) {
                    double g = rowGradient[j] / rows;
                    z[at + j] = (float) g;
                    biases[block][j] += g;
                }
            }
            all.write(from, z, length);
        });
        Arrays.fill(gradient, gradient.length - outputs, gradient.length, 0);
        double loss = 0;
        for (int block = 0; block < blocks; block++) {
            loss += losses[block];
            for (int j = 0; j < outputs && biased; j++) {
                gradient[gradient.length - outputs + j] += biases[block][j];
            }
        }
        return loss;
    }

    /** {@code result = left right}, asked for as its transpose: ND4J has results of columns, and would copy those of rows. */
    private static void multiply(INDArray left, INDArray right, INDArray result) {
        right.transpose().mmuli(left.transpose(), result.transpose());
    }

    /**
     * What a head gives for a vector.
     *
     * @return a number for each output
     */
    public static float[] logits(LinearHead head, float[] feature) {
        float[] z = head.bias().clone();
        for (int i = 0; i < head.inputs(); i++) {
            for (int j = 0; j < head.outputs(); j++) {
                z[j] += feature[i] * head.weight()[i * head.outputs() + j];
            }
        }
        return z;
    }

    @Override
    public void close() {
        features.close();
        weights.close();
        logits.close();
    }
}
