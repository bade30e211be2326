/**
 * Frozen weights in fewer bits, as storage of the linear weights and tables of a SameDiff graph: 16 bits
 * ({@link org.lora4j.quant.HalfPrecision}), 8 bits with a scale for each output ({@link org.lora4j.quant.Int8}), or 4 bits
 * with a scale for each block of 64 values ({@link org.lora4j.quant.Nf4}).
 *
 * <p>{@link org.lora4j.quant.Quantization} makes a plain SameDiff graph in which a weight keeps its name and is computed from
 * its stored form by stock ops. Everything that reads graphs therefore works as before, other SameDiff programs among it.
 * {@link org.lora4j.quant.StoredWeights} recognizes such weights again; kernels then multiply from the stored form and look
 * up rows in it, so that no whole weight is kept in F32. Arithmetic on arrays and knowledge of graphs only; to add a form of
 * storage: a class that implements {@link org.lora4j.quant.StoredWeight}, its lines in {@code Quantization} and
 * {@code StoredWeights}.
 */
package org.lora4j.quant;
