/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Decoding: the forward pass of {@link org.lora4j.internal.language.Decoder} over rows of Java floats, one row for each token,
 * with a cache of keys and values. A {@link org.lora4j.internal.language.decode.DecodeSession} holds sequences of one model;
 * {@code RowMath} is its arithmetic.
 *
 * <p>Products are made from weights as they are stored. Rows of a weight are shared among a few threads; a thread turns some
 * of them into F32 in its cache, if they are of another type, and OpenBLAS multiplies them with one thread. A way to store
 * weights has its own subclass of {@code LinearWeight}.
 */
package org.lora4j.internal.language.decode;
