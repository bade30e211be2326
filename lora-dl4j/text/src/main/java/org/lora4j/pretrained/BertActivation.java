/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.function.BiFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * The function between the two linear modules of a feed-forward block.
 *
 * @apiNote Status: stable
 */
public enum BertActivation {
    /** The exact Gaussian error linear unit {@code x * Phi(x)} of Hendrycks and Gimpel (2016, arXiv:1606.08415). */
    GELU(BertActivation::gelu),
    /**
     * The approximation {@code x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))} of the same paper, {@code gelu_new} in
     * Hugging Face's files.
     */
    GELU_TANH(BertActivation::geluTanh),
    /** {@code x * sigmoid(x)} (Elfwing et al. 2017, arXiv:1702.03118). */
    SILU(BertActivation::silu),
    /** {@code max(x, 0)}. */
    RELU(BertActivation::relu);

    private final BiFunction<SDVariable, String, SDVariable> builder;

    BertActivation(BiFunction<SDVariable, String, SDVariable> builder) {
        this.builder = builder;
    }

    /**
     * Appends the function to the graph of {@code x}.
     *
     * @param x the input, of any shape
     * @param name name of the result; intermediate variables are named {@code name + "_..."}
     * @return the result, of the shape of {@code x}
     */
    SDVariable apply(SDVariable x, String name) {
        return builder.apply(x, name);
    }

    private static SDVariable gelu(SDVariable x, String name) {
        // ND4J's gelu is the sigmoid approximation and its precise_gelu is wrong: 0.8314 at 1, exact is 0.8413.
        SameDiff sd = x.getSameDiff();
        SDVariable erf = sd.math().erf(name + "_erf", x.mul(name + "_scaled", Math.sqrt(0.5)));
        return x.mul(name + "_product", erf.add(name + "_shifted", 1.0)).mul(name, 0.5);
    }

    private static SDVariable geluTanh(SDVariable x, String name) {
        SameDiff sd = x.getSameDiff();
        SDVariable factor =
                x.mul(name + "_square", x).mul(name + "_cubic", 0.044715).add(name + "_factor", 1.0);
        SDVariable inner = x.mul(name + "_inner", factor).mul(name + "_scaled", Math.sqrt(2 / Math.PI));
        SDVariable tanh = sd.math().tanh(name + "_tanh", inner);
        return x.mul(name + "_product", tanh.add(name + "_shifted", 1.0)).mul(name, 0.5);
    }

    private static SDVariable silu(SDVariable x, String name) {
        return x.mul(name, x.getSameDiff().nn().sigmoid(name + "_sigmoid", x));
    }

    private static SDVariable relu(SDVariable x, String name) {
        return x.getSameDiff().nn().relu(name, x, 0.0);
    }
}
