/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/** How many threads ND4J and its BLAS use inside one op. */
final class NativeThreads {

    /** What the process was started with ({@code OMP_NUM_THREADS}). */
    static final int AT_START = ops().ompGetMaxThreads();

    private NativeThreads() {}

    /** Does something with one thread inside each op, for work that has threads of its own. */
    static void single(Runnable work) {
        set(1);
        try {
            work.run();
        } finally {
            set(AT_START);
        }
    }

    private static void set(int threads) {
        ops().setOmpNumThreads(threads);
        Nd4j.getEnvironment().setMaxMasterThreads(threads);
        Nd4j.factory().blas().setMaxThreads(threads);
    }

    private static NativeOps ops() {
        return NativeOpsHolder.getInstance().getDeviceNativeOps();
    }
}
