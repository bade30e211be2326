/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.lora4j.internal.array.Broadcasts;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.custom.MatrixInverse;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.BooleanIndexing;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.indexing.conditions.Conditions;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Arithmetic on arrays that remembers what it did, so that gradients can be taken: reverse accumulation over the handful of
 * operations of {@link Algebra}.
 *
 * <p><b>State.</b> Values are never written to. A tape is used for one calculation.
 *
 * <p><b>Threads.</b> For one thread.
 *
 * <p>Source: Griewank and Walther, "Evaluating Derivatives", 2008, section 3.2.
 *
 * @apiNote Status: experimental
 */
public class ArrayTape implements Algebra<ArrayTape.Node> {

    private final List<Node> recorded = new ArrayList<>();

    /** Makes an empty tape. */
    public ArrayTape() {}

    /**
     * A value, and its gradient once it was taken.
     *
     * @apiNote Status: experimental
     */
    public static final class Node {

        private final INDArray value;
        private final Consumer<INDArray> back;
        private INDArray gradient;

        private Node(INDArray value, Consumer<INDArray> back) {
            this.value = value;
            this.back = back;
        }

        /**
         * The value.
         *
         * @return an array, only to be read
         */
        public INDArray value() {
            return value;
        }

        /**
         * The gradient that {@link ArrayTape#backward} took.
         *
         * @return an array of the shape of the value, only to be read; null if nothing came here
         */
        public INDArray gradient() {
            return gradient;
        }

        private boolean isWanted() {
            return back != null;
        }

        private void receive(INDArray more) {
            if (isWanted()) {
                gradient = gradient == null ? more : gradient.add(more);
            }
        }
    }

    /**
     * A value without a gradient.
     *
     * @param value an array
     * @return the value
     */
    @Override
    public final Node constant(INDArray value) {
        return new Node(value, null);
    }

    /**
     * A value whose gradient is wanted.
     *
     * @param value an array
     * @return the value
     */
    public final Node leaf(INDArray value) {
        return new Node(value, gradient -> {});
    }

    /**
     * Factors to calculate with.
     *
     * @param arrays the factors by suffix
     * @param scaling factor on the update
     * @return the factors, as constants
     */
    public final Factors<Node> factors(Map<String, INDArray> arrays, double scaling) {
        Map<String, Node> nodes = new LinkedHashMap<>();
        arrays.forEach((suffix, array) -> nodes.put(suffix, constant(array)));
        return new Recorded(nodes, scaling);
    }

    /**
     * Factors on a tape.
     *
     * @param bySuffix the factors
     * @param scaling factor on the update
     * @param kept what is left of the update, or null
     * @apiNote Status: experimental
     */
    public record Recorded(Map<String, Node> bySuffix, double scaling, Node kept) implements Factors<Node> {

        /**
         * Factors whose whole update counts.
         *
         * @param bySuffix the factors
         * @param scaling factor on the update
         */
        public Recorded(Map<String, Node> bySuffix, double scaling) {
            this(bySuffix, scaling, null);
        }

        @Override
        public Node get(String suffix) {
            return bySuffix.get(suffix);
        }
    }

    /**
     * Takes the gradients of all leaves that some values depend on; once for a tape.
     *
     * @param gradients the gradients of values of this tape
     */
    public final void backward(Map<Node, INDArray> gradients) {
        gradients.forEach(Node::receive);
        for (int i = recorded.size() - 1; i >= 0; i--) {
            Node node = recorded.get(i);
            if (node.gradient != null) {
                node.back.accept(node.gradient);
            }
        }
    }

    /**
     * Remembers an operation.
     *
     * @param back hands the gradient of the result on
     * @return the result; without a gradient if nothing it was made of wants one
     */
    private Node record(INDArray value, Consumer<INDArray> back, Node... of) {
        for (Node node : of) {
            if (node.isWanted()) {
                Node result = new Node(value, back);
                recorded.add(result);
                return result;
            }
        }
        return constant(value);
    }

