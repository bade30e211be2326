/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Layouts of time series in recurrent layers. Steps are worked on as blocks of columns, {@code [batch, size * time]} in
 * Fortran order, where each block lies in one piece. Products over all steps at once see rows,
 * {@code [time * batch, size]} in C order.
 *
 * @apiNote Status: internal
 */
public final class TimeSeries {

    private TimeSeries() {}

    /** The columns of a matrix from one index up to another; a view. */
    public static INDArray columns(INDArray matrix, long from, long to) {
        return matrix.get(NDArrayIndex.all(), NDArrayIndex.interval(from, to));
    }

    /** The block of columns of a step; a view. */
    public static INDArray block(INDArray blocks, long size, long step) {
        return columns(blocks, step * size, (step + 1) * size);
    }

    /** {@code [batch, size, time]} of blocks of columns; a view. */
    public static INDArray ofBlocks(INDArray blocks, long size) {
        return blocks.reshape('f', blocks.size(0), size, blocks.size(1) / size);
    }

    /** Rows of {@code [batch, size, time]}; a copy. */
    public static INDArray rows(INDArray series, LayerWorkspaceMgr mgr, ArrayType place) {
        long rows = series.size(0) * series.size(2);
        return mgr.dup(place, series.permute(2, 0, 1), 'c').reshape('c', rows, series.size(1));
    }

    /** The rows of a step; a view. */
    public static INDArray rowsOf(INDArray rows, long batch, long step) {
        return rows.get(NDArrayIndex.interval(step * batch, (step + 1) * batch), NDArrayIndex.all());
    }

    /** {@code [batch, size, time]} of rows; a view. */
    public static INDArray ofRows(INDArray rows, long batch) {
        return rows.reshape('c', rows.size(0) / batch, batch, rows.size(1)).permute(1, 2, 0);
    }

    /** A copy in an order, outside of workspaces. */
    @SuppressWarnings("try") // The scope is entered and left, not used.
    public static INDArray detached(INDArray array, char order) {
        try (MemoryWorkspace none = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return array.dup(order);
        }
    }
}
