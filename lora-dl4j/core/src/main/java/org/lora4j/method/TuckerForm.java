/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

/**
 * A matrix for each place of a window, of a core and a factor for either side: {@code sum over i, j of T[i, j, window] A[i,
 * outputs] B[j, inputs]} with T {@code [rank, rank, window...]}, A {@code [rank, outputs]} and B {@code [rank, inputs]}.
 *
 * <p><i>Source:</i> Hyeon-Woo et al. 2022, arXiv 2108.06098, proposition 3.
 */
final class TuckerForm {

    private TuckerForm() {}

    /** The shape of T. PEFT has the core of a window over one axis with an axis of size 1 behind it. */
    static long[] core(ModuleShape shape, int rank) {
        long[] core = shape.sized(rank, rank, false);
        return core.length == 3 ? new long[] {rank, rank, core[2], 1} : core;
    }

    /** The product as {@code [outputs, inputs * window]}. */
    static <A> A product(WeightAlgebra<A> module, A core, A a, A b, long outputs, long inputs) {
        ModuleShape shape = module.shape();
        long window = shape.fanIn() / shape.inputs();
        // A^T T: [outputs, rank] times [rank, rank * window].
        A ofOutputs = module.matrixProduct(module.permute(a, 1, 0), module.reshape(core, module.size(core, 0), -1));
        A rankLast = module.permute(module.reshape(ofOutputs, outputs, -1, window), 0, 2, 1);
        // Times B: [outputs * window, rank] times [rank, inputs].
        A ofInputs = module.matrixProduct(module.reshape(rankLast, outputs * window, -1), b);
        A windowLast = module.permute(module.reshape(ofInputs, outputs, window, inputs), 0, 2, 1);
        return module.reshape(windowLast, outputs, inputs * window);
    }
}
