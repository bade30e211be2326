/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.util.Locale;
import org.lora4j.exec.kernel.Multiplier;

/**
 * Products by oneDNN: {@code model.multipliedBy(OneDnn.products(MathMode.STRICT_F32))}.
 *
 * <p>It computes with as many threads as {@code OMP_NUM_THREADS} says.
 *
 * @apiNote Status: experimental
 */
public final class OneDnn {

    private static final String MISSING = "OneDnn: the library cannot be loaded (%s); expected org.bytedeco:dnnl and"
            + " org.bytedeco:opencl with their natives for this platform, which are optional dependencies of lora-dl4j."
            + " Add them to your build, for example dnnl in version 3.11-1.5.13, or leave it out.";

    private OneDnn() {}

    /**
     * Whether the library can be loaded.
     *
     * @return true if it can
     */
    public static boolean isAvailable() {
        return failure() == null;
    }

    private static Throwable failure() {
        try {
            DnnlMultiplier.load();
            return null;
        } catch (LinkageError e) {
            return e;
        }
    }

    /**
     * A multiplier for matrices.
     *
     * @param mode how exactly
     * @return the multiplier; results of strict F32 agree with ND4J's within 1e-5, relative to the sum of the absolute
     *     products
     * @throws IllegalStateException if the library is missing, or has nothing but its reference kernels for this mode on
     *     this processor, which are thousands of times slower
     */
    public static Multiplier products(MathMode mode) {
        requireLibrary();
        return DnnlMultiplier.of(mode, false);
    }

    /**
     * Strict products that keep a copy of each frozen weight for each direction, in the blocks in which oneDNN multiplies
     * fastest. A step is a few percent faster; the frozen weights of linear layers take three times their memory as long as
     * the multiplier lives. Frozen weights must not change while they are used: a change of a few values would go unnoticed.
     *
     * @return the multiplier; results agree as those of {@link #products} in strict F32 do
     * @throws IllegalStateException as {@link #products}
     */
    public static Multiplier packedProducts() {
        requireLibrary();
        return DnnlMultiplier.of(MathMode.STRICT_F32, true);
    }

    private static void requireLibrary() {
        Throwable failure = failure();
        if (failure != null) {
            throw new IllegalStateException(String.format(Locale.ROOT, MISSING, failure), failure);
        }
    }

    /**
     * Strict products by oneDNN where it can be loaded, else by ND4J.
     *
     * @return the multiplier, whose description says which
     */
    public static Multiplier orNd4j() {
        return isAvailable() ? products(MathMode.STRICT_F32) : Multiplier.nd4j();
    }
}
