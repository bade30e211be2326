/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Texts of one encoder with many adapters and heads, without HTTP: {@link org.lora4j.serve.text.TextServer}.
 *
 * <p>A request is made into tokens by the thread that brings it, and its texts wait in {@code FairQueue}. Workers take batches of similar
 * length out of it, fair among adapters, let {@link org.lora4j.serve.AdapterServer} compute the encoder for all of them together, and
 * apply the head of each text ({@link org.lora4j.text.TaskHead}). What is loaded is in {@code TaskShelf}, which lends it to requests. What
 * names mean is in {@link org.lora4j.serve.Routes}. A new kind of answer is a {@code TextWork}.
 */
package org.lora4j.serve.text;
