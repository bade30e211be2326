/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The files of llama2.c: {@link org.lora4j.internal.format.llama2c.Llama2cFile}, a checkpoint of "version 0", seven integers
 * and then all weights in single precision, and {@link org.lora4j.internal.format.llama2c.Llama2cVocabulary}, its tokenizer.
 *
 * <p>Neither format has names, types or a checksum, so nothing but arithmetic tells a damaged file: the length must be what the
 * header says to the byte, and the tables of rotations must be those that a Llama has.
 */
package org.lora4j.internal.format.llama2c;
