/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Tokenizers of models: {@link org.lora4j.tokenizer.Tokenizer} reads the files of a model directory, makes {@link
 * org.lora4j.tokenizer.Encoding}s of texts, and texts of ids. Java alone, without ND4J.
 */
package org.lora4j.tokenizer;
