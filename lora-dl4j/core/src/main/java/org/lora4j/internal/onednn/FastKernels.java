/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.List;

/**
 * oneDNN's names of kernels that read weights in few bits as fast as memory gives them. Its others take a thousand times as
 * long ({@code ref}), or put the weights into another order for each product ({@code gemm}).
 */
final class FastKernels {

    private static final List<String> NAMES = List.of("brg_matmul:", "jit_uni_int8_1x1:");

    private FastKernels() {}

    static boolean contain(String kernel) {
        return NAMES.stream().anyMatch(kernel::startsWith);
    }
}
