/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A BERT encoder in plain Java loops over doubles, written from the papers for comparison: one text at a time, without
 * padding, so that it knows no mask. Exact GELU through a series for erf.
 */
final class ReferenceBert {

    private final Map<String, double[][]> weights;
    private final EncoderConfig config;

    ReferenceBert(EncoderWeights weights) {
        this(weights.config(), rows(weights));
    }

    /** Weights by name: linear ones {@code [in][out]}, vectors as one row. */
    ReferenceBert(EncoderConfig config, Map<String, double[][]> weights) {
        this.config = config;
        this.weights = weights;
    }

    private static Map<String, double[][]> rows(EncoderWeights weights) {
        Map<String, double[][]> rows = new LinkedHashMap<>();
        weights.tensors()
                .forEach((name, array) -> rows.put(
                        name, array.rank() == 2 ? array.toDoubleMatrix() : new double[][] {array.toDoubleVector()}));
        return rows;
    }

    /** {@code [length][hidden]}, at positions from 0. */
    double[][] lastHiddenState(int[] ids, int[] types) {
        return lastHiddenState(ids, types, IntStream.range(0, ids.length).toArray());
    }

    /** {@code [length][hidden]}. */
    double[][] lastHiddenState(int[] ids, int[] types, int[] positions) {
        double[][] hidden = new double[ids.length][config.hidden()];
        for (int t = 0; t < ids.length; t++) {
            for (int i = 0; i < config.hidden(); i++) {
                hidden[t][i] = at("embeddings.word_embeddings.weight", ids[t], i)
                        + at("embeddings.position_embeddings.weight", positions[t], i)
                        + at("embeddings.token_type_embeddings.weight", types[t], i);
            }
        }
        hidden = layerNorm(hidden, "embeddings.LayerNorm");
        for (int layer = 0; layer < config.layers(); layer++) {
            hidden = layer(hidden, "encoder.layer." + layer + ".");
        }
        return hidden;
    }

    private double[][] layer(double[][] x, String prefix) {
        double[][] attended = linear(attention(x, prefix), prefix + "attention.output.dense");
        double[][] middle = layerNorm(sum(attended, x), prefix + "attention.output.LayerNorm");
        double[][] wide = linear(middle, prefix + "intermediate.dense");
        for (double[] row : wide) {
            for (int i = 0; i < row.length; i++) {
                row[i] = activation(row[i]);
            }
        }
        return layerNorm(sum(linear(wide, prefix + "output.dense"), middle), prefix + "output.LayerNorm");
    }

    private double activation(double x) {
        return switch (config.activation()) {
            case "gelu" -> x * 0.5 * (1 + erf(x / Math.sqrt(2)));
            case "gelu_new" -> x * 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * Math.pow(x, 3))));
            case "silu" -> x / (1 + Math.exp(-x));
            case "relu" -> Math.max(x, 0);
            default -> throw new AssertionError(config.activation());
        };
    }

    private double[][] attention(double[][] x, String prefix) {
        double[][] q = linear(x, prefix + "attention.self.query");
        double[][] k = linear(x, prefix + "attention.self.key");
        double[][] v = linear(x, prefix + "attention.self.value");
        int size = config.hidden() / config.heads();
        double[][] result = new double[x.length][config.hidden()];
        for (int head = 0; head < config.heads(); head++) {
            for (int t = 0; t < x.length; t++) {
                double[] share = new double[x.length];
                double total = 0;
                for (int s = 0; s < x.length; s++) {
                    double score = 0;
                    for (int i = head * size; i < (head + 1) * size; i++) {
                        score += q[t][i] * k[s][i];
                    }
                    share[s] = Math.exp(score / Math.sqrt(size));
                    total += share[s];
                }
                for (int s = 0; s < x.length; s++) {
                    for (int i = head * size; i < (head + 1) * size; i++) {
                        result[t][i] += share[s] / total * v[s][i];
                    }
                }
            }
        }
        return result;
    }

    /** What a linear module makes of each row. */
    double[][] linear(double[][] x, String module) {
        double[] bias = vector(module + ".bias");
        int out = bias.length;
        double[][] result = new double[x.length][out];
        for (int t = 0; t < x.length; t++) {
            for (int j = 0; j < out; j++) {
                result[t][j] = bias[j];
                for (int i = 0; i < x[t].length; i++) {
                    result[t][j] += x[t][i] * at(module + ".weight", i, j);
                }
            }
        }
        return result;
    }

    private double[][] layerNorm(double[][] x, String module) {
        double[] gain = vector(module + ".weight");
        double[] bias = vector(module + ".bias");
        double[][] result = new double[x.length][config.hidden()];
        for (int t = 0; t < x.length; t++) {
            double mean = 0;
            double variance = 0;
            for (double value : x[t]) {
                mean += value / x[t].length;
            }
            for (double value : x[t]) {
                variance += (value - mean) * (value - mean) / x[t].length;
            }
            double deviation = Math.sqrt(variance + config.layerNormEpsilon());
            for (int i = 0; i < x[t].length; i++) {
                result[t][i] = (x[t][i] - mean) / deviation * gain[i] + bias[i];
            }
        }
        return result;
    }

    private static double[][] sum(double[][] a, double[][] b) {
        double[][] result = new double[a.length][a[0].length];
        for (int t = 0; t < a.length; t++) {
            for (int i = 0; i < a[t].length; i++) {
                result[t][i] = a[t][i] + b[t][i];
            }
        }
        return result;
    }

    /** Maclaurin series: exact to rounding for the small arguments of these tests. */
    static double erf(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n < 200; n++) {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }

    private double at(String tensor, int row, int column) {
        return weights.get(tensor)[row][column];
    }

    private double[] vector(String tensor) {
        return weights.get(tensor)[0];
    }

    static double[][] tanh(double[][] x) {
        double[][] result = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            result[t] = Arrays.stream(x[t]).map(Math::tanh).toArray();
        }
        return result;
    }
}
