/**
 * Elements of ND4J arrays through Java arrays: read and written in pieces ({@link org.lora4j.internal.array.DenseArray}), and
 * drawn from the caller's own source of randomness ({@link org.lora4j.random.RandomStreams}). Small matrices on the Java
 * heap ({@link org.lora4j.internal.array.Matrix}) and their decompositions in double precision
 * ({@link org.lora4j.internal.array.SingularValues}, {@link org.lora4j.internal.array.OrthonormalBasis}). Sums and products along axes that the
 * garbage collector cannot break ({@link org.lora4j.internal.array.Broadcasts}), and the same for stock
 * code ({@link org.lora4j.internal.array.GuardedExecutioner}).
 *
 * <p>This package uses ND4J arrays, and the wording of {@code error}. What else computes with the elements lives with its users.
 */
package org.lora4j.internal.array;
