/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

/**
 * How exactly products are computed.
 *
 * @apiNote Status: experimental
 */
public enum MathMode {
    /** Factors, products and sums in F32. */
    STRICT_F32,
    /**
     * Both factors of a product with a frozen weight are rounded to BF16 (8 bits of significand, relative error 2^-9 each),
     * products are summed in F32. Activations that such products read are rounded once, for all that read them: an adapter's
     * products, forwards and back, have them so too, with their other factor rounded for the product. Between frozen layers GELU
     * and attention read and write BF16. Scores, softmax, norms, residual connections, losses, gradients of what learns and its
     * values are F32, as are products without such activations. Needs a processor with
     * AVX512-BF16 or AMX to be fast, and a BF16 copy of each frozen weight, half its size. Frozen weights must not change
     * while they are used: a change of a few values would go unnoticed.
     */
    BF16;

    /**
     * Whether products can be computed so here. BF16 needs AVX-512; it is faster than F32 only with AVX512-BF16 or AMX.
     *
     * @return false without oneDNN, and where oneDNN has no kernel for it on this processor, or nothing but its reference
     *     kernel, which is thousands of times slower; {@link OneDnn#products} throws then
     */
    public boolean isSupported() {
        return OneDnn.isAvailable() && DnnlMultiplier.hasKernel(this);
    }
}
