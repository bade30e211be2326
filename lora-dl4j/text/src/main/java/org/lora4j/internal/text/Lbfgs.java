/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.ToDoubleFunction;
import org.lora4j.internal.array.VectorLoops;

/**
 * Finds the least value of a smooth convex function: limited-memory BFGS (Nocedal and Wright, Numerical Optimization, 2nd ed.
 * 2006, algorithms 7.4 and 7.5) with steps halved until the value falls enough (equation 3.4).
 */
final class Lbfgs {

    private static final int REMEMBERED = 10;
    private static final int MOST_HALVINGS = 30;
    private static final double SUFFICIENT = 1e-4;

    /** A function of a vector. */
    interface Function {

        /** Its value; writes the gradient to {@code gradient}. */
        double at(double[] x, double[] gradient);
    }

    private record Change(double[] step, double[] gradient, double product) {}

    private Lbfgs() {}

    /**
     * Minimizes from a start, which is overwritten with the result.
     *
     * @param tolerance ends where the gradient is no longer than this says of the vector
     * @return the least value found
     */
    static double minimize(Function f, double[] x, ToDoubleFunction<double[]> tolerance, int mostIterations) {
        Deque<Change> changes = new ArrayDeque<>();
        double[] gradient = new double[x.length];
        double[] next = new double[x.length];
        double[] nextGradient = new double[x.length];
        double value = f.at(x, gradient);
        for (int iteration = 0;
                iteration < mostIterations && norm(gradient) > tolerance.applyAsDouble(x);
                iteration++) {
            double[] direction = direction(gradient, changes);
            double slope = VectorLoops.dot(gradient, direction);
            double step = changes.isEmpty() ? Math.min(1, 1 / norm(gradient)) : 1;
            double reached = Double.POSITIVE_INFINITY;
            for (int halving = 0; halving < MOST_HALVINGS; halving++, step /= 2) {
                for (int i = 0; i < x.length; i++) {
                    next[i] = x[i] + step * direction[i];
                }
                reached = f.at(next, nextGradient);
                if (reached <= value + SUFFICIENT * step * slope) {
                    break;
                }
            }
            if (!(reached < value)) {
                // Rounding hides any further descent.
                break;
            }
            remember(changes, x, next, gradient, nextGradient);
            System.arraycopy(next, 0, x, 0, x.length);
            System.arraycopy(nextGradient, 0, gradient, 0, x.length);
            value = reached;
        }
        return value;
    }

    private static void remember(
            Deque<Change> changes, double[] x, double[] next, double[] gradient, double[] nextGradient) {
        double[] step = new double[x.length];
        double[] change = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            step[i] = next[i] - x[i];
            change[i] = nextGradient[i] - gradient[i];
        }
        double product = VectorLoops.dot(step, change);
        if (product > 1e-12 * VectorLoops.dot(change, change)) {
            if (changes.size() == REMEMBERED) {
                changes.removeFirst();
            }
            changes.addLast(new Change(step, change, product));
        }
    }

    /** Algorithm 7.4: minus the approximate inverse Hessian by the gradient. */
    private static double[] direction(double[] gradient, Deque<Change> changes) {
        double[] q = Arrays.copyOf(gradient, gradient.length);
        double[] alphas = new double[changes.size()];
        int at = changes.size();
        for (Iterator<Change> newest = changes.descendingIterator(); newest.hasNext(); ) {
            Change change = newest.next();
            alphas[--at] = VectorLoops.dot(change.step(), q) / change.product();
            VectorLoops.add(-alphas[at], change.gradient(), q);
        }
        if (!changes.isEmpty()) {
            Change last = changes.getLast();
            VectorLoops.scale(last.product() / VectorLoops.dot(last.gradient(), last.gradient()), q);
        }
        for (Change change : changes) {
            double beta = VectorLoops.dot(change.gradient(), q) / change.product();
            VectorLoops.add(alphas[at++] - beta, change.step(), q);
        }
        VectorLoops.scale(-1, q);
        return q;
    }

    static double norm(double[] values) {
        return Math.sqrt(VectorLoops.dot(values, values));
    }
}
