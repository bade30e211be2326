/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import java.util.List;
import java.util.Locale;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A graph with stored weights, and what storing them cost.
 *
 * @param graph the graph, of stock ops and of CONSTANTs for what is stored
 * @param form how weights are stored, for reports
 * @param weights one entry for each stored weight
 * @apiNote Status: experimental
 */
public record QuantizedGraph(SameDiff graph, String form, List<Entry> weights) {

    /**
     * One stored weight.
     *
     * @param name name of the weight
     * @param values number of its values
     * @param bytes memory of the stored form
     * @param largestError largest absolute difference from the original
     * @param relativeError Euclidean norm of the difference over that of the original; 0 if both are 0
     */
    public record Entry(String name, long values, long bytes, double largestError, double relativeError) {

        static Entry of(String name, INDArray original, StoredWeight stored) {
            double largest = 0;
            double difference = 0;
            double norm = 0;
            int columns = (int) stored.columns();
            float[] before = new float[columns];
            float[] after = new float[columns];
            try (DenseArray dense = DenseArray.rowMajor(original)) {
                for (long row = 0; row < stored.rows(); row++) {
                    dense.read(row * columns, before, columns);
                    stored.read(row, 1, after);
                    for (int i = 0; i < columns; i++) {
                        double error = (double) after[i] - before[i];
                        largest = Math.max(largest, Math.abs(error));
                        difference += error * error;
                        norm += (double) before[i] * before[i];
                    }
                }
            }
            double relative = norm == 0 ? 0 : Math.sqrt(difference / norm);
            return new Entry(name, stored.rows() * stored.columns(), stored.bytes(), largest, relative);
        }
    }

    /**
     * Memory of all stored weights.
     *
     * @return bytes
     */
    public long bytes() {
        return weights.stream().mapToLong(Entry::bytes).sum();
    }

    /**
     * Memory of all stored weights over that in F32.
     *
     * @return the ratio
     */
    public double ratio() {
        return bytes()
                / (double)
                        (Float.BYTES * weights.stream().mapToLong(Entry::values).sum());
    }

    /**
     * One line for a report.
     *
     * @return form, number of weights, memory and the largest relative error
     */
    @Override
    public String toString() {
        double worst = weights.stream().mapToDouble(Entry::relativeError).max().orElse(0);
        return String.format(
                Locale.ROOT,
                "%d weights in %s: %.1f MB, %.3f of F32; largest relative error %.4f",
                weights.size(),
                form,
                bytes() / 1e6,
                ratio(),
                worst);
    }
}
