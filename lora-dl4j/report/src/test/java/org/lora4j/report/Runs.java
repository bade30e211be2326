/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.lora4j.exec.ExecutionParts;
import org.lora4j.text.TextFitReport;
import org.lora4j.train.Computation;
import org.lora4j.train.EpochReport;
import org.lora4j.train.EvaluationReport;
import org.lora4j.train.FittingSign;
import org.lora4j.train.ParameterNorm;
import org.lora4j.train.ScoreInterval;
import org.lora4j.train.StopReason;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.TrainingResult;

/** Results of runs with known numbers; every text in them is the same given one. */
final class Runs {

    private Runs() {}

    /** Two epochs of as many steps, whose loss falls from 2 to 1. */
    static TrainingResult run(int steps, String text) {
        List<Double> losses = IntStream.range(0, steps)
                .mapToObj(i -> 2 - (double) i / Math.max(1, steps - 1))
                .toList();
        return new TrainingResult(
                StopReason.COMPLETED,
                steps,
                losses,
                List.of(
                        new EpochReport(1, steps / 2, 1.75, 100, 3, OptionalDouble.of(0.7), 0.5, true),
                        new EpochReport(2, steps - steps / 2, 1.25, 100, 2, OptionalDouble.of(0.8), 0.5, true)),
                0.05,
                0.04,
                OptionalDouble.of(0.8),
                OptionalInt.of(2),
                true,
                List.of(new ParameterNorm(text, text, TrainableParameter.Kind.FACTOR, 0, 1.5)),
                List.of(text),
                new Computation(text, 2, new ExecutionParts(2, text), text, OptionalDouble.of(0.5)),
                List.of(new FittingSign(FittingSign.Kind.GAP, 2, text, text, Map.of("gap", 0.2))),
                2e-3,
                List.of(new EvaluationReport(1, 1, 0.65, 0.1, true)));
    }

    static TextFitReport fit(int steps, String text) {
        return new TextFitReport(
                200,
                50,
                2e-3,
                10,
                "accuracy",
                true,
                OptionalDouble.of(0.6),
                OptionalDouble.of(0.8),
                false,
                Optional.of(new ScoreInterval(0.2, 0.1, 0.3)),
                Optional.of(run(steps, text)),
                List.of(text),
                9);
    }
}
