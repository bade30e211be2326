/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.ProductChoice.Library;
import org.lora4j.internal.onednn.BlasProduct;
import org.lora4j.internal.onednn.DnnlAvailability;
import org.lora4j.internal.onednn.DnnlLibrary;
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

    private static Multiplier byDefault;

    private OneDnn() {}

    private static Multiplier choose() {
        try {
            return products(MathMode.STRICT_F32);
        } catch (IllegalStateException e) {
            // No field: what this class says of a missing library must not need a logger's classes.
            LoggerFactory.getLogger(OneDnn.class).info("Matrices are multiplied by ND4J. {}", e.getMessage());
            return Multiplier.nd4j();
        }
    }

    /**
     * Whether the library can be loaded.
     *
     * @return true if it can
     */
    public static boolean isAvailable() {
        return DnnlAvailability.isThere();
    }

    /**
     * A multiplier for matrices.
     *
     * @param mode how exactly
     * @return the multiplier; results of strict F32 agree with ND4J's within 1e-5, relative to the sum of the absolute
     *     products
     * @throws IllegalStateException if the library is missing, or this processor cannot multiply so; see {@link
     *     MathMode#isSupported()}
     */
    public static Multiplier products(MathMode mode) {
        requireLibrary();
        return products(mode, ProductChoices.here());
    }

    /**
     * A multiplier that leaves some kinds of products to OpenBLAS.
     *
     * @param mode how exactly; products in BF16 are oneDNN's
     * @param choice which kinds, instead of what {@link #choice()} says
     * @return the multiplier; another choice rounds otherwise
     * @throws IllegalStateException as {@link #products(MathMode)}, or if OpenBLAS is to multiply and is missing
     */
    public static Multiplier products(MathMode mode, ProductChoice choice) {
        requireLibrary();
        if (!mode.isSupported()) {
            throw new IllegalStateException(
                    "OneDnn.products(MathMode." + mode + "): oneDNN has no fast kernel for it on this processor ("
                            + DnnlLibrary.instructions() + "); expected "
                            + (mode == MathMode.BF16
                                    ? "AVX-512, and for speed AVX512-BF16 or AMX. Use MathMode.STRICT_F32; "
                                    : "another one. Use Multiplier.nd4j(); ")
                            + "MathMode.isSupported() tells beforehand.");
        }
        if (!choice.equals(ProductChoice.ONEDNN) && !BlasProduct.isAvailable()) {
            throw new IllegalStateException("OneDnn.products: " + choice + " leaves products to OpenBLAS, whose binding"
                    + " org.bytedeco:openblas cannot be loaded; expected it on the class path, as nd4j-native brings it."
                    + " Use ProductChoice.ONEDNN.");
        }
        return DnnlMultiplier.of(mode, false, choice);
    }

    /**
     * Which library computes which kind of products here, by default: what the system property {@code lora4j.products} says
     * ({@code shipped}, or a text for {@link ProductChoice#parse}); else what {@link #calibrate()} measured on this kind of
     * processor; else what is shipped for its instructions. The same for the whole life of the JVM.
     *
     * @return the choice
     * @throws IllegalStateException if the library is missing
     * @throws IllegalArgumentException if the property cannot be read
     */
    public static ProductChoice choice() {
        requireLibrary();
        return ProductChoices.here();
    }

    /**
     * Measures on this machine which library is faster for which kind of products, and keeps that in the user's cache ({@code
     * lora4j/products.json} in {@code $XDG_CACHE_HOME}, or {@code ~/.cache}) for JVMs that start later. Takes some seconds; for a
     * machine that does nothing else meanwhile. Needed only for kinds of processors of which {@code docs/processors.md} has no
     * figures.
     *
     * @return what was measured; for this JVM pass it to {@link #products(MathMode, ProductChoice)}
     * @throws IllegalStateException if one of the libraries is missing
     * @throws java.io.UncheckedIOException if it cannot be kept; nothing has changed then
     */
    public static ProductChoice calibrate() {
        products(MathMode.STRICT_F32, new ProductChoice(Library.OPENBLAS, Library.OPENBLAS, Library.OPENBLAS));
        ProductChoice choice = ProductMeasurement.measure();
        try {
            ProductChoices.keep(ProductChoices.file(), ProductChoices.kind(), choice);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "OneDnn.calibrate: measured " + choice + ", which could not be kept: " + e.getMessage()
                            + ". Set the system property lora4j.products to it.",
                    e);
        }
        return choice;
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
        return DnnlMultiplier.of(MathMode.STRICT_F32, true, ProductChoices.here());
    }

    private static void requireLibrary() {
        String failure = DnnlAvailability.failure();
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
     * @throws IllegalArgumentException if the system property {@code lora4j.products} cannot be read
     */
    public static synchronized Multiplier orNd4j() {
        if (byDefault == null) {
            byDefault = choose();
        }
        return byDefault;
    }
}
