/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.advice.LearningRateSuggestion.Point;

/**
 * The losses of a range test: each step at a higher rate than the one before (Smith 2015, Cyclical learning rates for training
 * neural networks, arXiv 1506.01186, section 3.3, with rates that rise exponentially as in Gugger's and Howard's lr_find).
 *
 * <p>The smoothed loss is the mean of those so far by weights that fall by a tenth a step: {@code m = 0.9 m + 0.1 loss,
 * smoothed = m / (1 - 0.9^n)}.
 */
final class RateCurve {

    private static final double SMOOTHING = 0.9;

    /** How many times the lowest smoothed loss ends a test. */
    private static final double TOO_HIGH = 4;

    private final double lowest;
    private final double highest;
    private final int steps;
    private final List<Point> points = new ArrayList<>();
    private double mean;
    private int best;

    RateCurve(double lowest, double highest, int steps) {
        this.lowest = lowest;
        this.highest = highest;
        this.steps = steps;
    }

    /** The rate of a step, from 0: {@code lowest (highest / lowest)^(step / (steps - 1))}. */
    static double rate(double lowest, double highest, int steps, long step) {
        return lowest * Math.pow(highest / lowest, step / (double) (steps - 1));
    }

    /** Adds the loss of the next step; true if it is so high that the test is over. */
    boolean add(double loss) {
        int count = points.size();
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss;
        double smoothed = mean / (1 - Math.pow(SMOOTHING, count + 1));
        points.add(new Point(rate(lowest, highest, steps, count), loss, smoothed));
        if (smoothed < points.get(best).smoothed()) {
            best = count;
        }
        double floor = points.get(best).smoothed();
        return floor > 0 && smoothed > TOO_HIGH * floor;
    }

    List<Point> points() {
        return List.copyOf(points);
    }

    /** Where the smoothed loss is lowest. */
    Point lowestPoint() {
        return points.get(best);
    }

    /** Whether it is lowest at the last rate that was tried, so that higher ones may be as good. */
    boolean fallsToTheEnd() {
        return best == points.size() - 1;
    }

    /** By which share of its start the smoothed loss fell; the start is that after a tenth of the steps. */
    double fall() {
        double start = points.get(Math.min(points.size() - 1, steps / 10)).smoothed();
        return (start - lowestPoint().smoothed()) / Math.abs(start);
    }
}
