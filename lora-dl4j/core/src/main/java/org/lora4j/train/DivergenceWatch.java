/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.OptionalLong;
import org.lora4j.internal.checkpoint.CheckpointContent;

/** Compares the losses and gradient norms of a run with those of its start. */
final class DivergenceWatch {

    private static final int START = 3;

    /** How many times the first loss the next ones may be and still count as the start, as batches differ. */
    private static final double MOST_OF_FIRST = 3;

    /** More than batches differ by, where all gradients have become 0. */
    private static final double WORSE = 1.5;

    private static final long FEWEST = 3;

    private final Divergence rule;
    private final long inARow;
    private long steps;
    private double firstLoss;
    private double lastLoss;
    private double largestLoss = Double.NEGATIVE_INFINITY;
    private double startNorm;
    private long highLosses;
    private long highNorms;

    /** {@code totalSteps} are those of the run, if known: a short one has diverged after half of them. */
    DivergenceWatch(Divergence rule, OptionalLong totalSteps) {
        this.rule = rule;
        this.inARow = Math.min(rule.steps(), Math.max(FEWEST, totalSteps.orElse(Long.MAX_VALUE) / 2));
    }

    /** Notes a step, with the loss before it. */
    void record(double loss, double norm) {
        if (steps++ == 0) {
            firstLoss = loss;
        }
        lastLoss = loss;
        if (steps <= START) {
            largestLoss = Math.max(largestLoss, loss);
            startNorm = Math.max(startNorm, norm);
        }
        highLosses = isHigh(loss) ? highLosses + 1 : 0;
        boolean worse = firstLoss > 0 && loss > startLoss();
        highNorms = worse && startNorm > 0 && norm > rule.gradientFactor() * startNorm ? highNorms + 1 : 0;
    }

    private boolean isHigh(double loss) {
        return firstLoss > 0 && loss > rule.lossFactor() * startLoss();
    }

    boolean lossDiverged() {
        return highLosses >= inARow;
    }

    boolean gradientExploded() {
        return highNorms >= inARow;
    }

    /** Whether steps that were too large explain that gradients are 0; {@code all} if all of them are. */
    boolean explainsZeroGradients(boolean all) {
        boolean worse = all && rule.lossFactor() < Double.POSITIVE_INFINITY && firstLoss > 0;
        return isHigh(lastLoss) || worse && lastLoss > WORSE * firstLoss;
    }

    /** In how many steps in a row it was too much. */
    long inARow() {
        return inARow;
    }

    double firstLoss() {
        return firstLoss;
    }

    /** Steps that are too large show in the second loss already, so the loss before the first one bounds the others. */
    double startLoss() {
        return Math.max(firstLoss, Math.min(largestLoss, MOST_OF_FIRST * firstLoss));
    }

    double startNorm() {
        return startNorm;
    }

    /** What the losses before a failure say, or nothing. */
    String trend() {
        return isHigh(lastLoss)
                ? " The run had diverged before: the loss rose from " + firstLoss + " before the first step to "
                        + lastLoss + "."
                : "";
    }

    void save(CheckpointContent to) {
        to.put("steps", steps);
        to.put("firstLoss", firstLoss);
        to.put("lastLoss", lastLoss);
        to.put("largestLoss", largestLoss);
        to.put("startNorm", startNorm);
        to.put("highLosses", highLosses);
        to.put("highNorms", highNorms);
    }

    void load(CheckpointContent from) {
        steps = from.count("steps");
        firstLoss = from.number("firstLoss");
        lastLoss = from.number("lastLoss");
        largestLoss = from.number("largestLoss");
        startNorm = from.number("startNorm");
        highLosses = from.count("highLosses");
        highNorms = from.count("highNorms");
    }
}
