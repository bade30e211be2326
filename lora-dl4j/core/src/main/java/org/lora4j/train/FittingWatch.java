/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.lora4j.train.FittingSign.format;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.lora4j.error.MessageText;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.checkpoint.CheckpointContent;
import org.lora4j.internal.checkpoint.UnusableContentException;
import org.lora4j.train.FittingSign.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Looks for signs of over- and underfitting: of the former after each epoch, of the latter in the middle of a run whose length is
 * known, and at its end. An epoch costs a pass over the factors for their norm; the middle and the end cost one more.
 */
final class FittingWatch {

    /** Values of a factor by which its movement is estimated. */
    static final int SAMPLE = 1000;

    /** How many times the norm of the start is large. */
    static final int LARGE = 10;

    private static final double WORSE = 0.05;
    private static final double WORSE_POINTS = 0.01;
    private static final double PROGRESS = 0.1;
    private static final double GAP = 0.1;
    private static final double GROWTH = 1.5;
    private static final double MOVED = 0.01;
    private static final double FALL = 0.05;
    private static final int EPOCHS = 2;
    private static final int FEWEST_STEPS = 10;

    private final List<TrainableParameter> factors;
    private final Optional<Validation> validation;
    private final OptionalLong totalSteps;
    private final EpochDivergence divergence;
    private final boolean mayGrow;
    private final List<double[]> starts;
    private final List<FittingSign> signs = new ArrayList<>();
    private double startNorm;
    private double normAtBest = Double.NaN;
    private double firstGap = Double.NaN;

    /** {@code mayGrow} if something else than the loss pulls factors towards a norm. */
    FittingWatch(
            List<TrainableParameter> parameters,
            Optional<Validation> validation,
            OptionalLong totalSteps,
            EpochDivergence divergence,
            boolean mayGrow) {
        this.divergence = divergence;
        this.mayGrow = mayGrow;
        this.factors = parameters.stream()
                .filter(parameter -> parameter.kind() == TrainableParameter.Kind.FACTOR)
                .toList();
        this.validation = validation;
        this.totalSteps = totalSteps;
        this.startNorm = norm();
        this.starts = new ArrayList<>(
                factors.stream().map(factor -> sample(factor.value())).toList());
    }

    /** What has shown so far. */
    List<FittingSign> signs() {
        return signs;
    }

    /** Looks after a step; gives what is new. */
    List<FittingSign> afterStep(RunLog log, int epoch) {
        boolean middle = totalSteps.isPresent() && log.steps() == (totalSteps.getAsLong() + 1) / 2;
        return middle ? atEnd(log, epoch) : List.of();
    }

    /** Whether the last epoch of a run has diverged. */
    boolean isDiverged(RunLog log) {
        List<EpochReport> epochs = log.epochs();
        return !epochs.isEmpty()
                && !divergence
                        .finding(log.losses(), epochs.get(epochs.size() - 1))
                        .isEmpty();
    }

    /** Looks at what has been learned so far; gives what is new. */
    List<FittingSign> atEnd(RunLog log, int epoch) {
        return isDiverged(log) ? List.of() : fresh(epoch, underfitting(log).stream());
    }

    /** Looks after an epoch and its evaluation; gives what is new. */
    List<FittingSign> afterEpoch(RunLog log, OptionalDouble trainingMetric) {
        List<EpochReport> epochs = log.epochs();
        EpochReport now = epochs.get(epochs.size() - 1);
        double norm = norm();
        if (now.best()) {
            normAtBest = norm;
        }
        String diverged = divergence.finding(log.losses(), now);
        if (!diverged.isEmpty()) {
            return fresh(
                    now.epoch(),
                    Stream.of(new Draft(
                            Kind.DIVERGENCE,
                            diverged,
                            "The learning rate is too high: lower it, a tenth is a good second try, or warm up longer.",
                            evidence(
                                    "firstLoss", log.losses().get(0),
                                    "meanLoss", now.meanLoss(),
                                    "guessing", divergence.guessing().orElse(Double.NaN)))));
        }
        return fresh(
                now.epoch(),
                Stream.of(worsening(epochs), gap(epochs, trainingMetric), growth(epochs, norm))
                        .flatMap(Optional::stream));
    }

    /** A sign whose epoch is not yet said. */
    private record Draft(Kind kind, String finding, String suggestion, Map<String, Double> evidence) {}

    private List<FittingSign> fresh(int epoch, Stream<Draft> drafts) {
        Set<Kind> told = EnumSet.noneOf(Kind.class);
        signs.forEach(sign -> told.add(sign.kind()));
        List<FittingSign> fresh = drafts.filter(draft -> !told.contains(draft.kind()))
                .map(draft ->
                        new FittingSign(draft.kind(), epoch, draft.finding(), draft.suggestion(), draft.evidence()))
                .toList();
        signs.addAll(fresh);
        return fresh;
    }

