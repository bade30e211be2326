/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The arithmetic that a method is written in, once for all hosts: of arrays whose gradients are recorded ({@link WeightTape}),
 * and of variables of a graph.
 *
 * <p><b>State.</b> No operation writes to what it was given.
 *
 * @param <T> what is calculated with
 * @apiNote Status: experimental
 */
public interface Algebra<T> {

    /**
     * {@code a + b}, element by element.
     *
     * @param a an array
     * @param b an array of the same shape, or one that broadcasts to it as in NumPy
     * @return the sum, of the shape of {@code a}
     */
    T add(T a, T b);

    /**
     * {@code a - b}, element by element.
     *
     * @param a an array
     * @param b as for {@link #add}
     * @return the difference, of the shape of {@code a}
     */
    T subtract(T a, T b);

    /**
     * {@code a * b}, element by element.
     *
     * @param a an array
     * @param b as for {@link #add}
     * @return the product, of the shape of {@code a}
     */
    T multiply(T a, T b);

    /**
     * {@code a / b}, element by element.
     *
     * @param a an array
     * @param b as for {@link #add}
     * @return the quotient, of the shape of {@code a}
     */
    T divide(T a, T b);

    /**
     * {@code a + number}, element by element.
     *
     * @param a an array
     * @param number a number
     * @return the sum
     */
    T plus(T a, double number);

    /**
     * {@code factor * a}.
     *
     * @param a an array
     * @param factor a number
     * @return the multiple; {@code a} itself for 1
     */
    T scale(T a, double factor);

    /**
     * The product of two matrices, or of two stacks of as many matrices one by one.
     *
     * @param a a matrix [m, k] or a stack [stack, m, k]
     * @param b a matrix [k, n] or a stack [stack, k, n]
     * @return the product [m, n] or [stack, m, n]
     */
    T matrixProduct(T a, T b);

    /**
     * The size of an axis of a factor.
     *
     * @param factor a factor, not something computed
     * @param axis an axis
     * @return its size
     */
    long size(T factor, int axis);

    /**
     * The same values in another shape, row-major.
     *
     * @param a an array
     * @param shape a shape of as many elements; one size may be -1, which is then found
     * @return the values
     */
    T reshape(T a, long... shape);

    /**
     * The same values with the axes in another order.
     *
     * @param a an array
     * @param axes all its axes
     * @return the values
     */
    T permute(T a, int... axes);

    /**
     * Holds a value constant in the gradient.
     *
     * @param a an array
     * @return its values, of which nothing is differentiated
     */
    T held(T a);

    /**
     * The values with 1 in the place of 0, so that one can divide by them; never differentiated.
     *
     * @param a an array
     * @return the values
     */
    T oneForZero(T a);

    /**
     * The values, those above a limit replaced by it; never differentiated.
     *
     * @param a an array
     * @param limit the largest value of the result
     * @return the values
     */
    T atMost(T a, double limit);

    /**
     * A part of an array.
     *
     * @param a an array
     * @param axis the axis that is cut
     * @param from first index of the part, 0 or more
     * @param to the index behind the last one
     * @return the values from {@code from} to {@code to}, with all axes
     */
    T slice(T a, int axis, long from, long to);

    /**
     * Arrays one behind the other.
     *
     * @param axis the axis along which they follow each other
     * @param parts arrays whose other axes agree, at least one
     * @return the whole
     */
    T concatenate(int axis, List<T> parts);

    /**
     * The sum along an axis.
     *
     * @param a an array
     * @param axis an axis
     * @return the sums, with that axis at size 1
     */
    T sum(T a, int axis);

    /**
     * The square root of each element.
     *
     * @param a an array of positive numbers; the gradient at 0 is infinite
     * @return the roots
     */
    T squareRoot(T a);

    /**
     * The sine of each element.
     *
     * @param a angles in radians
     * @return the sines
     */
    T sine(T a);

    /**
     * The cosine of each element.
     *
     * @param a angles in radians
     * @return the cosines
     */
    T cosine(T a);

    /**
     * The inverse of a matrix, or of each of a stack.
     *
     * @param a a matrix [n, n] or a stack [stack, n, n] that can be inverted
     * @return the inverse
     */
    T inverse(T a);

    /**
     * Values at places of an array that is zero elsewhere.
     *
     * @param values a vector
     * @param places the place of each value in the row-major order of the result; no place twice
     * @param shape shape of the result
     * @return the array
     */
    T placed(T values, long[] places, long... shape);

    /**
     * A value that is the same for ever.
     *
     * @param value an array, never written to, of the data type of the factors
     * @return the value, without a gradient
     */
    T constant(INDArray value);

    /**
     * What a factor holds that is not trained.
     *
     * @param factor a factor that is {@link FactorTrait#FIXED}
     * @return its array in PEFT's shape, only to be read
     */
    INDArray known(T factor);
}
