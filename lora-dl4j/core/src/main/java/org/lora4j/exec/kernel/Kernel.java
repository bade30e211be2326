/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import java.util.List;
import java.util.Set;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes what an op stands for.
 *
 * @apiNote Status: stable
 */
public final class Kernel {

    private final Body body;
    private final Condition condition;
    private final Rounding rounding;

    /**
     * Computes the outputs, which are to be written completely.
     *
     * @apiNote Status: stable
     */
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

    /**
     * Whether an op with these inputs is one that the kernel computes.
     *
     * @apiNote Status: stable
     */
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

    /**
     * Which arrays a kernel takes in BFLOAT16.
     *
     * @apiNote Status: stable
     */
    @FunctionalInterface
    public interface Rounding {
        /**
         * Looks at an op that the kernel computes.
         *
         * @param in its inputs, all FLOAT, of which shapes are read and no values
         * @return which of its arrays may be BFLOAT16
         */
        Rounded of(List<INDArray> in);
    }

    /**
     * Which of its FLOAT arrays a kernel may be given in BFLOAT16, for a plan that keeps activations so.
     *
     * @param wanted inputs that the kernel would round itself, by their place
     * @param inputs all inputs that may be BFLOAT16
     * @param outputs all outputs that may be
     * @param together whether all of these have to be of one type
     * @apiNote Status: stable
     */
    public record Rounded(Set<Integer> wanted, Set<Integer> inputs, Set<Integer> outputs, boolean together) {

        /** For a kernel of FLOAT arrays only. */
        public static final Rounded NONE = new Rounded(Set.of(), Set.of(), Set.of(), false);

        /**
         * Copies the sets.
         *
         * @param wanted inputs that the kernel would round itself
         * @param inputs all inputs that may be BFLOAT16
         * @param outputs all outputs that may be
         * @param together whether all of these have to be of one type
         */
        public Rounded {
            wanted = Set.copyOf(wanted);
            inputs = Set.copyOf(inputs);
            outputs = Set.copyOf(outputs);
        }
    }

    private Kernel(Body body, Condition condition, Rounding rounding) {
        this.body = body;
        this.condition = condition;
        this.rounding = rounding;
    }

    /**
     * A kernel for every op that it is named for.
     *
     * @param body what it computes
     * @return the kernel
     */
    public static Kernel of(Body body) {
        return new Kernel(body, (op, in) -> true, in -> Rounded.NONE);
    }

    /**
     * The kernel for some ops only.
     *
     * @param narrower which of them
     * @return a kernel of the same body
     */
    public Kernel when(Condition narrower) {
        return new Kernel(body, narrower, rounding);
    }

    /**
     * The same kernel, which takes some arrays in BFLOAT16, too.
     *
     * @param which of them
     * @return a kernel of the same body
     */
    public Kernel rounding(Rounding which) {
        return new Kernel(body, condition, which);
    }

    /**
     * Which arrays may be BFLOAT16.
     *
     * @param in the inputs of an op that the kernel computes, all FLOAT, of which shapes are read and no values
     * @return their places
     */
    public Rounded rounded(List<INDArray> in) {
        return rounding.of(in);
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
        return new Kernel(other, condition, rounding);
    }
}
