/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.function.IntConsumer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.presets.openblas_nolapack;
import org.nd4j.linalg.api.blas.Blas;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Gives ND4J's matrix library one thread while some work runs. It has one number for the process, so works are counted in and
 * out; the number is as it was when the last of them is done.
 *
 * <p>OpenBLAS is told by its own function: {@link Blas#setMaxThreads} looks for those of all libraries it knows each time, which
 * takes 0.2 ms, longer than many a work.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class BlasThreads {

    private static final String OF_CPU = "org.nd4j.linalg.cpu.nativecpu.blas.CpuBlas";
    private static final String SET = "openblas_set_num_threads";

    private static final ThreadLocal<int[]> OF_THREAD = ThreadLocal.withInitial(() -> new int[1]);

    private static int working;
    private static int before;
    private static IntConsumer setter;

    private BlasThreads() {}

    /** A function of OpenBLAS. */
    private static final class Function extends openblas_nolapack.SetNumThreads {
        Function(Pointer address) {
            super();
            put(address);
        }
    }

    /** Some work of the thread that calls begins. {@link #leave} is to follow. */
    public static void enter() {
        OF_THREAD.get()[0]++;
        countIn();
    }

    /** It is done. */
    public static void leave() {
        OF_THREAD.get()[0]--;
        countOut();
    }

    /** Whether some work of the thread that calls is to have one thread. */
    static boolean isOne() {
        return OF_THREAD.get()[0] > 0;
    }

    private static synchronized void countIn() {
        if (working == 0) {
            before = Nd4j.factory().blas().getMaxThreads();
            if (before > 1) {
                set(1);
            }
        }
        working++;
    }

    private static synchronized void countOut() {
        working--;
        if (working == 0 && before > 1) {
            set(before);
        }
    }

    private static void set(int threads) {
        if (setter == null) {
            setter = setter(Nd4j.factory().blas());
        }
        setter.accept(threads);
    }

    private static IntConsumer setter(Blas blas) {
        if (blas.getClass().getName().equals(OF_CPU)) {
            Pointer address = Loader.addressof(SET);
            if (address != null && !address.isNull()) {
                return new Function(address)::call;
            }
        }
        // MKL, or another backend.
        return blas::setMaxThreads;
    }
}
