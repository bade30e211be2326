/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Products of FLOAT matrices of any size in plain memory, without anything to compile: oneDNN's {@code sgemm}, with as many
 * threads as OpenMP gives the thread that calls.
 *
 * @apiNote Status: internal
 */
public final class FloatProduct {

    private static final byte AS_IS = 'N';
    private static final byte TRANSPOSED = 'T';

    private FloatProduct() {}

    /**
     * {@code y = factor x W + kept y}, all row by row.
     *
     * @param x {@code [rows, inputs]}
     * @param w {@code [inputs, outputs]}, or {@code [outputs, inputs]} if it is transposed
     * @param transposed whether to multiply with w transposed
     * @param y {@code [rows, outputs]}, overwritten
     * @param kept of what y holds; 0 if it may hold anything
     * @throws IllegalStateException if oneDNN refuses
     */
    public static void multiply(
            FloatPointer x,
            long stepX,
            FloatPointer w,
            long stepW,
            boolean transposed,
            FloatPointer y,
            long stepY,
            long rows,
            long outputs,
            long inputs,
            float factor,
            float kept) {
        int status = dnnl.dnnl_sgemm(
                AS_IS,
                transposed ? TRANSPOSED : AS_IS,
                rows,
                outputs,
                inputs,
                factor,
                x,
                stepX,
                w,
                stepW,
                kept,
                y,
                stepY);
        if (status != dnnl.dnnl_success) {
            throw new IllegalStateException("oneDNN: a product of " + rows + " x " + inputs + " with " + inputs + " x "
                    + outputs + " failed with status " + status + "; expected 0. Please report it.");
        }
    }
}