    private Optional<Draft> worsening(List<EpochReport> epochs) {
        int best = best(epochs);
        if (best < 0 || epochs.size() - 1 - best < EPOCHS) {
            return Optional.empty();
        }
        EpochReport now = epochs.get(epochs.size() - 1);
        EpochReport then = epochs.get(best);
        boolean learned = then.meanLoss() > 0 && now.meanLoss() <= (1 - PROGRESS) * then.meanLoss();
        for (int i = epochs.size() - EPOCHS; i < epochs.size(); i++) {
            learned &= isWorse(
                    epochs.get(i).metric().orElse(Double.NaN), then.metric().getAsDouble());
        }
        if (!learned) {
            return Optional.empty();
        }
        double bestMetric = then.metric().getAsDouble();
        double metric = now.metric().getAsDouble();
        return Optional.of(new Draft(
                Kind.VALIDATION_WORSENS,
                format(
                        "%s on held-out examples is %.4g, after %.4g in epoch %d, while the training loss fell from %.4g to %.4g.",
                        metricName(), metric, bestMetric, then.epoch(), then.meanLoss(), now.meanLoss()),
                "Stop early (earlyStopping, keepBest), or try more examples, a lower rank, dropout or weight decay.",
                evidence(
                        "best", bestMetric,
                        "bestEpoch", then.epoch(),
                        "now", metric,
                        "trainingLossAtBest", then.meanLoss(),
                        "trainingLoss", now.meanLoss())));
    }

    /** Whether the error has grown by a twentieth, and by a hundredth where that is less than chance moves a share by. */
    private boolean isWorse(double metric, double best) {
        double loss = validation.orElseThrow().gain(best, metric);
        double least = isShare(best) ? Math.max(WORSE * (1 - best), WORSE_POINTS) : WORSE * Math.abs(best);
        return loss > 0 && loss >= least;
    }

    /** As it may stand in a message: it is the user's. */
    private String metricName() {
        return MessageText.name(validation.orElseThrow().name());
    }

    private boolean isShare(double metric) {
        return validation.orElseThrow().higherIsBetter() && metric >= 0 && metric <= 1;
    }

    private Optional<Draft> gap(List<EpochReport> epochs, OptionalDouble trainingMetric) {
        EpochReport now = epochs.get(epochs.size() - 1);
        if (trainingMetric.isEmpty() || now.metric().isEmpty()) {
            return Optional.empty();
        }
        Validation measure = validation.orElseThrow();
        double held = now.metric().getAsDouble();
        double training = trainingMetric.getAsDouble();
        double gap = measure.gain(training, held);
        firstGap = Double.isNaN(firstGap) ? gap : firstGap;
        double scale = isShare(held) ? 1 : Math.max(Math.abs(held), Math.abs(training));
        int best = best(epochs);
        if (epochs.size() - 1 - best < EPOCHS || gap < GAP * scale || gap <= firstGap) {
            return Optional.empty();
        }
        return Optional.of(new Draft(
                Kind.GAP,
                format(
                        "%s is %.4g on training examples and %.4g on held-out ones, and was never better than in epoch %d.",
                        metricName(), training, held, epochs.get(best).epoch()),
                "Try more examples, a lower rank or fewer modules, dropout or weight decay.",
                evidence("training", training, "heldOut", held, "gap", gap, "firstGap", firstGap)));
    }

    private Optional<Draft> growth(List<EpochReport> epochs, double norm) {
        int best = best(epochs);
        boolean idle = best >= 0 && epochs.size() - 1 - best >= EPOCHS && norm >= GROWTH * normAtBest;
        boolean large = startNorm > 0 && norm >= LARGE * startNorm;
        if (mayGrow || factors.isEmpty() || !idle && !large) {
            return Optional.empty();
        }
        String since = idle
                ? format(
                        "from %.4g to %.4g since epoch %d, after which %s was not better.",
                        normAtBest, norm, epochs.get(best).epoch(), metricName())
                : format("from %.4g at the start to %.4g.", startNorm, norm);
        return Optional.of(new Draft(
                Kind.NORM_GROWTH,
                "The norm of the factors grew " + since,
                "Try a lower learning rate, weight decay, or gradients clipped by their norm.",
                evidence("start", startNorm, "atBest", normAtBest, "now", norm)));
    }

    private Optional<Draft> underfitting(RunLog log) {
        List<Double> losses = log.losses();
        if (losses.size() < FEWEST_STEPS) {
            return Optional.empty();
        }
        double moved = moved();
        int tenth = losses.size() / 10;
        double first = mean(losses.subList(0, tenth));
        double last = mean(losses.subList(losses.size() - tenth, losses.size()));
        Map<String, Double> evidence = evidence("moved", moved, "firstLoss", first, "lastLoss", last);
        if (moved < MOVED) {
            return Optional.of(new Draft(
                    Kind.FACTORS_HARDLY_MOVED,
                    format(
                            "The factors have moved by %.2g %% of their norm in %d steps; the loss went from %.4g to %.4g.",
                            100 * moved, losses.size(), first, last),
                    "Try a learning rate ten times as high, or more steps.",
                    evidence));
        }
        if (first > 0 && last > (1 - FALL) * first) {
            return Optional.of(new Draft(
                    Kind.LOSS_HARDLY_FALLS,
                    format("The training loss went from %.4g to %.4g in %d steps.", first, last, losses.size()),
                    "Try a lower learning rate if it jumps, else a higher one, a higher rank or more modules; look at the labels."
                            + " If the base knows the task, there was nothing to learn.",
                    evidence));
        }
        return Optional.empty();
    }

