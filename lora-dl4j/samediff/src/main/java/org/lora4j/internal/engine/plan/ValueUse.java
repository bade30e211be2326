/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.ReduceOp;
import org.nd4j.linalg.api.ops.ScalarOp;
import org.nd4j.linalg.api.ops.custom.Invoke;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.BaseCompatOp;
import org.nd4j.linalg.api.ops.impl.layers.ExternalErrorsFunction;
import org.nd4j.linalg.api.ops.impl.shape.CreateView;
import org.nd4j.linalg.api.ops.impl.shape.tensorops.BaseTensorOp;
import org.nd4j.linalg.api.ops.impl.transforms.Assert;
import org.nd4j.linalg.api.ops.impl.transforms.custom.Assign;
import org.nd4j.linalg.api.ops.impl.transforms.gradient.GradientBackwardsMarker;
import org.nd4j.linalg.api.ops.random.BaseRandomOp;

/**
 * What the results of ops depend on. Everywhere but in this table, integers and booleans are taken for numbers that shape the
 * result, so that a wrong guess costs a plan and not a wrong result.
 */
final class ValueUse {

    private static final int ALL = Integer.MAX_VALUE;

    /** Ops that give shapes, and read no value. */
    private static final Set<String> OF_SHAPES = Set.of("shape_of", "shapes_of", "size", "size_at", "rank");

    /** Ops whose result has as many elements as a value of any type says. */
    private static final Set<String> SHAPED_BY_VALUES = Set.of(
            "where_np",
            "Where",
            "unique",
            "unique_with_counts",
            "listdiff",
            "boolean_mask",
            "choose",
            "range",
            "linspace",
            "lin_space",
            "dynamic_partition",
            "dynamic_stitch",
            "non_max_suppression",
            "sequence_mask",
            "print_variable");

    /** Ops, and how many of their first inputs are data even if they are integers. */
    private static final Map<String, Integer> DATA = Map.ofEntries(
            Map.entry("gather", 2),
            Map.entry("gather_nd", 2),
            Map.entry("lora4j_stored_lookup", ALL),
            Map.entry("lora4j_chunked_loss", ALL),
            Map.entry("lora4j_sampled_product", ALL),
            Map.entry("lora4j_table_gradient", ALL),
            Map.entry("lora4j_relative_products", 3),
            Map.entry("lora4j_relative_products_bp", 3),
            Map.entry("cast", ALL),
            Map.entry("identity", ALL),
            Map.entry("reshape", 1),
            Map.entry("permute", 1),
            Map.entry("transpose", 1),
            Map.entry("expand_dims", 1),
            Map.entry("squeeze", 1),
            Map.entry("tile", 1),
            Map.entry("slice", 1),
            Map.entry("strided_slice", 1),
            Map.entry("concat", ALL),
            Map.entry("stack", ALL),
            Map.entry("onehot", 1),
            Map.entry("add", ALL),
            Map.entry("subtract", ALL),
            Map.entry("multiply", ALL),
            Map.entry("divide", ALL),
            Map.entry("maximum", ALL),
            Map.entry("minimum", ALL),
            Map.entry("equals", ALL),
            Map.entry("not_equals", ALL),
            Map.entry("greater", ALL),
            Map.entry("greater_equal", ALL),
            Map.entry("less", ALL),
            Map.entry("less_equal", ALL),
            Map.entry("select", ALL),
            Map.entry("boolean_and", ALL),
            Map.entry("boolean_or", ALL),
            Map.entry("boolean_not", ALL),
            Map.entry("scatter_add", ALL),
            Map.entry("ones_as", ALL),
            Map.entry("zeros_as", ALL),
            Map.entry("sparse_softmax_cross_entropy_loss_with_logits", ALL),
            Map.entry("sparse_softmax_cross_entropy_loss_with_logits_grad", ALL));

    /** Ops that leave every element where it is. */
    private static final Set<String> VIEWS = Set.of("reshape", "expand_dims", "squeeze", "identity");

    /** The attribute of a reshape that reads and writes columns first, as a negative letter. */
    private static final long COLUMNS_FIRST = -'f';

    private ValueUse() {}

    /** Whether an op only computes its outputs from its inputs: no control flow, nothing random, nothing written in place. */
    static boolean isComputation(DifferentialFunction op) {
        if (op instanceof BaseCompatOp
                || op instanceof BaseTensorOp
                || op instanceof Invoke
                || op instanceof CreateView
                || op instanceof Assign
                || op instanceof Assert
                || op instanceof ExternalErrorsFunction
                || op instanceof GradientBackwardsMarker
                || op instanceof BaseRandomOp) {
            return false;
        }
        String name = op.opName();
        return (op instanceof CustomOp || op instanceof Op && !hasSetting(op))
                && !name.startsWith("random")
                && !name.equals("dropout");
    }

    // Of these older ops the stock session makes a setting of the second input's value.
    private static boolean hasSetting(DifferentialFunction op) {
        boolean reduction = op instanceof ReduceOp reduce && reduce.getOpType() != Op.Type.REDUCE3;
        return (reduction || op instanceof ScalarOp) && op.argNames().length > 1;
    }

    /** Whether an op reads the shapes of its inputs alone. */
    static boolean isOfShapes(DifferentialFunction op) {
        return OF_SHAPES.contains(op.opName());
    }

    /** Whether the shape of the result may depend on the value of an input. */
    static boolean shapesResult(DifferentialFunction op, int input, DataType type) {
        if (SHAPED_BY_VALUES.contains(op.opName())) {
            return true;
        }
        boolean data = type.isFPType() || !(op instanceof CustomOp);
        return !data && input >= DATA.getOrDefault(op.opName(), 0);
    }

    /** Whether the output of an op is its first input in another shape. */
    static boolean isView(DifferentialFunction op) {
        if (!VIEWS.contains(op.opName())) {
            return false;
        }
        for (long attribute : ((CustomOp) op).iArgs()) {
            if (attribute == COLUMNS_FIRST) {
                return false;
            }
        }
        return true;
    }
}
