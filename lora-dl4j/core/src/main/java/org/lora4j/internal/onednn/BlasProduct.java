/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/**
 * Products of FLOAT matrices by ND4J's OpenBLAS, called directly: an op of ND4J for each piece would cost microseconds. For one thread.
 *
 * @apiNote Status: internal
 */
public final class BlasProduct {

    private static final int ROW_MAJOR = 101;
    private static final int AS_IS = 111;
    private static final int TRANSPOSED = 112;

    private final Place x = new Place();
    private final Place w = new Place();
    private final Place z = new Place();

    /** A place in memory that belongs to somebody else. */
    private static final class Place extends FloatPointer {
        Place() {
            super((Pointer) null);
        }

        Place at(MatrixOperand operand) {
            this.address = operand.address();
            return this;
        }
    }

    /** Whether the binding is there: ND4J's CPU backend brings it. */
    public static boolean isAvailable() {
        try {
            Loader.load(openblas_nolapack.class);
            return true;
        } catch (LinkageError e) {
            return false;
        }
    }

    /** Computes a term without a bias, whose addend, if it has one, is in z. */
    public void run(Term term) {
        MemoryLayout result = term.z().layout();
        if (!result.isProduct(term.x().layout(), term.w().layout())) {
            throw new IndexOutOfBoundsException("product: " + term.x().layout() + " times "
                    + term.w().layout() + " is none of " + result
                    + ". A size was computed wrongly: please report it.");
        }
        openblas_nolapack.cblas_sgemm(
                ROW_MAJOR,
                order(term.x().layout()),
                order(term.w().layout()),
                Math.toIntExact(result.rows()),
                Math.toIntExact(result.columns()),
                Math.toIntExact(term.x().layout().columns()),
                term.scale(),
                x.at(term.x()),
                step(term.x().layout()),
                w.at(term.w()),
                step(term.w().layout()),
                term.addend() == null ? 0 : 1,
                z.at(term.z()),
                step(result));
        term.inUse();
    }

    private static int order(MemoryLayout layout) {
        return layout.isByRows() ? AS_IS : TRANSPOSED;
    }

    private static int step(MemoryLayout layout) {
        return Math.toIntExact(layout.step());
    }
}
