/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import static org.lora4j.internal.graph.OpTraits.Trait.*;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/**
 * The table of what is known of SameDiff's ops by name. Whoever needs such a fact asks here, so an op is added once: in the row of
 * all that it is. An op without a row has no trait, and whoever asks takes the careful way.
 *
 * @apiNote Status: internal
 */
public final class OpTraits {

    /** What an op is, or does to its inputs. */
    public enum Trait {
        /** Reads the shapes of its inputs, and no value. */
        OF_SHAPES,
        /** Has as many elements as the value of an input says. */
        SHAPED_BY_VALUES,
        /** The first input in another shape, every element at its place in memory. */
        KEEPS_PLACES,
        /** The elements of the first input in another order. */
        REORDERS,
        /** The first input in another type. */
        CONVERTS,
        /** Entry by entry, with others at the same place. */
        ELEMENTWISE,
        /** So cheap that it is computed again rather than kept. */
        LIGHT,
        /** Works along other axes than the first, if its attributes say so. */
        WITHIN_ROWS,
        /** Makes as many rows as its shape says, all alike. */
        FILLS,
        /** A window that slides over other axes than that of the batch. */
        WINDOW,
        /** A matrix product. */
        PRODUCT,
        /** Of sums the sum, of means the mean. */
        LINEAR,
        /** A number is added: of means the mean, of sums not the sum. */
        SHIFTS,
        /** Multiplied or divided by another input. */
        SCALES,
        /** Multiplied or divided by a number. */
        SCALES_BY_NUMBER,
        /** Of numbers of rows and of shapes again such a number or shape. */
        MAKES_SHAPES,
        /** Its derivative is 0 wherever there is one. */
        FLAT,
        /** Divides by a measure of many elements. */
        NORMALIZES,
        /** ND4J keeps it among its random ops, but it draws nothing. */
        DRAWS_NOTHING,
        /** Directs what is computed next. */
        CONTROL
    }

    /** All inputs of an op are data. */
    private static final int ALL = Integer.MAX_VALUE;

    private record Row(Set<Trait> traits, int data) {}

    private static final Row UNKNOWN = new Row(Set.of(), 0);
    private static final Map<String, Row> TABLE = new HashMap<>();

