/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Tokenizers of Hugging Face in Java: {@link org.lora4j.internal.tokenizer.TokenizerPipeline} reads a {@code tokenizer.json}, encodes
 * and decodes. Each kind of part is a line in a table: {@code Normalizers}, {@code PreTokenizers}, {@code Models}, {@code
 * PostProcessors}, {@code Decoders}. Uses {@code error} and {@code internal.tokenizer.expression} only.
 */
package org.lora4j.internal.tokenizer;
