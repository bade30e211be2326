/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import org.lora4j.array.DenseArray;

/** The backward of softmax over the last dimension: dx = y (dy - sum(dy y)). */
final class SoftmaxKernels {

    private SoftmaxKernels() {}

    /** Inputs y, dy. */
    static void backward(DenseArray[] in, DenseArray[] out) {
        int width = in[0].width();
        Blocks.run(in[0].length(), width, (block, from, length) -> {
            float[] y = Scratch.array(0, length);
            float[] dy = Scratch.array(1, length);
            in[0].read(from, y, length);
            in[1].read(from, dy, length);
            for (int row = 0; row < length; row += width) {
                float along = LayerNormKernels.dot(y, row, dy, row, width);
                for (int i = 0; i < width; i++) {
                    dy[row + i] = y[row + i] * (dy[row + i] - along);
                }
            }
            out[0].write(from, dy, length);
        });
    }
}
