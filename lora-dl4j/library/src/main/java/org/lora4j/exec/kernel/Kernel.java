/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import java.util.List;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes what an op stands for.
 *
 * @apiNote Status: experimental
 */
public final class Kernel {

    private final Body body;
    private final Condition condition;

    /** Computes the outputs, which are to be written completely. */
    @FunctionalInterface
    public interface Body {
        /**
         * Computes.
         *
         * @param in the inputs, only read
         * @param out arrays for the outputs
         */
        void run(List<INDArray> in, List<INDArray> out);
    }

    /** Whether an op with these inputs is one that the kernel computes. */
    @FunctionalInterface
    public interface Condition {
        /**
         * Looks at an op.
         *
         * @param op the op that the kernel is named for
         * @param in its inputs, of which types and shapes are read and no values
         * @return true if the kernel computes it
         */
        boolean holds(DifferentialFunction op, List<INDArray> in);
    }

    private Kernel(Body body, Condition condition) {
        this.body = body;
        this.condition = condition;
    }

    /**
     * A kernel for every op that it is named for.
     *
     * @param body what it computes
     * @return the kernel
     */
    public static Kernel of(Body body) {
        return new Kernel(body, (op, in) -> true);
    }

    /**
     * The kernel for some ops only.
     *
     * @param narrower which of them
     * @return a kernel of the same body
     */
    public Kernel when(Condition narrower) {
        return new Kernel(body, narrower);
    }

    /**
     * Whether the kernel computes an op on such inputs.
     *
     * @param op the op that it is named for
     * @param in the inputs, of which types and shapes are read and no values
     * @return true if it does
     */
    public boolean computes(DifferentialFunction op, List<INDArray> in) {
        return condition.holds(op, in);
    }

    /**
     * Computes the op.
     *
     * @param in the inputs, only read
     * @param out arrays for the outputs, written completely
     */
    public void run(List<INDArray> in, List<INDArray> out) {
        body.run(in, out);
    }

    /**
     * Another computation of the same op.
     *
     * @param other the computation
     * @return a kernel for the ops that this one is for
     */
    public Kernel computedBy(Body other) {
        return new Kernel(other, condition);
    }
}
