/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.lang.ref.Reference;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.BroadcastOp;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastAddOp;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastCopyOp;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastDivOp;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastMulOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Adds, multiplies, divides by or copies a small array along axes of a larger one, in place. What {@code addiRowVector},
 * {@code muliColumnVector} and their relatives do, and {@code Broadcast}, but safe from the garbage collector.
 *
 * <p>ND4J 1.0.0-M2.1 frees the native memory of an array as soon as nothing refers to it, also while a native call reads
 * it. {@code NativeOpExecutioner.exec(BroadcastOp, OpContext)} no longer needs the op when it calls {@code execBroadcast},
 * and nobody else knows the array of axes that the op made for itself: a collection at that moment ends the process in
 * {@code sd::DataBuffer::primary()}. With eight threads and a collection every 15 ms, {@code addiRowVector} lived for less
 * than a minute. Other ops of ND4J need the op after the call, or are kept by their context. So every broadcast goes through
 * here, and {@link #run} keeps the op, and with it all its arrays, until the call returns.
 *
 * @apiNote Status: internal
 */
public final class Broadcasts {

    private Broadcasts() {}

    /**
     * {@code x += row} for each row.
     *
     * @param row as long as a row of it
     * @return {@code x}
     */
    public static INDArray addRow(INDArray x, INDArray row) {
        return rowsNeedBroadcast(x, row) ? run(new BroadcastAddOp(x, row, x, 1)) : x.addiRowVector(row);
    }

    /**
     * {@code x *= row} for each row.
     *
     * @param row as long as a row of it
     * @return {@code x}
     */
    public static INDArray mulRow(INDArray x, INDArray row) {
        return rowsNeedBroadcast(x, row) ? run(new BroadcastMulOp(x, row, x, 1)) : x.muliRowVector(row);
    }

    /**
     * {@code x = row} for each row.
     *
     * @param row as long as a row of it
     * @return {@code x}
     */
    public static INDArray copyRow(INDArray x, INDArray row) {
        return run(new BroadcastCopyOp(x, row, x, 1));
    }

    /**
     * {@code x *= column} for each column.
     *
     * @param column as long as a column of it
     * @return {@code x}
     */
    public static INDArray mulColumn(INDArray x, INDArray column) {
        return columnsNeedBroadcast(x, column) ? run(new BroadcastMulOp(x, column, x, 0)) : x.muliColumnVector(column);
    }

    /**
     * {@code x /= column} for each column.
     *
     * @param column as long as a column of it
     * @return {@code x}
     */
    public static INDArray divColumn(INDArray x, INDArray column) {
        return columnsNeedBroadcast(x, column) ? run(new BroadcastDivOp(x, column, x, 0)) : x.diviColumnVector(column);
    }

    /**
     * {@code x += y} along some axes.
     *
     * @param y an array whose axes are those
     * @param axes axes of {@code x}
     * @return {@code x}
     */
    public static INDArray add(INDArray x, INDArray y, int... axes) {
        return run(new BroadcastAddOp(x, y, x, axes));
    }

    /**
     * {@code x *= y} along some axes.
     *
     * @param y an array whose axes are those
     * @param axes axes of {@code x}
     * @return {@code x}
     */
    public static INDArray mul(INDArray x, INDArray y, int... axes) {
        return run(new BroadcastMulOp(x, y, x, axes));
    }

    private static INDArray run(BroadcastOp op) {
        try {
            return Nd4j.getExecutioner().exec(op);
        } finally {
            Reference.reachabilityFence(op);
        }
    }

    // Else BaseNDArray.doRowWise takes ops on numbers, pairs, or numbers along an axis, which are faster where they
    // fit.
    private static boolean rowsNeedBroadcast(INDArray x, INDArray row) {
        return isMatrix(x) && !isDense(x, row, 'f');
    }

    private static boolean columnsNeedBroadcast(INDArray x, INDArray column) {
        return isMatrix(x) && !isDense(x, column, 'c');
    }

    private static boolean isMatrix(INDArray x) {
        return x.rank() == 2 && x.size(0) > 1 && x.size(1) > 1;
    }

    private static boolean isDense(INDArray x, INDArray vector, char order) {
        return x.ordering() == order && x.elementWiseStride() == 1 && vector.elementWiseStride() == 1;
    }
}
