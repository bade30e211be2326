/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import org.lora4j.array.DenseArray;

/**
 * Computes what an op stands for.
 *
 * @apiNote Status: internal
 */
@FunctionalInterface
interface Kernel {

    /**
     * Computes the outputs.
     *
     * @param in the inputs, in 'c' order
     * @param out the outputs, in 'c' order, to be written completely
     */
    void run(DenseArray[] in, DenseArray[] out);
}
