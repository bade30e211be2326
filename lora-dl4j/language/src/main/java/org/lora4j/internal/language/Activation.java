/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The functions between the matrices of a feed-forward network, by the names of Transformers' {@code ACT2FN}.
 *
 * @apiNote Status: internal
 */
public enum Activation {
    /** {@code x / 2 (1 + erf(x / sqrt 2))} (Hendrycks and Gimpel 2016, arXiv:1606.08415). */
    GELU,
    /** {@code x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))}, of the same paper. */
    GELU_TANH,
    /** {@code x / (1 + exp(-x))} (Elfwing et al. 2017, arXiv:1702.03118). */
    SILU,
    /** {@code max(x, 0)}. */
    RELU;

    /** Names in one line compute the same up to rounding. */
    private static final Map<String, Activation> BY_NAME = new TreeMap<>(Map.ofEntries(
            Map.entry("gelu", GELU),
            Map.entry("gelu_python", GELU),
            Map.entry("gelu_new", GELU_TANH),
            Map.entry("gelu_pytorch_tanh", GELU_TANH),
            Map.entry("gelu_fast", GELU_TANH),
            Map.entry("gelu_accurate", GELU_TANH),
            Map.entry("silu", SILU),
            Map.entry("swish", SILU),
            Map.entry("relu", RELU)));

    static Optional<Activation> named(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    static Collection<String> names() {
        return BY_NAME.keySet();
    }
}
