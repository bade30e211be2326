/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

/** What a network's output is turned into for gradients. */
public enum Loss {
    /** The sum of the squares of the output. */
    SUM_OF_SQUARES,
    /** The mean of the squared differences from a target of the output's shape. */
    MEAN_SQUARED_ERROR,
    /** The mean cross entropy with class indices. */
    CROSS_ENTROPY
}
