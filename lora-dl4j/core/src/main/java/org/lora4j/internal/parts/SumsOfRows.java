/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An executor that knows of its losses whether they are sums over the rows of a batch.
 *
 * @apiNote Status: internal
 */
public interface SumsOfRows {

    /**
     * Whether the loss of a batch is known to be the sum of those of its parts; else it is taken for their mean.
     *
     * @return whether losses of parts are to be added
     */
    boolean isSumOfParts(Map<String, INDArray> placeholders);
}
