/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.SplittableRandom;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What PyTorch's layers compute, by the loops of their definition. */
final class Torch {

    private Torch() {}

    static INDArray random(SplittableRandom random, long... shape) {
        INDArray array = Nd4j.zeros(org.nd4j.linalg.api.buffer.DataType.FLOAT, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextDouble(-1, 1));
        }
        return array;
    }

    /** torch.nn.Conv3d; fewer axes have size 1 and kernel 1. */
    static INDArray conv3d(
            INDArray x, INDArray w, INDArray bias, long[] stride, long[] padding, long[] dilation, long groups) {
        long[] size = new long[3];
        for (int a = 0; a < 3; a++) {
            size[a] = (x.size(a + 2) + 2 * padding[a] - dilation[a] * (w.size(a + 2) - 1) - 1) / stride[a] + 1;
        }
        INDArray y = Nd4j.zeros(x.dataType(), x.size(0), w.size(0), size[0], size[1], size[2]);
        for (long n = 0; n < y.size(0); n++) {
            for (long o = 0; o < y.size(1); o++) {
                for (long i = 0; i < size[0]; i++) {
                    for (long j = 0; j < size[1]; j++) {
                        for (long k = 0; k < size[2]; k++) {
                            long[] at = {
                                i * stride[0] - padding[0], j * stride[1] - padding[1], k * stride[2] - padding[2]
                            };
                            double sum = bias.getDouble(o) + window(x, w, n, o, at, dilation, groups);
                            y.putScalar(new long[] {n, o, i, j, k}, sum);
                        }
                    }
                }
            }
        }
        return y;
    }

    private static double window(INDArray x, INDArray w, long n, long o, long[] at, long[] dilation, long groups) {
        long first = o / (w.size(0) / groups) * w.size(1);
        double sum = 0;
        for (long c = 0; c < w.size(1); c++) {
            for (long i = 0; i < w.size(2); i++) {
                for (long j = 0; j < w.size(3); j++) {
                    for (long k = 0; k < w.size(4); k++) {
                        long[] from = {
                            n, first + c, at[0] + i * dilation[0], at[1] + j * dilation[1], at[2] + k * dilation[2]
                        };
                        if (isInside(x, from)) {
                            sum += x.getDouble(from) * w.getDouble(o, c, i, j, k);
                        }
                    }
                }
            }
        }
        return sum;
    }

    private static boolean isInside(INDArray x, long[] at) {
        for (int axis = 2; axis < 5; axis++) {
            if (at[axis] < 0 || at[axis] >= x.size(axis)) {
                return false;
            }
        }
        return true;
    }

    /** {@code x W^T + b} over the last axis of {@code [batch, time, features]}. */
    static double[][][] linear(double[][][] x, INDArray w, INDArray bias) {
        double[][][] y = new double[x.length][x[0].length][(int) w.size(0)];
        for (int b = 0; b < x.length; b++) {
            for (int t = 0; t < x[0].length; t++) {
                for (int o = 0; o < w.size(0); o++) {
                    y[b][t][o] = bias == null ? 0 : bias.getDouble(o);
                    for (int i = 0; i < w.size(1); i++) {
                        y[b][t][o] += x[b][t][i] * w.getDouble(o, i);
                    }
                }
            }
        }
        return y;
    }

    /** Attention of heads; {@code headsOfKeys} of k and v serve {@code heads} of q in consecutive groups. */
    static double[][][] attention(
            double[][][] q, double[][][] k, double[][][] v, int heads, int headsOfKeys, boolean causal) {
        int size = q[0][0].length / heads;
        double[][][] y = new double[q.length][q[0].length][q[0][0].length];
        for (int b = 0; b < q.length; b++) {
            for (int h = 0; h < heads; h++) {
                int of = h / (heads / headsOfKeys);
                for (int t = 0; t < q[0].length; t++) {
                    double[] share = new double[causal ? t + 1 : q[0].length];
                    double sum = 0;
                    for (int s = 0; s < share.length; s++) {
                        double score = 0;
                        for (int i = 0; i < size; i++) {
                            score += q[b][t][h * size + i] * k[b][s][of * size + i];
                        }
                        share[s] = Math.exp(score / Math.sqrt(size));
                        sum += share[s];
                    }
                    for (int s = 0; s < share.length; s++) {
                        for (int i = 0; i < size; i++) {
                            y[b][t][h * size + i] += share[s] / sum * v[b][s][of * size + i];
                        }
                    }
                }
            }
        }
        return y;
    }

    static double[][][] cube(INDArray x) {
        double[][][] y = new double[(int) x.size(0)][(int) x.size(1)][(int) x.size(2)];
        for (int i = 0; i < y.length; i++) {
            for (int j = 0; j < y[0].length; j++) {
                for (int k = 0; k < y[0][0].length; k++) {
                    y[i][j][k] = x.getDouble(i, j, k);
                }
            }
        }
        return y;
    }

    static INDArray array(double[][][] x) {
        return Nd4j.createFromArray(x).castTo(org.nd4j.linalg.api.buffer.DataType.FLOAT);
    }
}