    static {
        row("shape_of shapes_of size size_at rank", 0, OF_SHAPES, FLAT);

        row("reshape", 1, KEEPS_PLACES, WITHIN_ROWS, LINEAR, MAKES_SHAPES);
        row("squeeze", 1, KEEPS_PLACES, WITHIN_ROWS, LINEAR);
        row("expand_dims", 1, KEEPS_PLACES, WITHIN_ROWS);
        row("identity", ALL, KEEPS_PLACES, ELEMENTWISE, LINEAR, MAKES_SHAPES);
        row("permute transpose", 1, REORDERS, WITHIN_ROWS);
        row("cast", ALL, CONVERTS, ELEMENTWISE, LIGHT, LINEAR, MAKES_SHAPES);
        row("concat stack", ALL, WITHIN_ROWS, LIGHT, MAKES_SHAPES);
        row("slice strided_slice", 1, WITHIN_ROWS, MAKES_SHAPES);
        row("split pad cumsum", 0, WITHIN_ROWS);
        row("tile", 1, WITHIN_ROWS, FILLS);
        row("fill broadcast_to", 0, WITHIN_ROWS, FILLS);
        row("fill_as one_hot", 0, WITHIN_ROWS);
        row("onehot", 1, WITHIN_ROWS);
        row("ones_as zeros_as", ALL, WITHIN_ROWS, FLAT);
        row("gather", 2, MAKES_SHAPES);
        row("gather_nd", 2);
        row("scatter_add", ALL);

        row("add", ALL, ELEMENTWISE, LIGHT, LINEAR, MAKES_SHAPES);
        row("subtract", ALL, ELEMENTWISE, LIGHT, LINEAR);
        row("multiply", ALL, ELEMENTWISE, LIGHT, SCALES, MAKES_SHAPES);
        row("divide", ALL, ELEMENTWISE, LIGHT, SCALES);
        row("biasadd", 0, ELEMENTWISE, LIGHT);
        row("neg", 0, ELEMENTWISE, LINEAR);
        row("add_scalar sub_scalar", 0, ELEMENTWISE, LIGHT, SHIFTS);
        row("mul_scalar", 0, ELEMENTWISE, LIGHT, LINEAR, SCALES_BY_NUMBER, MAKES_SHAPES);
        row("div_scalar", 0, ELEMENTWISE, LIGHT, LINEAR, SCALES_BY_NUMBER);
        row("rsub_scalar rdiv_scalar pow_scalar max_scalar min_scalar", 0, ELEMENTWISE);
        row("maximum minimum select", ALL, ELEMENTWISE);
        row("less greater less_equal greater_equal equals not_equals", ALL, ELEMENTWISE);
        row("lessthan_scalar greaterthan_scalar lessthanorequal_scalar greaterthanorequal_scalar", 0, ELEMENTWISE);
        row("equals_scalar notequals_scalar", 0, ELEMENTWISE);
        row("boolean_and boolean_or boolean_not", ALL);
        row("abs square cube sqrt rsqrt exp log log1p sin cos squaredsubtract Pow pow max_pairwise", 0, ELEMENTWISE);
        row("erf erfc tanh sigmoid logsigmoid log_sigmoid hardtanh hard_sigmoid hardsigmoid", 0, ELEMENTWISE);
        row("relu relu6 leakyrelu elu selu gelu precise_gelu _geluderivative", 0, ELEMENTWISE);
        row("softplus softsign swish mish clipbyvalue ClipByValue", 0, ELEMENTWISE);
        row("sign", 0, ELEMENTWISE, FLAT);
        row("floor ceil round rint step oneslike zeroslike stop_gradient", 0, FLAT);

        row("softmax log_softmax logsoftmax", 0, WITHIN_ROWS);
        row("layer_norm standardize", 0, WITHIN_ROWS, NORMALIZES);
        row("batchnorm lrn", 0, NORMALIZES);
        row("reduce_sum reduce_mean", 0, WITHIN_ROWS, LINEAR);
        row("reduce_max reduce_min reduce_norm1 reduce_norm2 reduce_sqnorm reduce_logsumexp", 0, WITHIN_ROWS);
        row("reduce_variance reduce_stdev argmax argmin", 0, WITHIN_ROWS);

        row("matmul xw_plus_b relu_layer", 0, PRODUCT);
        row("conv1d conv2d conv3dnew depthwise_conv2d", 0, WINDOW);
        row("maxpool2d avgpool2d maxpool3dnew avgpool3dnew", 0, WINDOW);
        row("sparse_softmax_cross_entropy_loss_with_logits", ALL);
        row("sparse_softmax_cross_entropy_loss_with_logits_grad", ALL);

        row("Where where_np", 0, ELEMENTWISE, SHAPED_BY_VALUES);
        row("unique unique_with_counts listdiff boolean_mask choose", 0, SHAPED_BY_VALUES);
        row("range linspace lin_space", 0, SHAPED_BY_VALUES, DRAWS_NOTHING);
        row("dynamic_partition dynamic_stitch non_max_suppression sequence_mask print_variable", 0, SHAPED_BY_VALUES);
        row("enter exit next_iteration switch merge loop_cond while if invoke", 0, CONTROL);

        row("lora4j_stored_lookup lora4j_chunked_loss lora4j_sampled_product lora4j_table_gradient", ALL);
        row("lora4j_relative_products lora4j_relative_products_bp", 3);
    }

    private OpTraits() {}

    private static void row(String names, int data, Trait... traits) {
        Set<Trait> all = EnumSet.noneOf(Trait.class);
        all.addAll(Arrays.asList(traits));
        for (String name : names.split(" ")) {
            if (TABLE.put(name, new Row(all, data)) != null) {
                throw new IllegalStateException("OpTraits: \"" + name + "\" has two rows, expected one");
            }
        }
    }

    /**
     * The names of the table.
     *
     * @return every op with a row
     */
    static Set<String> names() {
        return Set.copyOf(TABLE.keySet());
    }

    /** Whether an op of a name has a trait. */
    public static boolean has(String opName, Trait trait) {
        return TABLE.getOrDefault(opName, UNKNOWN).traits().contains(trait);
    }

    /** Whether an op has a trait. */
    public static boolean has(SameDiffOp op, Trait trait) {
        return has(op.getOp().opName(), trait);
    }

    /** Whether an op only gives its first input another shape or order: every element is there. */
    public static boolean rearranges(SameDiffOp op) {
        return has(op, KEEPS_PLACES) || has(op, REORDERS);
    }

    /** Whether an op gives the values of its first input, in any shape, order and type. */
    public static boolean keepsValues(SameDiffOp op) {
        return rearranges(op) || has(op, CONVERTS);
    }

    /**
     * Whether an input that holds integers or booleans is data. Others are taken for numbers that shape the result, so that a wrong guess
     * costs a plan and not a wrong result.
     *
     * @param input index of the input
     */
    public static boolean isData(DifferentialFunction op, int input) {
        return input < TABLE.getOrDefault(op.opName(), UNKNOWN).data();
    }
}
