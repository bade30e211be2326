/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

/**
 * How a row is normalized.
 *
 * @apiNote Status: internal
 */
public enum NormKind {
    /** {@code g x / sqrt(mean(x^2) + e)} (Zhang and Sennrich 2019, arXiv:1910.07467). */
    RMS,
    /** The same with {@code 1 + g} for g, as Gemma stores its gains. */
    RMS_AROUND_ONE,
    /** {@code g (x - mean(x)) / sqrt(var(x) + e) + b} (Ba et al. 2016, arXiv:1607.06450). */
    LAYER
}
