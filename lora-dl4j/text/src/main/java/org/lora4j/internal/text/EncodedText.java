/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import org.lora4j.pretrained.TokenizedText;

/**
 * An example as numbers.
 *
 * @param target what the head should give for it: a value for each output, or, in a task with a result for each token, the
 *     values of all tokens in a row, zeros for a token that has none
 * @apiNote Status: internal
 */
public record EncodedText(TokenizedText tokens, float[] target) {}
