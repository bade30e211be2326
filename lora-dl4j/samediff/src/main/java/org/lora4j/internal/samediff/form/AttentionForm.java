/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.lora4j.method.ModuleShape;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/**
 * The four projections inside {@code sd.nn.multiHeadDotProductAttention}. The op is one piece, so adapters are added to
 * its weights: queries, keys and values {@code [heads, size, in]}, output {@code [heads * size, out]}.
 */
final class AttentionForm implements SiteForm {

    private static final List<String> ROLES = List.of("q_proj", "k_proj", "v_proj", "out_proj");
    private static final int FIRST_WEIGHT = 3;
    private static final int OUTPUT = 3;

    @Override
    public String name() {
        return "attention projection";
    }

    @Override
    public Set<String> ops() {
        return Set.of("multi_head_dot_product_attention");
    }

    @Override
    public boolean fedByWeight() {
        return true;
    }

    @Override
    public List<Finding> inspect(GraphReader reader, SameDiffOp op) {
        List<Finding> findings = new ArrayList<>();
        for (int i = 0; i < ROLES.size(); i++) {
            Operand weight = reader.operand(op, FIRST_WEIGHT + i);
            if (weight.parameter()) {
                String problem = weight.problem(i == OUTPUT ? 2 : 3);
                findings.add(problem == null ? site(op, i, weight) : Forms.refuse(weight, op, problem));
            }
        }
        return findings;
    }

    private Site site(SameDiffOp op, int role, Operand weight) {
        long[] sizes = weight.shape();
        boolean output = role == OUTPUT;
        ModuleShape shape = output
                ? ModuleShape.linear(sizes[0], sizes[1])
                : ModuleShape.linear(sizes[2], Math.multiplyExact(sizes[0], sizes[1]));
        return new Site(
                this,
                op.getName(),
                output ? -1 : role,
                FIRST_WEIGHT + role,
                weight.leaf(),
                null,
                ROLES.get(role),
                shape,
                output ? Layout.TRANSPOSED : Layout.HEADS,
                output ? Layout.TRANSPOSED : Layout.SAME);
    }
}