    @Override
    public final Node add(Node a, Node b) {
        return record(
                a.value.add(b.value),
                gradient -> {
                    a.receive(gradient);
                    give(b, () -> gradient);
                },
                a,
                b);
    }

    @Override
    public final Node subtract(Node a, Node b) {
        return record(
                a.value.sub(b.value),
                gradient -> {
                    a.receive(gradient);
                    give(b, gradient::neg);
                },
                a,
                b);
    }

    @Override
    public final Node multiply(Node a, Node b) {
        return record(
                times(a.value, b.value),
                gradient -> {
                    give(a, () -> times(gradient, b.value));
                    give(b, () -> gradient.mul(a.value));
                },
                a,
                b);
    }

    /** The product; with a row or a column of a matrix by what is much faster than a broadcast in general. */
    private static INDArray times(INDArray a, INDArray b) {
        boolean vector = a.rank() == 2 && b.rank() == 2 && b.length() == Math.max(b.size(0), b.size(1));
        if (vector && b.size(1) == 1 && a.size(0) == b.size(0) && a.size(1) > 1) {
            return Broadcasts.mulColumn(a.dup(a.ordering()), b.reshape(b.length()));
        }
        if (vector && b.size(0) == 1 && a.size(1) == b.size(1) && a.size(0) > 1) {
            return Broadcasts.mulRow(a.dup(a.ordering()), b.reshape(b.length()));
        }
        return a.mul(b);
    }

    @Override
    public final Node divide(Node a, Node b) {
        return record(
                a.value.div(b.value),
                gradient -> {
                    give(a, () -> gradient.div(b.value));
                    give(
                            b,
                            () -> gradient.mul(a.value)
                                    .divi(b.value.mul(b.value))
                                    .negi());
                },
                a,
                b);
    }

    @Override
    public final Node plus(Node a, double number) {
        return record(a.value.add(number), a::receive, a);
    }

    @Override
    public final Node scale(Node a, double factor) {
        return factor == 1 ? a : record(a.value.mul(factor), gradient -> a.receive(gradient.mul(factor)), a);
    }

    @Override
    public final Node matrixProduct(Node a, Node b) {
        return record(
                product(a.value, b.value),
                gradient -> {
                    give(a, () -> product(gradient, turned(b.value)));
                    give(b, () -> product(turned(a.value), gradient));
                },
                a,
                b);
    }

    private static INDArray product(INDArray a, INDArray b) {
        return a.rank() == 2 ? a.mmul(b) : Nd4j.matmul(a, b);
    }

    private static INDArray turned(INDArray a) {
        return a.rank() == 2 ? a.transpose() : a.permute(0, 2, 1);
    }

    @Override
    public final Node slice(Node a, int axis, long from, long to) {
        return record(
                part(a.value, axis, from, to).dup('c'),
                gradient -> {
                    INDArray whole = Nd4j.create(gradient.dataType(), a.value.shape());
                    part(whole, axis, from, to).assign(gradient);
                    a.receive(whole);
                },
                a);
    }

    private static INDArray part(INDArray a, int axis, long from, long to) {
        INDArrayIndex[] indices = new INDArrayIndex[a.rank()];
        Arrays.fill(indices, NDArrayIndex.all());
        indices[axis] = NDArrayIndex.interval(from, to);
        return a.get(indices);
    }

    @Override
    public final Node concatenate(int axis, List<Node> parts) {
        return record(
                Nd4j.concat(axis, parts.stream().map(Node::value).toArray(INDArray[]::new)),
                gradient -> {
                    long from = 0;
                    for (Node one : parts) {
                        long to = from + one.value.size(axis);
                        if (one.isWanted()) {
                            one.receive(part(gradient, axis, from, to).dup('c'));
                        }
                        from = to;
                    }
                },
                parts.toArray(Node[]::new));
    }

