/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.NonFinite;
import org.lora4j.internal.error.OutOfMemory;
import org.lora4j.train.TrainingFailedException.Reason;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Looks for the cause of a run that cannot go on, and says it. */
final class Failures {

    private static final String TOO_HIGH =
            " The learning rate is too high: lower it (a tenth is a good second try), warm up"
                    + " longer or clip the gradients with GradientClipping.byGlobalNorm(1).";

    private final List<TrainableParameter> parameters;
    private final BestKeeper best;
    private final DivergenceWatch divergence;
    private final Set<String> allowedNotFinite;

    /** Where in the run. */
    record Where(long step, int epoch, double loss, double learningRate) {
        @Override
        public String toString() {
            return "Trainer, step " + step + " of the run, in epoch " + epoch + " (loss " + loss + ", learning rate "
                    + learningRate + ")";
        }
    }

    Failures(
            List<TrainableParameter> parameters,
            BestKeeper best,
            DivergenceWatch divergence,
            Set<String> allowedNotFinite) {
        this.parameters = parameters;
        this.best = best;
        this.divergence = divergence;
        this.allowedNotFinite = allowedNotFinite;
    }

    TrainingFailedException lossNotFinite(
            Where where, long batch, Map<String, INDArray> inputs, Map<String, INDArray> gradients) {
        List<String> names = notFinite(gradients);
        String message = where + ": the loss is not finite; expected a finite number."
                + (names.isEmpty() ? "" : " Gradients that are not finite: " + Problems.quoted(names) + ".")
                + cause(where, batch, inputs);
        return failure(message, Reason.LOSS_NOT_FINITE, where, names);
    }

    TrainingFailedException gradientNotFinite(
            Where where, List<String> names, long batch, Map<String, INDArray> inputs) {
        String message = where + ": gradients that are not finite: " + Problems.quoted(names)
                + "; expected finite numbers." + cause(where, batch, inputs);
        return failure(message, Reason.GRADIENT_NOT_FINITE, where, names);
    }

    /**
     * Refuses inputs and labels that are NaN though the loss is finite: ReLU, for one, makes 0 of NaN. Infinite values have a
     * meaning there, such as that of an additive mask.
     */
    void requireFinite(Where where, long batch, Map<String, INDArray> inputs) {
        String found = badInputs(where, batch, inputs, NonFinite::nanIn);
        if (found != null) {
            throw failure(
                    where + ":" + found + " If the loss can do with them, name the placeholder in"
                            + " TrainingPlan.allowNotFinite(name).",
                    Reason.INPUT_NOT_FINITE,
                    where,
                    List.of());
        }
    }

    TrainingFailedException penaltyNotFinite(Where where, Penalty penalty, double value, List<String> names) {
        String message = where + ": the penalty " + penalty + " is " + value
                + (names.isEmpty() ? "" : ", with gradients that are not finite: " + Problems.quoted(names))
                + "; expected finite numbers. Lower its strength, or the learning rate if the parameters have run away.";
        Reason reason = names.isEmpty() ? Reason.LOSS_NOT_FINITE : Reason.GRADIENT_NOT_FINITE;
        return failure(message, reason, where, names);
    }

    TrainingFailedException noGradient(Where where, List<String> names) {
        long factors = parameters.stream()
                .filter(p -> p.kind() == TrainableParameter.Kind.FACTOR)
                .count();
        String message = where + ": no gradient reaches " + names.size() + " of " + factors + " low-rank factors, "
                + Problems.quoted(names) + ": it was exactly 0 in three steps; expected another value once B has moved."
                + " Something between them and the loss cuts the gradient (a frozen or constant part, a module that the loss"
                + " does not depend on), or both factors start at 0. If batches may leave them out, say so with"
                + " TrainingPlan.allowWithoutGradient(regex).";
        return failure(message, Reason.NO_GRADIENT, where, names);
    }

    TrainingFailedException noGradientAtAll(Where where) {
        List<String> names = parameters.stream().map(TrainableParameter::name).toList();
        String message = where + ": no gradient reaches any of the " + names.size()
                + " parameters that learn: all were exactly 0 in three steps in a row; expected other values. Look at the"
                + " labels and masks of the batches (a mask may hide everything), and whether the loss depends on what"
                + " learns. If batches may teach nothing, say so with TrainingPlan.allowWithoutGradient(\".*\").";
        return failure(message, Reason.NO_GRADIENT, where, names);
    }

    /** Gradients that steps which were too large made 0; {@code names} may be empty for all. */
    TrainingFailedException gradientsVanished(Where where, List<String> names) {
        List<String> concerned = names.isEmpty()
                ? parameters.stream().map(TrainableParameter::name).toList()
                : names;
        String message =
                where + ": the loss was " + divergence.firstLoss() + " before the first step and has risen, and the"
                        + " gradients of " + Problems.quoted(concerned)
                        + " are exactly 0: the run has diverged, and steps that were"
                        + " too large have left units that no longer react." + TOO_HIGH;
        return failure(message, Reason.LOSS_DIVERGED, where, concerned);
    }

