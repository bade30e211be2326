/* SPDX-License-Identifier: Apache-2.0 */
/**
 * OpenAI's interface for language models. {@link org.lora4j.internal.server.openai.OpenAiEndpoints} has the routes; a request is read
 * field by field into a {@code CompletionRequest}, and a {@code Reply} makes the answer of it while a {@link
 * org.lora4j.language.CausalLmServer} makes the texts. A further field is read in {@code SamplingFields}, {@code ChatFields} or {@code
 * CompletionFields}; one that cannot be done has its line in {@code RefusedFields}.
 */
package org.lora4j.internal.server.openai;
