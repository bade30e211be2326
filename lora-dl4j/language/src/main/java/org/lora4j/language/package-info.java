/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Decoder language models: {@link org.lora4j.language.CausalLm} reads the directory of one and makes text. How a text is to be
 * made is a {@link org.lora4j.language.GenerationConfig}, what came of it a {@link org.lora4j.language.Generation}; a {@link
 * org.lora4j.language.TokenListener} hears of each token as it comes. {@link org.lora4j.language.LanguageTokenizer} makes ids
 * of texts and texts of ids, {@link org.lora4j.language.ChatTemplate} makes the text of a conversation that a model was
 * trained on. {@link org.lora4j.language.Llama2cCheckpoint} makes such a directory of a checkpoint of llama2.c.
 * {@link org.lora4j.language.CausalLmTrainer} teaches it {@link org.lora4j.language.LmExample}s.
 */
package org.lora4j.language;
