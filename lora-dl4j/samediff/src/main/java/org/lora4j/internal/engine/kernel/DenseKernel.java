/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.List;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernels on the elements of FLOAT arrays in 'c' order. */
final class DenseKernel {

    private DenseKernel() {}

    /** Computes outputs, which are to be written completely. */
    @FunctionalInterface
    interface Body {
        void run(DenseArray[] in, DenseArray[] out);
    }

    /** A kernel for every op that it is named for. */
    static Kernel of(Body body) {
        return Kernel.of((in, out) -> onElements(body, in, out));
    }

    private static void onElements(Body body, List<INDArray> inputs, List<INDArray> outputs) {
        DenseArray[] in = inputs.stream().map(DenseArray::rowMajor).toArray(DenseArray[]::new);
        DenseArray[] out = outputs.stream().map(DenseArray::toBeWritten).toArray(DenseArray[]::new);
        body.run(in, out);
        for (DenseArray array : in) {
            array.close();
        }
        for (DenseArray array : out) {
            array.flush();
            array.close();
        }
    }
}
