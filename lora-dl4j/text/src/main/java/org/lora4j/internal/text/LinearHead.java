/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import org.lora4j.pretrained.Pooling;

/**
 * A linear head: {@code z = x W + b}.
 *
 * @param inputs length of {@code x}
 * @param outputs length of {@code z}
 * @param weight {@code W}, row by row, {@code [inputs, outputs]}
 * @apiNote Status: internal
 */
public record LinearHead(int inputs, int outputs, float[] weight, float[] bias) {

    /**
     * The numbers of a linear module.
     *
     * @param linear the module; without a bias it has one of zeros
     */
    public static LinearHead of(Pooling.Linear linear) {
        float[] bias = linear.bias() == null
                ? new float[linear.outputs()]
                : linear.bias().ravel().toFloatVector();
        return new LinearHead(
                linear.inputs(), linear.outputs(), linear.weight().ravel().toFloatVector(), bias);
    }

    /**
     * A head that knows nothing.
     *
     * @param inputs length of {@code x}
     * @param outputs length of {@code z}
     */
    public static LinearHead zeros(int inputs, int outputs) {
        return new LinearHead(inputs, outputs, new float[inputs * outputs], new float[outputs]);
    }
}