    @Override
    public final Node sum(Node a, int axis) {
        return record(a.value.sum(true, axis), gradient -> a.receive(gradient.broadcast(a.value.shape())), a);
    }

    @Override
    public final Node squareRoot(Node a) {
        INDArray root = Transforms.sqrt(a.value, true);
        return record(root, gradient -> a.receive(gradient.div(root).muli(0.5)), a);
    }

    @Override
    public final Node sine(Node a) {
        return record(
                Transforms.sin(a.value, true),
                gradient -> a.receive(Transforms.cos(a.value, true).muli(gradient)),
                a);
    }

    @Override
    public final Node cosine(Node a) {
        return record(
                Transforms.cos(a.value, true),
                gradient ->
                        a.receive(Transforms.sin(a.value, true).muli(gradient).negi()),
                a);
    }

    @Override
    public final Node inverse(Node a) {
        INDArray inverse = Nd4j.exec(new MatrixInverse(a.value.dup('c')))[0];
        return record(
                inverse,
                // d(X^-1) = -X^-1 dX X^-1.
                gradient -> a.receive(product(product(turned(inverse), gradient), turned(inverse))
                        .negi()),
                a);
    }

    @Override
    public final Node placed(Node values, long[] places, long... shape) {
        INDArray placed = Nd4j.create(values.value.dataType(), shape);
        for (int i = 0; i < places.length; i++) {
            placed.data().put(places[i], values.value.getDouble(i));
        }
        return record(
                placed,
                gradient -> {
                    INDArray flat = gradient.dup('c');
                    INDArray taken = Nd4j.create(gradient.dataType(), values.value.shape());
                    for (int i = 0; i < places.length; i++) {
                        taken.putScalar(i, flat.data().getDouble(places[i]));
                    }
                    values.receive(taken);
                },
                values);
    }

    @Override
    public final INDArray known(Node factor) {
        return factor.value;
    }

    @Override
    public final long size(Node factor, int axis) {
        return factor.value.size(axis);
    }

    @Override
    public final Node reshape(Node a, long... shape) {
        return record(a.value.reshape('c', shape), gradient -> a.receive(gradient.reshape('c', a.value.shape())), a);
    }

    @Override
    public final Node permute(Node a, int... axes) {
        int[] inverse = new int[axes.length];
        for (int i = 0; i < axes.length; i++) {
            inverse[axes[i]] = i;
        }
        return record(a.value.permute(axes), gradient -> a.receive(gradient.permute(inverse)), a);
    }

    @Override
    public final Node held(Node a) {
        return constant(a.value);
    }

    @Override
    public final Node oneForZero(Node a) {
        INDArray values = a.value.dup();
        BooleanIndexing.replaceWhere(values, 1, Conditions.equals(0));
        return constant(values);
    }

    @Override
    public final Node atMost(Node a, double limit) {
        return constant(Transforms.min(a.value, limit, true));
    }

    /** The lengths of the rows of a matrix. */
    final Node rowLengths(Node matrix) {
        INDArray lengths = matrix.value.norm2(1);
        return record(
                lengths,
                gradient -> {
                    INDArray ratio = gradient.div(oneForZero(constant(lengths)).value);
                    matrix.receive(matrix.value.mul(ratio.reshape(ratio.length(), 1)));
                },
                matrix);
    }

    /** Gives a gradient to a value that was perhaps broadcast. */
    private static void give(Node to, Supplier<INDArray> gradient) {
        if (to.isWanted()) {
            to.receive(summed(gradient.get(), to.value.shape()));
        }
    }

    /** The sum over the axes along which an array of a shape was broadcast. */
    private static INDArray summed(INDArray gradient, long[] shape) {
        INDArray sum = gradient;
        while (sum.rank() > shape.length) {
            sum = sum.sum(0);
        }
        for (int axis = 0; axis < shape.length; axis++) {
            if (shape[axis] == 1 && sum.size(axis) != 1) {
                sum = sum.sum(true, axis);
            }
        }
        return sum;
    }
}
