/**
 * From the logits of a model to the next token and its text: what a generation may be told ({@link
 * org.lora4j.internal.language.sampling.Parameter}), the processors of logits in the order of transformers ({@link
 * org.lora4j.internal.language.sampling.LogitsChain}), the choice of a token, stop strings, and {@link
 * org.lora4j.internal.language.sampling.GenerationState}, which has all of it for one sequence. Nothing here knows a model, a
 * tokenizer or arrays of ND4J.
 *
 * <p>A new processor is a class that implements {@code LogitsProcessor}, a line in {@code LogitsChain}, and a constant of {@code
 * Parameter} with its setter and getter in {@code GenerationConfig}.
 */
package org.lora4j.internal.language.sampling;
