/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.lora4j.internal.checkpoint.CheckpointContent;

/** The best evaluation so far, its parameters, and how long ago it was. */
final class BestKeeper {

    private final List<TrainableParameter> parameters;
    private final Validation evaluation;
    private final TrainingPlan plan;
    private OptionalDouble metric = OptionalDouble.empty();
    private OptionalInt epoch = OptionalInt.empty();
    private ParameterSnapshot snapshot;
    private double reference;
    private int withoutImprovement;
    private boolean improvedWithinEpoch;

    BestKeeper(List<TrainableParameter> parameters, Validation evaluation, TrainingPlan plan) {
        this.parameters = parameters;
        this.evaluation = evaluation;
        this.plan = plan;
    }

    /** Notes the value after an epoch; true if it is the best so far. */
    boolean add(double value, int ofEpoch) {
        withoutImprovement = improves(value) || improvedWithinEpoch ? 0 : withoutImprovement + 1;
        improvedWithinEpoch = false;
        return keepIfBest(value, ofEpoch);
    }

    /** Notes a value within an epoch, which only counts for patience if it is better. */
    boolean addWithin(double value, int ofEpoch) {
        improvedWithinEpoch |= improves(value);
        return keepIfBest(value, ofEpoch);
    }

    /** Compared with the last improvement, not with the last value, so that small gains add up to one. */
    private boolean improves(double value) {
        double minDelta = plan.earlyStopping().map(EarlyStopping::minDelta).orElse(0.0);
        boolean improves = metric.isEmpty() || evaluation.gain(value, reference) > minDelta;
        reference = improves ? value : reference;
        return improves;
    }

    private boolean keepIfBest(double value, int ofEpoch) {
        boolean best = metric.isEmpty() || evaluation.gain(value, metric.getAsDouble()) > 0;
        if (best) {
            metric = OptionalDouble.of(value);
            epoch = OptionalInt.of(ofEpoch);
            keep();
        }
        return best;
    }

    private void keep() {
        if (!plan.keepBest()) {
            return;
        }
        if (snapshot == null) {
            snapshot = ParameterSnapshot.of(parameters);
        } else {
            snapshot.refresh();
        }
    }

    boolean patienceIsOver() {
        return plan.earlyStopping()
                .map(stop -> withoutImprovement >= stop.patience())
                .orElse(false);
    }

    /** Puts the best values back, if they were kept; true if so. */
    boolean restore() {
        if (snapshot == null) {
            return false;
        }
        snapshot.restore();
        snapshot.close();
        snapshot = null;
        return true;
    }

    void save(CheckpointContent to) {
        if (metric.isEmpty()) {
            return;
        }
        to.put("metric", metric.getAsDouble());
        to.put("epoch", epoch.getAsInt());
        to.put("reference", reference);
        to.put("withoutImprovement", withoutImprovement);
        to.put("improvedWithinEpoch", improvedWithinEpoch);
        if (snapshot != null) {
            snapshot.save(to.part("values"));
        }
    }

    void load(CheckpointContent from) {
        metric = from.numberIfAny("metric");
        if (metric.isEmpty()) {
            return;
        }
        epoch = OptionalInt.of(from.smallCount("epoch"));
        reference = from.number("reference");
        withoutImprovement = from.smallCount("withoutImprovement");
        improvedWithinEpoch = from.has("improvedWithinEpoch") && from.truth("improvedWithinEpoch");
        if (plan.keepBest()) {
            snapshot = ParameterSnapshot.of(parameters);
            snapshot.load(from.part("values"));
        }
    }

    OptionalDouble metric() {
        return metric;
    }

    OptionalInt epoch() {
        return epoch;
    }

    Optional<ParameterSnapshot> snapshot() {
        return Optional.ofNullable(snapshot);
    }

    /** A sentence for an error message; empty if nothing is kept. */
    String description() {
        return snapshot == null
                ? ""
                : " The best parameters, of epoch " + epoch.getAsInt() + " (" + evaluation.name() + " "
                        + metric.getAsDouble() + "), are in best() of this exception.";
    }
}
