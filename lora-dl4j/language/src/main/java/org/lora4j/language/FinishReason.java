/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

/**
 * Why a text ended.
 *
 * @apiNote Status: stable
 */
public enum FinishReason {
    /** It has as many tokens as the config allows. */
    LENGTH,
    /** A token came that ends a text: one of the model, or of {@link GenerationConfig#eosTokenIds}. */
    STOP_TOKEN,
    /** A stop string came; the text ends before it. */
    STOP_STRING,
    /** The listener asked for no more. */
    CANCELLED,
    /** The model takes no more tokens: prompt and text fill its context. */
    CONTEXT_FULL
}
