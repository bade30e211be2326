/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.lora4j.error.Problems;

/**
 * What kind of map a module is and how large: all that a method needs to know of a module.
 *
 * <p><i>Shapes</i> (PEFT's, which are PyTorch's): linear {@code [outputs, inputs]} · embedding {@code [inputs, outputs]},
 * {@code inputs} being the size of the vocabulary · convolution {@code [outputs, inputs / parts, kernel...]} · experts {@code
 * [parts, outputs, inputs]}.
 *
 * @param kind what the module computes
 * @param inputs input features, vocabulary size, or input channels; 1 or more
 * @param outputs output features, embedding size, or output channels; 1 or more
 * @param kernel size of the window per spatial axis; empty unless the module is a convolution
 * @param parts groups of a convolution, number of experts whose weights are stacked; 1 for other kinds
 * @apiNote Status: stable
 */
public record ModuleShape(Kind kind, long inputs, long outputs, List<Long> kernel, long parts) {

    /**
     * What a module computes.
     *
     * @apiNote Status: stable
     */
    public enum Kind {
        /** {@code y = W x}. */
        LINEAR,
        /** {@code y = row x of W}. */
        EMBEDDING,
        /** A convolution over one, two or three spatial axes, perhaps in groups of channels. */
        CONVOLUTION,
        /** Linear maps of several experts, stacked in one parameter. */
        EXPERTS
    }

    /**
     * Checks the shape.
     *
     * @param kind what the module computes
     * @param inputs input features, vocabulary size, or input channels
     * @param outputs output features, embedding size, or output channels
     * @param kernel size of the window per spatial axis
     * @param parts groups or experts
     * @throws IllegalArgumentException if a size is below 1, a convolution does not have 1 to 3 spatial axes, or
     *     another kind has any, groups do not divide the channels, or a linear module or embedding has parts; the message
     *     lists every problem
     */
    public ModuleShape {
        kernel = List.copyOf(kernel);
        Problems problems = new Problems();
        problems.atLeast("inputs", inputs, 1);
        problems.atLeast("outputs", outputs, 1);
        problems.atLeast("parts", parts, 1);
        problems.check(
                parts <= 1 || kind == Kind.CONVOLUTION || kind == Kind.EXPERTS,
                "parts = " + parts + ", expected 1 for " + kind);
        problems.check(
                kind != Kind.CONVOLUTION || parts < 1 || (inputs % parts == 0 && outputs % parts == 0),
                "parts = " + parts + ", expected a divisor of " + inputs + " and " + outputs + " channels");
        boolean axesFit = kind == Kind.CONVOLUTION ? kernel.size() >= 1 && kernel.size() <= 3 : kernel.isEmpty();
        if (!axesFit || kernel.stream().anyMatch(k -> k < 1)) {
            problems.add("kernel = " + kernel + ", expected "
                    + (kind == Kind.CONVOLUTION ? "1 to 3 sizes of 1 or more" : "none for " + kind));
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    problems.message("ModuleShape") + ". Check the shape of the weight that it was made from.");
        }
    }

    /**
     * A linear map.
     *
     * @param inputs input features
     * @param outputs output features
     * @return the shape
     */
    public static ModuleShape linear(long inputs, long outputs) {
        return new ModuleShape(Kind.LINEAR, inputs, outputs, List.of(), 1);
    }

    /**
     * A lookup table.
     *
     * @param vocabulary number of rows
     * @param size length of a row
     * @return the shape
     */
    public static ModuleShape embedding(long vocabulary, long size) {
        return new ModuleShape(Kind.EMBEDDING, vocabulary, size, List.of(), 1);
    }

    /**
     * A convolution.
     *
     * @param inputs input channels
     * @param outputs output channels
     * @param kernel size of the window per spatial axis
     * @return the shape
     */
    public static ModuleShape convolution(long inputs, long outputs, long... kernel) {
        return groupedConvolution(inputs, outputs, 1, kernel);
    }

    /**
     * A convolution whose channels are split into groups.
     *
     * @param inputs input channels of all groups
     * @param outputs output channels of all groups
     * @param groups a divisor of both
     * @param kernel size of the window per spatial axis
     * @return the shape
     */
    public static ModuleShape groupedConvolution(long inputs, long outputs, long groups, long... kernel) {
        return new ModuleShape(
                Kind.CONVOLUTION, inputs, outputs, LongStream.of(kernel).boxed().toList(), groups);
    }

    /**
     * The linear maps of several experts, stacked.
     *
     * @param experts number of experts
     * @param inputs input features of each
     * @param outputs output features of each
     * @return the shape
     */
    public static ModuleShape experts(long experts, long inputs, long outputs) {
        return new ModuleShape(Kind.EXPERTS, inputs, outputs, List.of(), experts);
    }

    /**
     * The shape of the module's weight in PEFT's layout.
     *
     * @return a new array
     */
    public long[] weight() {
        return switch (kind) {
            case EMBEDDING -> new long[] {inputs, outputs};
            case EXPERTS -> new long[] {parts, outputs, inputs};
            case LINEAR, CONVOLUTION -> withKernel(outputs, inputs / parts, kernel);
        };
    }

    /**
     * The shape of a weight of the same kind with other sizes, without a window for the pointwise case.
     *
     * @param first size of axis 0
     * @param second size of axis 1
     * @param pointwise whether every size of the window is 1
     * @return {@code [first, second]}, followed by the window if this is a convolution
     */
    public long[] sized(long first, long second, boolean pointwise) {
        return withKernel(
                first, second, pointwise ? kernel.stream().map(k -> 1L).toList() : kernel);
    }

    /**
     * The number of values that one output value is computed from: what PyTorch calls fan-in of the weight.
     *
     * @return inputs times the size of the window; of an ungrouped convolution, as the factor A is one
     */
    public long fanIn() {
        return kernel.stream().reduce(inputs, Math::multiplyExact);
    }

    /**
     * Whether the channels of this convolution are split into groups.
     *
     * @return false for every other module
     */
    public boolean isGrouped() {
        return kind == Kind.CONVOLUTION && parts > 1;
    }

    /**
     * The number of values in the module's weight.
     *
     * @return the product of all sizes of {@link #weight()}
     */
    public long parameters() {
        return Arrays.stream(weight()).reduce(1, Math::multiplyExact);
    }

    private static long[] withKernel(long first, long second, List<Long> kernel) {
        return LongStream.concat(LongStream.of(first, second), kernel.stream().mapToLong(Long::longValue))
                .toArray();
    }

    @Override
    public String toString() {
        String sizes = Arrays.stream(weight()).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
        return kind.name().toLowerCase(Locale.ROOT) + " " + sizes;
    }
}
