/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Directories of tokenizers as older versions of Transformers save them: {@code vocab.txt}, {@code vocab.json} with {@code
 * merges.txt}, models of SentencePiece, and the small files beside them. {@link
 * org.lora4j.internal.tokenizer.directory.SlowTokenizer} makes the {@code tokenizer.json} of them that Transformers makes.
 */
package org.lora4j.internal.tokenizer.directory;
