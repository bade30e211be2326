/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import org.lora4j.pretrained.Pooling;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Which placeholders the graph of an encoder has for a part of its texts.
 *
 * @param type of the masks
 * @param tokenTypes whether there are types of tokens
 * @param poolingMask whether the pooling has a mask of its own, without the tokens of a prompt
 * @apiNote Status: internal
 */
public record RowInputs(DataType type, boolean tokenTypes, boolean poolingMask) {

    /**
     * Those of an encoder.
     *
     * @param pooling its pooling
     */
    public static RowInputs of(DataType type, boolean tokenTypes, Pooling pooling) {
        return new RowInputs(type, tokenTypes, !pooling.includesPrompt());
    }
}
