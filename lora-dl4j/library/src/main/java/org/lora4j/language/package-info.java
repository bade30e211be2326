/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Decoder language models: {@link org.lora4j.language.LanguageTokenizer} makes ids of texts and texts of ids, {@link
 * org.lora4j.language.ChatTemplate} makes the text of a conversation that a model was trained on.
 *
 * <p>Both are read from a model directory of Hugging Face. The optional library {@code ai.djl.huggingface:tokenizers} is
 * touched by {@code DjlTokenizer} only.
 */
package org.lora4j.language;
