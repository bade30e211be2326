/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.List;
import java.util.Set;
import org.lora4j.internal.graph.OpContext;
import org.lora4j.method.ModuleShape;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/**
 * An embedding: rows of a table {@code [vocabulary, size]} looked up by index ({@code sd.gather}, axis 0). A is a table
 * {@code [vocabulary, rank]}, B {@code [rank, size]}.
 *
 * <p>Indices are flattened before A is looked up. The gradient of {@code gather} in SameDiff M2.1 is silently wrong for
 * indices of two axes and throws for one axis; an adapted graph given to {@code SameDiff.fit} therefore fails aloud. This
 * library's own differentiation has a right rule.
 */
final class GatherForm implements SiteForm {

    @Override
    public String name() {
        return "gather";
    }

    @Override
    public Set<String> ops() {
        return Set.of("gather");
    }

    @Override
    public List<Finding> inspect(GraphReader reader, SameDiffOp op) {
        Operand table = reader.operand(op, 0);
        boolean vector = table.shape() != null && table.rank() < 2;
        if (!table.parameter() || vector) {
            return List.of();
        }
        String problem = table.problem(2);
        if (problem == null && Forms.argument(op, 0, -1) != 0) {
            problem = "op \"" + op.getName() + "\" gathers along axis " + Forms.argument(op, 0, -1)
                    + "; expected axis 0, a lookup of rows. Store the table transposed";
        }
        if (problem == null && op.getInputsToOp().size() != 2) {
            problem = "op \"" + op.getName() + "\" has " + op.getInputsToOp().size()
                    + " inputs; expected a table and indices";
        }
        if (problem != null) {
            return List.of(Forms.refuse(table, op, problem));
        }
        ModuleShape shape = ModuleShape.embedding(table.size(0), table.size(1));
        return List.of(
                new Site(this, op.getName(), 1, 0, table.leaf(), null, null, shape, Layout.SAME, Layout.TRANSPOSED));
    }

    @Override
    public SDVariable narrow(OpContext context, Site site, SDVariable x, SDVariable a) {
        SameDiff graph = context.graph();
        return graph.gather(a, graph.reshape(x, -1), 0);
    }

    @Override
    public SDVariable widen(OpContext context, Site site, SDVariable thin, SDVariable b, SDVariable like) {
        return Forms.widenLastAxis(context, thin, b, like);
    }
}
