/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.train.Batch;

/**
 * CorDA: singular vectors of the weight times the covariance of what goes into it, {@code W C = U S V^T}, so that components are
 * ordered by what they do to the data shown; {@code B = U sqrt(S / scaling)}, {@code A = sqrt(S / scaling) V^T C^-1}, and the
 * base gives up {@code scaling B A}. As in PEFT inputs are divided by the largest one of their batch, and a hundredth of
 * the mean of its diagonal is added to that of the covariance.
 *
 * <p>Source: Yang et al. 2024, CorDA: Context-oriented decomposition adaptation of large language models, arXiv 2406.05223,
 * equations 2 to 4; PEFT: {@code init_lora_weights="corda"}.
 *
 * @param mode which components the adapter takes
 * @apiNote Status: experimental
 */
public record CordaStart(Mode mode) implements LoraStart {

    private static final double DAMPING = 0.01;

    /** Which components the adapter takes. */
    public enum Mode {
        /** The first ones; the data are of the task (PEFT: {@code ipm}). */
        INSTRUCTION_PREVIEWED,
        /** The last ones; the data are of what is to be kept (PEFT: {@code kpm}). */
        KNOWLEDGE_PRESERVED
    }

    @Override
    public StartedAdapter of(AdaptedSameDiff model, LoraConfig config, Iterable<Batch> batches) {
        StartProbe probe = new StartProbe("CordaStart", model, config);
        Map<String, Matrix> covariances = new LinkedHashMap<>();
        int count = 0;
        for (Batch batch : batches) {
            probe.inputs(batch).forEach((path, rows) -> {
                double largest = Arrays.stream(rows.flat()).max().orElse(0);
                Matrix scaled = rows.scaled(1 / largest);
                covariances.merge(path, scaled.transposed().times(scaled), (sum, more) -> sum.plus(1, more));
            });
            count++;
        }
        probe.requireBatches(count);
        double share = 1.0 / count;
        return probe.givingUp((target, rank) ->
                pair(probe.weight(target), covariances.get(target.path()).scaled(share), rank, target.scaling()));
    }

    private StartProbe.Pair pair(Matrix weight, Matrix mean, int rank, double scaling) {
        double[][] covariance = mean.copyOfRows();
        double added = 0;
        for (int i = 0; i < covariance.length; i++) {
            added += DAMPING * covariance[i][i] / covariance.length;
        }
        for (int i = 0; i < covariance.length; i++) {
            covariance[i][i] += added;
        }
        Matrix c = Matrix.ofRows(covariance.length, covariance);
        // All of them, those that are 0 too: the last ones are counted from the smaller side.
        int side = Math.min(weight.rows(), weight.columns());
        SingularValues all = SingularValues.leading(weight.times(c), side);
        int first = mode == Mode.INSTRUCTION_PREVIEWED ? 0 : side - rank;
        double[] roots = Arrays.stream(Arrays.copyOfRange(all.values(), first, first + rank))
                .map(value -> Math.sqrt(value / scaling))
                .toArray();
        Matrix right = rows(all.right(), first, rank).times(c.inverse());
        return new StartProbe.Pair(
                right.scaledRows(roots),
                rows(all.left(), first, rank).scaledRows(roots).transposed());
    }

    private static Matrix rows(Matrix matrix, int first, int count) {
        return Matrix.ofRows(
                matrix.columns(),
                Arrays.copyOfRange(matrix.firstRows(first + count).copyOfRows(), first, first + count));
    }
}
