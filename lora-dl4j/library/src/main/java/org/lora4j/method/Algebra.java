/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

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
     * The product of two matrices.
     *
     * @param a a matrix [m, k]
     * @param b a matrix [k, n]
     * @return the product [m, n]
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
}
