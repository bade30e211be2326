/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The protocol of Text Embeddings Inference, and OpenAI's endpoint of embeddings, over servers of texts. Which adapter answers, the
 * field {@code model} or the header {@code x-adapter} says, for which that protocol has no place of its own.
 */
package org.lora4j.internal.server.tei;
