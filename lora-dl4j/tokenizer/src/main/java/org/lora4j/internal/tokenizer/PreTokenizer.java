/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

/** Cuts a text into words, which the model sees one by one. */
@FunctionalInterface
interface PreTokenizer {

    /** The text stays whole. */
    PreTokenizer NONE = pieces -> {};

    void cut(Pieces pieces);
}
