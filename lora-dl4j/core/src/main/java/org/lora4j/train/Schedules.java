/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.error.Problems;
import org.nd4j.linalg.schedule.ISchedule;

/** The schedules that {@link LearningRateSchedule} offers. */
final class Schedules {

    private Schedules() {}

    record Constant(Warmup warmup) implements LearningRateSchedule {
        @Override
        public double factor(long step, int epoch, long totalSteps) {
            return rise(warmup, step, totalSteps);
        }

        @Override
        public boolean needsTotalSteps() {
            return warmup.needsTotalSteps();
        }
    }

    record Linear(Warmup warmup) implements LearningRateSchedule {
        @Override
        public double factor(long step, int epoch, long totalSteps) {
            return step < warmup.stepsOf(totalSteps)
                    ? rise(warmup, step, totalSteps)
                    : 1 - done(warmup, step, totalSteps);
        }

        @Override
        public boolean needsTotalSteps() {
            return true;
        }
    }

    record Cosine(Warmup warmup, double floor) implements LearningRateSchedule {
        Cosine {
            Problems problems = new Problems();
            problems.fraction("floor", floor);
            problems.throwIfAny("cosine schedule");
        }

        @Override
        public double factor(long step, int epoch, long totalSteps) {
            return step < warmup.stepsOf(totalSteps)
                    ? rise(warmup, step, totalSteps)
                    : floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * done(warmup, step, totalSteps)));
        }

        @Override
        public boolean needsTotalSteps() {
            return true;
        }
    }

    record StepDecay(long every, double gamma) implements LearningRateSchedule {
        StepDecay {
            Problems problems = new Problems();
            problems.atLeast("every", every, 1);
            problems.finiteAboveZero("gamma", gamma);
            problems.throwIfAny("step decay schedule");
        }

        @Override
        public double factor(long step, int epoch, long totalSteps) {
            return Math.pow(gamma, step / every);
        }
    }

    record Nd4j(ISchedule schedule, double learningRate) implements LearningRateSchedule {
        Nd4j {
            Problems problems = new Problems();
            problems.finiteAboveZero("learningRate", learningRate);
            problems.throwIfAny("schedule of ND4J");
        }

        @Override
        public double factor(long step, int epoch, long totalSteps) {
            return schedule.valueAt(Math.toIntExact(step), epoch - 1) / learningRate;
        }
    }

    private static double rise(Warmup warmup, long step, long totalSteps) {
        long steps = warmup.stepsOf(totalSteps);
        return step < steps ? (step + 1.0) / steps : 1;
    }

    /** How much of the way after the warm-up is done; 1 behind the end, where a source gave more batches than it said. */
    private static double done(Warmup warmup, long step, long totalSteps) {
        long from = warmup.stepsOf(totalSteps);
        return Math.min(1, (step - from) / (double) Math.max(1, totalSteps - from));
    }
}
