/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.interpret;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/**
 * The integral of a gradient along a line, which tells how much each number of the input has moved the output:
 * {@code (x_i - b_i) * integral over t in 0..1 of dF/dx_i(b + t (x - b))}.
 *
 * <p>On every part of the line the products must add up to what the output changes there, which is known exactly: so the error
 * of each part is known, too. Parts (at first four, Gauss-Legendre of five points on each) are halved until the errors of all
 * together are within the tolerance. Where the network bends, as at a ReLU, only the parts with the bend are halved.
 *
 * <p><b>Source.</b> Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks, arXiv 1703.01365, equation 1 and
 * proposition 1 (completeness). <b>Cost.</b> 20 gradients and 5 values where the network is smooth, 10 gradients and a value
 * for each part that is halved.
 *
 * @param attributions for each number of the input what it adds to the change of the output
 * @param start the output at the baseline
 * @param end the output at the input
 * @param gradients number of gradients that it took
 * @apiNote Status: internal
 */
public record PathIntegral(double[] attributions, double start, double end, int gradients) {

    /** Abscissas and weights of Gauss-Legendre of five points on 0 to 1 (Abramowitz and Stegun, table 25.4, moved). */
    private static final double[] AT = {
        0.04691007703066800, 0.23076534494715845, 0.5, 0.76923465505284155, 0.95308992296933200
    };

    private static final double[] WEIGHT = {
        0.11846344252809454, 0.23931433524968324, 0.28444444444444444, 0.23931433524968324, 0.11846344252809454
    };

    private static final int FIRST_PARTS = 4;
    /** Shorter parts cannot be told apart in single precision. */
    private static final double SHORTEST = 1.0 / (1 << 20);
    /** What single precision leaves of a large output: its share that may be missing. */
    private static final double ROUNDING = 1e-5;

    /** A part of the line with what the quadrature gives on it, and what it must give. */
    private record Part(double from, double to, double[] sums, double error) {

        double middle() {
            return (from + to) / 2;
        }
    }

    /**
     * Integrates.
     *
     * @param tolerance how far the attributions together may be from the change of the output, if that is not beyond single
     *     precision
     * @param most the most gradients that it may take
     * @throws IllegalArgumentException if the output is not finite on the way, or the attributions do not add up: the gradient
     *     is not that of the output
     */
    public static PathIntegral along(Line line, double tolerance, int most) {
        double[] difference = line.difference();
        TreeMap<Double, Double> values = new TreeMap<>();
        List<double[]> open = new ArrayList<>();
        for (int i = 0; i < FIRST_PARTS; i++) {
            open.add(new double[] {(double) i / FIRST_PARTS, (i + 1.0) / FIRST_PARTS});
        }
        learn(line, values, open);
        double scale = Math.max(Math.abs(values.get(0.0)), Math.abs(values.get(1.0)));
        // Half of what is allowed, so that an output computed in another order still is within it.
        double allowed = Math.max(tolerance, ROUNDING * scale) / 2;
        double left = allowed;
        double[] total = new double[difference.length];
        int gradients = 0;
        while (!open.isEmpty()) {
            List<Part> parts = parts(line, difference, values, open);
            gradients += AT.length * open.size();
            parts.sort(Comparator.comparingDouble(part -> Math.abs(part.error())));
            double all =
                    parts.stream().mapToDouble(part -> Math.abs(part.error())).sum();
            // All at once if they fit; else the best ones into half of what is left, and the others once more.
            double room = all <= left ? left : left / 2;
            open = new ArrayList<>();
            for (Part part : parts) {
                if (Math.abs(part.error()) <= room) {
                    room -= Math.abs(part.error());
                    left -= Math.abs(part.error());
                    add(part.sums(), total);
                } else {
                    open.add(new double[] {part.from(), part.middle()});
                    open.add(new double[] {part.middle(), part.to()});
                }
            }
            boolean halvable = open.stream().allMatch(part -> part[1] - part[0] >= SHORTEST);
            if (!open.isEmpty() && (!halvable || gradients + AT.length * open.size() > most)) {
                throw incomplete(values, all + allowed - left, 2 * allowed, gradients, parts.get(parts.size() - 1));
            }
            learn(line, values, open);
        }
        return new PathIntegral(total, values.get(0.0), values.get(1.0), gradients);
    }

    private static void add(double[] from, double[] to) {
        for (int i = 0; i < to.length; i++) {
            to[i] += from[i];
        }
    }

    /** Finds out the output at the ends of parts. */
    private static void learn(Line line, TreeMap<Double, Double> values, List<double[]> parts) {
        double[] unknown = parts.stream()
                .flatMapToDouble(Arrays::stream)
                .filter(at -> !values.containsKey(at))
                .distinct()
                .toArray();
        if (unknown.length == 0) {
            return;
        }
        double[] found = line.values(unknown);
        for (int i = 0; i < unknown.length; i++) {
            if (!Double.isFinite(found[i])) {
                throw new IllegalArgumentException(String.format(
                        Locale.ROOT,
                        "IntegratedGradients: the output is %s at %.4f of the way from the baseline to the input; expected a"
                                + " finite number. Check the weights of the model, or take another baseline.",
                        found[i],
                        unknown[i]));
            }
            values.put(unknown[i], found[i]);
        }
    }

    private static List<Part> parts(
            Line line, double[] difference, TreeMap<Double, Double> values, List<double[]> open) {
        double[] positions = new double[AT.length * open.size()];
        for (int i = 0; i < open.size(); i++) {
            double[] part = open.get(i);
            for (int k = 0; k < AT.length; k++) {
                positions[AT.length * i + k] = part[0] + AT[k] * (part[1] - part[0]);
            }
        }
        float[][] gradients = line.gradients(positions);
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < open.size(); i++) {
            double[] part = open.get(i);
            double[] sums = new double[difference.length];
            double sum = 0;
            for (int j = 0; j < sums.length; j++) {
                double mean = 0;
                for (int k = 0; k < AT.length; k++) {
                    mean += WEIGHT[k] * gradients[AT.length * i + k][j];
                }
                sums[j] = difference[j] * mean * (part[1] - part[0]);
                sum += sums[j];
            }
            double error = sum - (values.get(part[1]) - values.get(part[0]));
            if (!Double.isFinite(error)) {
                throw new IllegalArgumentException(String.format(
                        Locale.ROOT,
                        "IntegratedGradients: the gradient is not finite between %.4f and %.4f of the way from the baseline to"
                                + " the input; expected finite numbers. An op on the way has no slope there, such as a root"
                                + " at 0: take another baseline.",
                        part[0],
                        part[1]));
            }
            parts.add(new Part(part[0], part[1], sums, error));
        }
        return parts;
    }

    private static IllegalArgumentException incomplete(
            TreeMap<Double, Double> values, double error, double expected, int gradients, Part worst) {
        return new IllegalArgumentException(String.format(
                Locale.ROOT,
                "IntegratedGradients: how much each input counts cannot be said, because after %d gradients the attributions"
                        + " miss the change of the output, %.6g, by up to %.3g; expected %.3g or less. It is worst between"
                        + " %.6f and %.6f of the way from the baseline: the output jumps there (rounding, a comparison, the"
                        + " largest of some), its gradient is cut (stop_gradient, a cast to integers), or more gradients are"
                        + " needed. Explain an output without it, take another baseline, or allow more with mostGradients.",
                gradients,
                values.get(1.0) - values.get(0.0),
                error,
                expected,
                worst.from(),
                worst.to()));
    }
}
