/**
 * Elements of ND4J arrays through Java arrays: read and written in pieces ({@link org.lora4j.array.DenseArray}),
 * converted from and to the 16-bit types of files ({@link org.lora4j.array.io.HalfFloats}), and drawn from the caller's own
 * source of randomness ({@link org.lora4j.array.RandomStreams}).
 *
 * <p>This package uses nothing but ND4J arrays. What computes with the elements lives with its users.
 */
package org.lora4j.array;
