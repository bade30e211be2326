/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Element-wise work of a graph in Java, where it is several times faster than the native ops of the plain ND4J builds.
 *
 * <p>HotSpot turns short loops over {@code float[]} into vector code for the processor at hand. A kernel runs in place of
 * an op: either of a native op of the same meaning (layer norm and its backward), or of a <i>carrier</i>, a stock op of
 * the right shape that only marks the place ({@link org.lora4j.internal.engine.kernel.Kernels}). Kernels compute in FLOAT;
 * graphs of other types keep their native ops. To add one: a class with the computation and a line in {@link
 * org.lora4j.internal.engine.kernel.Kernels}.
 */
package org.lora4j.internal.engine.kernel;
