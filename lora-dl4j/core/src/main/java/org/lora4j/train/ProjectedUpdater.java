/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.train.TrainableParameter.LowRank;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Updates B by its gradient times {@code (A A^T + 1e-8 I)^+ / scaling^2}. */
final class ProjectedUpdater implements ParameterUpdater {

    private static final double ADDED = 1e-8;

    private final ParameterUpdater updater;
    private final TrainableParameter a;
    private final LowRank b;

    ProjectedUpdater(ParameterUpdater updater, TrainableParameter a, TrainableParameter b) {
        this.updater = updater;
        this.a = a;
        this.b = b.lowRank().orElseThrow();
    }

    @Override
    public void update(INDArray gradient, UpdateStep step) {
        int last = gradient.rank() - 1;
        INDArray turned = gradient.swapAxes(b.rankAxis(), last).dup('c');
        long rank = turned.size(last);
        INDArray projected = turned.reshape('c', -1, rank)
                .mmul(inverse(gradient.dataType()))
                .dup('c')
                .reshape('c', turned.shape());
        updater.update(projected.swapAxes(b.rankAxis(), last).dup('c'), step);
    }

    /** PyTorch's pseudoinverse takes values for 0 that are rounding errors of the type. */
    private INDArray inverse(DataType type) {
        INDArray rows =
                a.value().swapAxes(a.lowRank().orElseThrow().rankAxis(), 0).dup('c');
        Matrix factor = Matrix.of(rows, Math.toIntExact(rows.size(0)));
        double[][] gram = factor.times(factor.transposed()).copyOfRows();
        for (int i = 0; i < gram.length; i++) {
            gram[i][i] += ADDED;
        }
        SingularValues svd = SingularValues.of(Matrix.ofRows(gram.length, gram));
        double epsilon = type == DataType.DOUBLE ? Math.ulp(1.0) : Math.ulp(1f);
        double[] inverted = svd.values().clone();
        for (int i = 0; i < inverted.length; i++) {
            inverted[i] = inverted[i] > epsilon * gram.length * svd.values()[0] ? 1 / inverted[i] : 0;
        }
        return svd.right()
                .transposed()
                .times(svd.left().scaledRows(inverted))
                .scaled(1 / (b.scaling() * b.scaling()))
                .toArray(type, gram.length, gram.length);
    }

    @Override
    public OptimizerState state() {
        return updater.state();
    }

    @Override
    public void restore(OptimizerState state) {
        updater.restore(state);
    }
}
