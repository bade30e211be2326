/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.lora4j.error.Problems;
import org.lora4j.internal.checkpoint.CheckpointContent;
import org.lora4j.internal.checkpoint.UnusableContentException;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Everything that a run changes: what has to be written down so that it can go on as if it had never stopped. */
final class RunState {

    // The name of an object that tells nothing but its identity, which another process does not have.
    private static final Pattern IDENTITY = Pattern.compile("(\\$\\$Lambda\\S*?)?@[0-9a-f]+\\b");

    /** More processors than any machine has; each part is a thread. */
    private static final int MOST_PARTS = 1 << 14;

    private final TrainingPlan plan;
    private final List<TrainableParameter> parameters;
    private final List<ParameterUpdater> updaters;
    private final List<Double> startNorms;
    private final GradientWatch watch;
    private final DivergenceWatch divergence;
    private final FittingWatch fitting;
    private final BestKeeper best;
    private final RunLog log;
    private final RunGradients gradients;
    private final StepRules rules;
    private final RunFacts facts;
    private final Position position = new Position();

    RunState(
            TrainingPlan plan,
            List<TrainableParameter> parameters,
            OptionalLong totalSteps,
            OptionalDouble guessingLoss,
            Optional<Validation> evaluation,
            BestKeeper best,
            RunLog log,
            RunGradients gradients,
            StepRules rules,
            RunFacts facts) {
        this.plan = plan;
        this.parameters = parameters;
        this.updaters = plan.optimizer().updatersFor(parameters);
        this.startNorms = new ArrayList<>(
                parameters.stream().map(p -> Norms.norm(p.value())).toList());
        this.watch = new GradientWatch(parameters, plan.allowedWithoutGradient());
        this.divergence = new DivergenceWatch(plan.divergence(), totalSteps);
        this.fitting = new FittingWatch(
                parameters,
                evaluation,
                totalSteps,
                new EpochDivergence(plan.divergence(), guessingLoss),
                rules.penalties().findAny().isPresent());
        this.best = best;
        this.log = log;
        this.gradients = gradients;
        this.rules = rules;
        this.facts = facts;
    }

    List<ParameterUpdater> updaters() {
        return updaters;
    }

    GradientWatch watch() {
        return watch;
    }

    DivergenceWatch divergence() {
        return divergence;
    }

    FittingWatch fitting() {
        return fitting;
    }

    BestKeeper best() {
        return best;
    }

    RunLog log() {
        return log;
    }

    Position position() {
        return position;
    }

    /** The norms of all parameters before the run and now. */
    List<ParameterNorm> norms() {
        List<ParameterNorm> norms = new ArrayList<>();
        for (int i = 0; i < parameters.size(); i++) {
            TrainableParameter p = parameters.get(i);
            norms.add(new ParameterNorm(p.name(), p.module(), p.kind(), startNorms.get(i), Norms.norm(p.value())));
        }
        return norms;
    }

    CheckpointContent save() {
        CheckpointContent content = new CheckpointContent();
        content.put("plan", planText());
        content.put("parameters", parameters.size());
        content.put("mostParts", gradients.mostParts());
        content.put("products", gradients.productChoice());
        for (int i = 0; i < parameters.size(); i++) {
            CheckpointContent part = content.part("parameter" + i);
            part.put("name", parameters.get(i).name());
            part.put("value", parameters.get(i).value());
            part.put("startNorm", startNorms.get(i));
            OptimizerState state = updaters.get(i).state();
            part.put("updates", state.updates());
            state.arrays().forEach(part.part("optimizer")::put);
        }
        watch.save(content.part("watch"));
        divergence.save(content.part("divergence"));
        fitting.save(content.part("fitting"));
        best.save(content.part("best"));
        log.save(content.part("log"));
        position.save(content.part("position"));
        facts.save(content.part("facts"));
        rules.save(content.part("rules"));
        return content;
    }

    /**
     * Takes up what was saved. What learns is written to last, when everything has been read: nothing has happened to it if
     * this throws, and another checkpoint can be loaded.
     *
     * @throws IllegalArgumentException if it belongs to another run
     * @throws UnusableContentException if it cannot be read
     */
    void load(CheckpointContent content) {
        check(content);
        List<INDArray> values = new ArrayList<>();
        for (int i = 0; i < parameters.size(); i++) {
            CheckpointContent part = content.part("parameter" + i);
            restore(i, part);
            startNorms.set(i, part.number("startNorm"));
            values.add(part.array("value", parameters.get(i).value()));
        }
        watch.load(content.part("watch"));
        divergence.load(content.part("divergence"));
        fitting.load(content.part("fitting"));
        best.load(content.part("best"));
        log.load(content.part("log"));
        position.load(content.part("position"));
        facts.load(content.part("facts"));
        gradients.inParts(mostParts(content));
        multiplyAsBefore(content);
        for (int i = 0; i < values.size(); i++) {
            parameters.get(i).value().assign(values.get(i));
        }
        rules.load(content.part("rules"));
    }

    private void multiplyAsBefore(CheckpointContent content) {
        // Checkpoints of version 0.1 before this field have no choice.
        if (!content.has("products")) {
            return;
        }
        try {
            gradients.multiplyAs(content.text("products"));
        } catch (IllegalArgumentException e) {
            throw new UnusableContentException("\"products\": " + e.getMessage());
        }
    }

    private static int mostParts(CheckpointContent content) {
        int most = content.smallCount("mostParts");
        if (most < 1 || most > MOST_PARTS) {
            throw new UnusableContentException(
                    "\"mostParts\" is " + most + "; expected a number between 1 and " + MOST_PARTS);
        }
        return most;
    }

    /** The plan agrees, so that a state that does not fit its optimizer is damage. */
    private void restore(int i, CheckpointContent part) {
        OptimizerState state =
                new OptimizerState(part.count("updates"), part.part("optimizer").arrays());
        try {
            updaters.get(i).restore(state);
        } catch (IllegalArgumentException e) {
            throw new UnusableContentException(e.getMessage());
        }
    }

    private void check(CheckpointContent content) {
        Problems problems = new Problems();
        problems.check(
                content.text("plan").equals(planText()),
                "the plan is " + planText() + ", expected the one of the checkpoint, " + content.text("plan"));
        rules.check(content.part("rules"), problems);
        problems.check(
                content.count("parameters") == parameters.size(),
                parameters.size() + " parameters learn, expected " + content.count("parameters"));
        for (int i = 0; i < Math.min(parameters.size(), content.count("parameters")); i++) {
            CheckpointContent part = content.part("parameter" + i);
            TrainableParameter parameter = parameters.get(i);
            String found = "\"" + parameter.name() + "\" " + CheckpointContent.worded(parameter.value());
            String expected = "\"" + part.text("name") + "\" " + part.worded("value");
            problems.check(found.equals(expected), "parameter " + i + " is " + found + ", expected " + expected);
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("Trainer, resume")
                    + ". The checkpoint was taken from another run: use its plan and its model, or start a run of its own in"
                    + " another directory.");
        }
    }

    private String planText() {
        return IDENTITY.matcher(plan.toString()).replaceAll("");
    }
}
