/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.List;

/** Makes text of tokens, step by step: a list of texts of each list. */
@FunctionalInterface
interface TokenDecoder {

    List<String> decode(List<String> tokens);
}
