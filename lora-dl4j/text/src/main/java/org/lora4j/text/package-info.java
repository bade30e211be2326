/**
 * Text tasks in a few lines: encoders by name or from files, classifiers, taggers, regressors and sentence encoders that
 * learn with LoRA, and what they are measured by.
 *
 * <p>{@link org.lora4j.text.TextEncoder} is an encoder with its tokenizer and all that its files tell: pooling, prefixes,
 * the longest text. A task is a class over it ({@link org.lora4j.text.TextTask}), with the user's own strings as labels.
 * What a task shares with the others is in {@code internal.text}; another one is a class here that gives {@code TextTask}
 * its head, its targets and its evaluation.
 *
 * <p>The optional library of CSV is touched elsewhere, by one class.
 */
package org.lora4j.text;
