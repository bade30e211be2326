/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** What the attributes of a {@code matmul} say. */
final class Products {

    private static final int RESULT = 2;

    private Products() {}

    /** Whether it is op(X) op(W) and nothing more: no factors, the result not transposed. */
    static boolean isPlain(DynamicCustomOp product) {
        double[] factors = product.tArgs();
        return (factors.length < 1 || factors[0] == 1)
                && (factors.length < 2 || factors[1] == 0)
                && !transposes(product, RESULT);
    }

    /** Whether an operand, 0 or 1, is transposed. */
    static boolean transposes(DynamicCustomOp product, int operand) {
        long[] arguments = product.iArgs();
        return arguments.length > operand && arguments[operand] != 0;
    }
}
