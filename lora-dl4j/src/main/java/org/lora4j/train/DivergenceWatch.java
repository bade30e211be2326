/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.train.checkpoint.CheckpointContent;

/** Compares the losses and gradient norms of a run with those of its first steps. */
final class DivergenceWatch {

    private static final int START = 3;

    private final Divergence rule;
    private long steps;
    private double startLoss = Double.NEGATIVE_INFINITY;
    private double startNorm;
    private long highLosses;
    private long highNorms;

    DivergenceWatch(Divergence rule) {
        this.rule = rule;
    }

    /** Notes a step. */
    void record(double loss, double norm) {
        if (steps++ < START) {
            startLoss = Math.max(startLoss, loss);
            startNorm = Math.max(startNorm, norm);
            return;
        }
        boolean worse = startLoss > 0 && loss > startLoss;
        highLosses = worse && loss > rule.lossFactor() * startLoss ? highLosses + 1 : 0;
        highNorms = worse && startNorm > 0 && norm > rule.gradientFactor() * startNorm ? highNorms + 1 : 0;
    }

    boolean lossDiverged() {
        return highLosses >= rule.steps();
    }

    boolean gradientExploded() {
        return highNorms >= rule.steps();
    }

    double startLoss() {
        return startLoss;
    }

    double startNorm() {
        return startNorm;
    }

    void save(CheckpointContent to) {
        to.put("steps", steps);
        to.put("startLoss", startLoss);
        to.put("startNorm", startNorm);
        to.put("highLosses", highLosses);
        to.put("highNorms", highNorms);
    }

    void load(CheckpointContent from) {
        steps = from.count("steps");
        startLoss = from.number("startLoss");
        startNorm = from.number("startNorm");
        highLosses = from.count("highLosses");
        highNorms = from.count("highNorms");
    }
}
