/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.interpret;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * DataInf: the influence of examples by their gradients, block by block of the parameters. With {@code g_i} the gradient of the
 * loss of example {@code i} of {@code n}, {@code v} that of what is to be explained, {@code d} the size of the block and
 * {@code lambda = 0.1 mean_i |g_i|^2 / d}, a block adds
 *
 * <pre>
 *   -v' H g_k,  H = 1/n sum_i 1/lambda (I - g_i g_i' / (lambda + |g_i|^2))
 * </pre>
 *
 * to the influence of example {@code k}: the inverse of each {@code g_i g_i' + lambda I} by Sherman and Morrison, averaged. A
 * block in which all gradients are zero adds nothing.
 *
 * <p><b>Source.</b> Kwon, Wu, Wu and Zou 2023, DataInf: Efficiently Estimating Data Influence in LoRA-tuned LLMs and Diffusion
 * Models, arXiv 2310.00902, equation 5; lambda from section 4. <b>Cost.</b> {@code O(n D)} for each {@code v}, in two passes over
 * the rows; {@code O(n^2 D)} for the influence of every example on itself.
 *
 * @apiNote Status: internal
 */
public final class GradientInfluence {

    private static final double LAMBDA = 0.1;
    private static final int ROWS_AT_ONCE = 256;

    private final GradientRows rows;
    private final int[] ends;
    private final double[] lambda;
    private final double[][] squares;

    /**
     * Goes through the rows once.
     *
     * @param rows the gradients of the examples that were learned from
     * @param ends where each block of the parameters ends in a row
     */
    public GradientInfluence(GradientRows rows, int[] ends) {
        this.rows = rows;
        this.ends = ends;
        this.lambda = new double[ends.length];
        this.squares = new double[rows.count()][];
        rows.each((i, gradient) -> {
            squares[i] = squares(gradient, ends);
            for (int block = 0; block < ends.length; block++) {
                lambda[block] += LAMBDA * squares[i][block] / rows.count() / (ends[block] - start(block));
            }
        });
    }

    private int start(int block) {
        return start(block, ends);
    }

    private static int start(int block, int[] ends) {
        return block == 0 ? 0 : ends[block - 1];
    }

    /**
     * The sums of squares of a gradient.
     *
     * @param ends where each block ends
     * @return one for each block; not finite if a number of the block is not
     */
    public static double[] squares(float[] gradient, int[] ends) {
        double[] squares = new double[ends.length];
        for (int block = 0; block < ends.length; block++) {
            squares[block] = dot(gradient, gradient, start(block, ends), ends[block]);
        }
        return squares;
    }

    /**
     * The sums of squares of the gradient of an example.
     *
     * @return one for each block; not to be written to
     */
    public double[] squares(int index) {
        return squares[index];
    }

    /**
     * The damping of each block.
     *
     * @return a copy; 0 of a block in which no example has a gradient
     */
    public double[] lambda() {
        return lambda.clone();
    }

    /**
     * The influence of every example on something.
     *
     * @param gradient the gradient of what is to be explained, {@code v}
     * @return for each example how the loss behind {@code v} changes with the weight of the example: above 0, the example
     *     raises it
     */
    public double[] on(double[] gradient) {
        double[] step = new double[gradient.length];
        rows.each((i, own) -> {
            for (int block = 0; block < ends.length; block++) {
                if (lambda[block] > 0) {
                    double share = dot(gradient, own, start(block), ends[block])
                            / (lambda[block] + squares[i][block])
                            / rows.count();
                    for (int j = start(block); j < ends[block]; j++) {
                        step[j] += share * own[j];
                    }
                }
            }
        });
        for (int block = 0; block < ends.length; block++) {
            for (int j = start(block); j < ends[block]; j++) {
                step[j] = lambda[block] > 0 ? (gradient[j] - step[j]) / lambda[block] : 0;
            }
        }
        double[] influence = new double[rows.count()];
        rows.each((k, own) -> influence[k] = -dot(step, own, 0, own.length));
        return influence;
    }

    /**
     * The influence of every example on itself, without its sign: {@code g_k' H g_k}.
     *
     * @return for each example how much its own loss falls with its weight, 0 or more
     */
    public double[] onItself() {
        int count = rows.count();
        double[] result = new double[count];
        for (int block = 0; block < ends.length; block++) {
            if (lambda[block] == 0) {
                continue;
            }
            int from = start(block);
            int to = ends[block];
            INDArray all = matrix(0, count, from, to);
            for (int first = 0; first < count; first += ROWS_AT_ONCE) {
                int last = Math.min(count, first + ROWS_AT_ONCE);
                INDArray some = matrix(first, last, from, to);
                INDArray products = some.mmul(all.transpose());
                float[] values = products.ravel().toFloatVector();
                for (int k = first; k < last; k++) {
                    double sum = 0;
                    for (int i = 0; i < count; i++) {
                        double product = i == k ? squares[k][block] : values[(k - first) * count + i];
                        sum += product * product / (lambda[block] + squares[i][block]);
                    }
                    result[k] += (squares[k][block] - sum / count) / lambda[block];
                }
                some.close();
                products.close();
            }
            all.close();
        }
        return result;
    }

    private INDArray matrix(int first, int last, int from, int to) {
        int width = to - from;
        float[] values = new float[Math.multiplyExact(last - first, width)];
        for (int i = first; i < last; i++) {
            System.arraycopy(rows.row(i), from, values, (i - first) * width, width);
        }
        return Nd4j.create(values, new long[] {last - first, width}, 'c');
    }

    private static double dot(float[] a, float[] b, int from, int to) {
        double even = 0;
        double odd = 0;
        int i = from;
        for (; i + 1 < to; i += 2) {
            even += (double) a[i] * b[i];
            odd += (double) a[i + 1] * b[i + 1];
        }
        return i < to ? even + odd + (double) a[i] * b[i] : even + odd;
    }

    private static double dot(double[] a, float[] b, int from, int to) {
        double even = 0;
        double odd = 0;
        int i = from;
        for (; i + 1 < to; i += 2) {
            even += a[i] * b[i];
            odd += a[i + 1] * b[i + 1];
        }
        return i < to ? even + odd + a[i] * b[i] : even + odd;
    }

    @Override
    public String toString() {
        return "GradientInfluence[" + rows.count() + " examples, lambda " + Arrays.toString(lambda) + "]";
    }
}
