/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.ArrayText;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A gate that splits the rank of an adapter among a few experts and says how much each of them counts: with {@code E}
 * experts, expert {@code e} is the {@code e}-th block of {@code rank / E} rows of A and columns of B, and
 *
 * <pre>update = scaling * sum_e g_e * (x A_e) B_e,   g = softmax(z)</pre>
 *
 * <p>All values of {@code z} are 0 at first, so that every expert starts with the share 1 / E.
 *
 * <p><i>Source.</i> Jacobs et al. 1991, Adaptive Mixtures of Local Experts, equation 2; low-rank experts with a gate that
 * sees the task: Liu et al. 2023, MOELoRA, arXiv:2310.18339; with one that sees each token: Dou et al. 2023, LoRAMoE,
 * arXiv:2312.09979. All experts take part, as in both; none is left out by a top-k rule.
 *
 * @param experts number of experts, 2 or more; the rank of every module is a multiple of it
 * @param input what the gate sees
 * @param values by path of the module: {@code z} as {@code [experts]} for {@link Input#CONSTANT}, a matrix {@code
 *     [experts, in]} for {@link Input#ACTIVATION}; empty for a fresh gate
 * @apiNote Status: stable
 */
public record ExpertGate(int experts, Input input, Map<String, INDArray> values) {

    /**
     * What a gate sees.
     *
     * @apiNote Status: stable
     */
    public enum Input {
        /** Nothing: {@code z} is learned as it is. With a gate for each task, that is a gate that sees the task. */
        CONSTANT,
        /** What the module is applied to, at every position for itself: {@code z = x G}. */
        ACTIVATION
    }

    /**
     * Checks the numbers and freezes the map.
     *
     * @param experts as in the record
     * @param input as in the record
     * @param values as in the record; not copied
     * @throws IllegalArgumentException if there are fewer than two experts or something is missing
     */
    public ExpertGate {
        Problems problems = new Problems();
        problems.atLeast("experts", experts, 2);
        problems.check(input != null, "input = null, expected CONSTANT or ACTIVATION");
        problems.check(values != null, "values = null, expected arrays by module, or an empty map for a fresh gate");
        problems.throwIfAny("ExpertGate");
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /**
     * A gate that has learned nothing yet.
     *
     * @param experts number of experts, 2 or more
     * @param input what the gate sees
     * @return the gate, without values
     * @throws IllegalArgumentException as the constructor
     */
    public static ExpertGate fresh(int experts, Input input) {
        return new ExpertGate(experts, input, Map.of());
    }

    @Override
    public String toString() {
        return "ExpertGate[" + experts + " experts, " + input + ", values " + ArrayText.of(values) + "]";
    }
}
