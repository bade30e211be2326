/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.util.Optional;
import org.lora4j.exec.kernel.Multiplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Products by oneDNN, the default of models of SameDiff where its library is there: {@code org.lora4j:lora-dl4j-onednn} brings
 * it. Others are asked for: {@code model.multipliedBy(OneDnn.products(MathMode.BF16))}.
 *
 * <p>It computes with as many threads as OpenMP gives the thread that calls; parts of a batch have one each.
 *
 * @apiNote Status: experimental
 */
public final class OneDnn {

    private OneDnn() {}

    /** Loaded when it is asked for first. */
    private static final class Default {
        private static final Logger LOG = LoggerFactory.getLogger(OneDnn.class);
        private static final Multiplier PRODUCTS = choose();

        private static Multiplier choose() {
            try {
                return products(MathMode.STRICT_F32);
            } catch (IllegalStateException e) {
                LOG.info("Matrices are multiplied by ND4J. {}", e.getMessage());
                return Multiplier.nd4j();
            }
        }
    }

    /**
     * Whether the library can be loaded.
     *
     * @return true if it can
     */
    public static boolean isAvailable() {
        return failure() == null;
    }

    /** Why there is no oneDNN, or null. */
    private static String failure() {
        try {
            Optional<String> mismatch = DnnlLibrary.mismatch();
            if (mismatch.isPresent()) {
                return mismatch.get();
            }
            DnnlLibrary.load();
            return null;
        } catch (NoClassDefFoundError e) {
            return "its classes are not on the class path";
        } catch (LinkageError e) {
            return "its natives for this platform are not on the class path, or do not load (" + e.getMessage() + ")";
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
        String failure = failure();
        if (failure != null) {
            throw new IllegalStateException(
                    "oneDNN: " + failure + "; expected org.lora4j:lora-dl4j-onednn, which brings what"
                            + " is needed. Add it for products that are faster, or leave it out.");
        }
    }

    /**
     * Strict products by oneDNN, from weights where they lie, if it can be loaded; else by ND4J, and one line in the log says
     * why. The default of models of SameDiff; all of them share one.
     *
     * @return the multiplier, whose description says which
     */
    public static Multiplier orNd4j() {
        return Default.PRODUCTS;
    }
}