    /** Index of the epoch with the best metric, or -1. */
    private static int best(List<EpochReport> epochs) {
        for (int i = epochs.size() - 1; i >= 0; i--) {
            if (epochs.get(i).best()) {
                return i;
            }
        }
        return -1;
    }

    private double norm() {
        double norm = 0;
        for (TrainableParameter factor : factors) {
            norm = Math.hypot(norm, Norms.norm(factor.value()));
        }
        return norm;
    }

    /** How far the factors are from their start, by its norm; NaN if that is 0, or there are none. */
    private double moved() {
        double distance = 0;
        double start = 0;
        for (int i = 0; i < factors.size(); i++) {
            double[] before = starts.get(i);
            double[] now = sample(factors.get(i).value());
            // Each value stands for as many.
            double weight = (double) factors.get(i).value().length() / before.length;
            for (int j = 0; j < before.length; j++) {
                distance += weight * (now[j] - before[j]) * (now[j] - before[j]);
                start += weight * before[j] * before[j];
            }
        }
        return start > 0 ? Math.sqrt(distance / start) : Double.NaN;
    }

    /** Values at even distances. */
    private static double[] sample(INDArray array) {
        int count = (int) Math.min(SAMPLE, array.length());
        double[] values = new double[count];
        try (DenseArray dense = DenseArray.of(array)) {
            double[] block = new double[dense.blockLength()];
            int read = -1;
            for (int i = 0; i < count; i++) {
                long at = array.length() * i / count;
                int of = (int) (at / dense.blockLength());
                if (of != read) {
                    read(dense, of, block);
                    read = of;
                }
                values[i] = block[(int) (at % dense.blockLength())];
            }
        }
        return values;
    }

    private static void read(DenseArray dense, int of, double[] block) {
        if (!dense.isFloat()) {
            dense.read(of, block);
            return;
        }
        float[] floats = new float[block.length];
        dense.read(of, floats);
        for (int i = 0; i < block.length; i++) {
            block[i] = floats[i];
        }
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    }

    /** Names and numbers in turn; what is not a number is left out. */
    private static Map<String, Double> evidence(Object... pairs) {
        Map<String, Double> evidence = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            double value = ((Number) pairs[i + 1]).doubleValue();
            if (Double.isFinite(value)) {
                evidence.put((String) pairs[i], value);
            }
        }
        return evidence;
    }

    void save(CheckpointContent to) {
        to.put("startNorm", startNorm);
        to.put("normAtBest", normAtBest);
        to.put("firstGap", firstGap);
        for (int i = 0; i < starts.size(); i++) {
            to.put("start" + i, Arrays.stream(starts.get(i)));
        }
        to.put("signs", signs.size());
        for (int i = 0; i < signs.size(); i++) {
            FittingSign sign = signs.get(i);
            CheckpointContent part = to.part("sign" + i);
            part.put("kind", sign.kind().name());
            part.put("epoch", sign.epoch());
            part.put("finding", sign.finding());
            part.put("suggestion", sign.suggestion());
            part.put("names", String.join(" ", sign.evidence().keySet()));
            sign.evidence().forEach(part.part("evidence")::put);
        }
    }

    void load(CheckpointContent from) {
        if (!from.has("startNorm")) {
            // A checkpoint of before signs were told: they are looked for from here on.
            return;
        }
        startNorm = from.number("startNorm");
        normAtBest = from.number("normAtBest");
        firstGap = from.number("firstGap");
        for (int i = 0; i < starts.size(); i++) {
            double[] start = from.numbers("start" + i);
            if (start.length != starts.get(i).length) {
                throw new UnusableContentException(
                        "\"start" + i + "\" has " + start.length + " values; expected " + starts.get(i).length);
            }
            starts.set(i, start);
        }
        signs.clear();
        for (int i = 0; i < from.smallCount("signs"); i++) {
            CheckpointContent part = from.part("sign" + i);
            Map<String, Double> evidence = new LinkedHashMap<>();
            for (String name : part.text("names").split(" ")) {
                evidence.put(name, part.part("evidence").number(name));
            }
            signs.add(new FittingSign(
                    part.constant("kind", Kind.class),
                    part.smallCount("epoch"),
                    part.text("finding"),
                    part.text("suggestion"),
                    evidence));
        }
    }
}
