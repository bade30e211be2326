/**
 * What fine-tuning a decoder needs beside its graph: examples as rows of tokens with labels, several of them packed into a row, rows
 * as batches, and tied weights that learn once.
 */
package org.lora4j.internal.language.training;
