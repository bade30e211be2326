/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import org.lora4j.tribuo.output.Loss;

/**
 * A head for a base network: one linear module from what the base computes to the outputs.
 *
 * @param outputs number of outputs, 1 or more
 * @param loss what it minimizes
 * @apiNote Status: stable
 */
public record HeadShape(int outputs, Loss loss) {

    /**
     * Checks the number of outputs.
     *
     * @param outputs number of outputs, 1 or more
     * @param loss what it minimizes
     * @throws IllegalArgumentException if it is below 1
     */
    public HeadShape {
        if (outputs < 1) {
            throw new IllegalArgumentException("HeadShape: outputs = " + outputs + "; expected 1 or more.");
        }
    }
}
