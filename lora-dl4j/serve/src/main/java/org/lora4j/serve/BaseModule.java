/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A module of a base as adapters see it.
 *
 * @param path its path
 * @param weightPath where adapters save its weight in full
 * @param biasPath where they save its bias in full; null if it has none
 * @param refusal why it has no update of its own for each row; null if it has one
 * @param biasRefusal why its bias has none, though the weight has; null if it has one
 * @param matters whether it has influence on the outputs
 * @param weight the base's weight in PEFT's layout
 * @param bias the base's bias {@code [out]}; not to be called where there is none
 */
record BaseModule(
        String path,
        String weightPath,
        String biasPath,
        String refusal,
        String biasRefusal,
        boolean matters,
        Supplier<INDArray> weight,
        Supplier<INDArray> bias) {}