    TrainingFailedException diverged(Where where, Divergence rule, double norm, StepGradients gradients) {
        boolean byLoss = divergence.lossDiverged();
        String what = byLoss
                ? "the loss has been more than " + rule.lossFactor() + " times that of the start, "
                        + divergence.startLoss()
                : "the norm of the gradient, now " + norm + ", has been more than " + rule.gradientFactor()
                        + " times that of the start, " + divergence.startNorm();
        int largest = largest(gradients);
        String message = where + ": " + what + ", in each of the last " + divergence.inARow()
                + " steps; expected it to fall. The gradient is largest in \""
                + parameters.get(largest).name() + "\" of module \""
                + parameters.get(largest).module() + "\"."
                + TOO_HIGH
                + (best.snapshot().isPresent()
                        ? ""
                        : " Earlier parameters were not kept: use keepBest(true) with an evaluation, or checkpoints.")
                + (byLoss && divergence.startLoss() != divergence.firstLoss()
                        ? " Before the first step the loss was " + divergence.firstLoss() + "."
                        : "")
                + " If this is right for your loss, say so with TrainingPlan.divergence(Divergence.never()).";
        Reason reason = byLoss ? Reason.LOSS_DIVERGED : Reason.GRADIENT_EXPLODED;
        return failure(message, reason, where, List.of(parameters.get(largest).name()));
    }

    private static int largest(StepGradients gradients) {
        int largest = 0;
        double most = -1;
        for (int i = 0; i < gradients.arrays().size(); i++) {
            INDArray gradient = gradients.arrays().get(i);
            double norm = gradient == null ? 0 : Norms.norm(gradient);
            if (norm > most) {
                most = norm;
                largest = i;
            }
        }
        return largest;
    }

    TrainingFailedException outOfMemory(Where where, Map<String, INDArray> inputs, Throwable cause) {
        String message = "Trainer, step " + where.step() + " of the run, in epoch " + where.epoch() + ": "
                + OutOfMemory.described(cause) + " for a batch of " + described(inputs)
                + "; expected one that fits. Use smaller batches with accumulation(n), shorter sequences, "
                + (OutOfMemory.isNative(cause)
                        ? "model.recomputingActivations() on a SameDiff graph, or raise the limits"
                                + " -Dorg.bytedeco.javacpp.maxbytes and -Dorg.bytedeco.javacpp.maxphysicalbytes."
                        : "or raise -Xmx.");
        TrainingFailedException failure = failure(message, Reason.OUT_OF_MEMORY, where, List.of());
        failure.initCause(cause);
        return failure;
    }

    private static String described(Map<String, INDArray> inputs) {
        return new TreeMap<>(inputs)
                .entrySet().stream()
                        .map(e -> e.getKey() + " " + e.getValue().dataType()
                                + Arrays.toString(e.getValue().shape()))
                        .collect(Collectors.joining(", "));
    }

    TrainingFailedException metricNotANumber(Where where, String metric) {
        String message = where + ": the evaluation \"" + metric
                + "\" returned NaN after this step; expected a number. Check the metric and the data it is computed on"
                + " (an empty set gives 0 / 0).";
        return failure(message, Reason.METRIC_NOT_A_NUMBER, where, List.of());
    }

    private TrainingFailedException failure(String message, Reason reason, Where where, List<String> names) {
        String state = reason == Reason.METRIC_NOT_A_NUMBER
                ? " The parameters are those after this step."
                : " This step was not applied: the parameters are as they were before it.";
        return new TrainingFailedException(
                message + state + best.description(),
                reason,
                where.step(),
                where.epoch(),
                where.loss(),
                where.learningRate(),
                names,
                best.snapshot());
    }

    /** The cause, found where it can be and named by what is usual otherwise. */
    private String cause(Where where, long batch, Map<String, INDArray> inputs) {
        String badInputs = badInputs(where, batch, inputs, NonFinite::in);
        if (badInputs != null) {
            return badInputs;
        }
        List<String> badValues = new ArrayList<>();
        parameters.stream().filter(p -> !isFinite(p.value())).forEach(p -> badValues.add(p.name()));
        if (!badValues.isEmpty()) {
            return divergence.trend() + " The update before made values that are not finite, in "
                    + Problems.quoted(badValues) + ": the learning rate is too high.";
        }
        return where.step() == 1
                ? " No update has happened yet and the input is finite, so the learning rate is not the cause: look for a"
                        + " logarithm or a division of 0 in the loss, for very large inputs, or for an example whose mask"
                        + " hides everything."
                : divergence.trend()
                        + " The likely cause is a learning rate that is too high: lower it, warm up longer or clip the gradients."
                        + " Otherwise look for a logarithm or a division of 0 in the loss.";
    }

    /** What is wrong with the values of a batch, or null. */
    private String badInputs(
            Where where, long batch, Map<String, INDArray> inputs, Function<INDArray, Optional<NonFinite>> bad) {
        Map<String, NonFinite> found = new LinkedHashMap<>();
        inputs.forEach((name, array) -> {
            if (array != null && !array.wasClosed() && !allowedNotFinite.contains(name)) {
                bad.apply(array).ifPresent(value -> found.put(name, value));
            }
        });
        if (found.isEmpty()) {
            return null;
        }
        Map.Entry<String, NonFinite> first = found.entrySet().iterator().next();
        return " The batch holds values that are not finite, in placeholder " + Problems.quoted(found.keySet())
                + ": clean the input. It is batch " + batch + " of epoch " + where.epoch() + "; \"" + first.getKey()
                + "\" holds " + first.getValue() + ".";
    }

    private static List<String> notFinite(Map<String, INDArray> arrays) {
        List<String> names = new ArrayList<>();
        arrays.forEach((name, array) -> {
            if (array != null && !isFinite(array)) {
                names.add(name);
            }
        });
        return names;
    }

    private static boolean isFinite(INDArray array) {
        return array.wasClosed() || NonFinite.in(array).isEmpty();
    }
}
