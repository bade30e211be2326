/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.RankSensitivity.Module;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.train.Batch;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What the gradients of a few batches say of the weights that a config adapts. */
record Sensitivity(AdapterTrials trials, ModelTraining training, LoraConfig config, long seed) {

    private static final String QUESTION = "ranks of modules";
    private static final int MOST_OF_REFERENCE = 4;

    /** A weight and the mean gradient, both [outputs, the rest]. */
    private record Pair(String path, Matrix weight, Matrix gradient) {

        double importance() {
            double sum = 0;
            for (int i = 0; i < weight.rows(); i++) {
                double[] w = weight.row(i);
                double[] g = gradient.row(i);
                for (int j = 0; j < w.length; j++) {
                    sum += Math.abs(w[j] * g[j]);
                }
            }
            return sum / ((double) weight.rows() * weight.columns());
        }
    }

    RankSensitivity of(int batches) {
        List<String> targets = trials.during(
                name -> trials.model().addAdapter(name, config, seed),
                name -> List.copyOf(trials.model().adapter(name).modules().keySet()));
        LoraConfig weights = LoraConfig.builder()
                .modulesToSave(targets.toArray(new String[0]))
                .build();
        List<Pair> pairs = trials.during(
                name -> trials.model().addAdapter(name, weights, seed), name -> pairs(name, targets, batches));
        double[] importance = pairs.stream().mapToDouble(Pair::importance).toArray();
        double sum = 0;
        for (double one : importance) {
            sum += one;
        }
        if (sum == 0) {
            return new RankSensitivity(
                    List.of(),
                    Optional.empty(),
                    Advice.cannotBeSaid(QUESTION, "the gradients of all " + targets.size() + " weights are 0"));
        }
        long[] sides = pairs.stream()
                .mapToLong(pair -> pair.weight().rows() + pair.weight().columns())
                .toArray();
        int least = Math.max(1, config.rank() / 2);
        int[] ranks = RankBudget.ranks(importance, sides, config.rank(), least, MOST_OF_REFERENCE * config.rank());
        List<Module> modules = new ArrayList<>();
        for (int i = 0; i < ranks.length; i++) {
            Pair pair = pairs.get(i);
            int side = Math.min(pair.weight().rows(), pair.weight().columns());
            double effective = RankBudget.effectiveRank(
                    SingularValues.leading(pair.gradient(), side).values());
            modules.add(
                    new Module(pair.path(), importance[i], importance[i] / sum, effective, Math.min(ranks[i], side)));
        }
        return suggestion(modules, batches);
    }

    private RankSensitivity suggestion(List<Module> modules, int batches) {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        Map<String, Double> alphas = new LinkedHashMap<>();
        for (Module module : modules) {
            ranks.put(module.path(), module.rank());
            alphas.put(module.path(), config.alphaOf(module.path()) * module.rank() / config.rankOf(module.path()));
        }
        Module most = modules.stream()
                .max((a, b) -> Double.compare(a.share(), b.share()))
                .orElseThrow();
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("referenceRank", config.rank());
        evidence.put("modules", modules.stream().map(Module::values).toList());
        String sentence = String.format(
                Locale.ROOT,
                "Spread rank %d over %d modules as rank pattern from %d to %d: %s has %.0f %% of the sensitivity, and the"
                        + " gradients' effective ranks are %.1f to %.1f.",
                config.rank(),
                modules.size(),
                modules.stream().mapToInt(Module::rank).min().orElseThrow(),
                modules.stream().mapToInt(Module::rank).max().orElseThrow(),
                MessageText.name(most.path()),
                100 * most.share(),
                modules.stream().mapToDouble(Module::effectiveRank).min().orElseThrow(),
                modules.stream().mapToDouble(Module::effectiveRank).max().orElseThrow());
        return new RankSensitivity(
                modules,
                Optional.of(config.toBuilder()
                        .rankPattern(ranks)
                        .alphaPattern(alphas)
                        .build()),
                new Advice(QUESTION, Answer.GOOD, sentence, evidence));
    }

    /** Puts the mean gradients in the place of the trial's copies of the weights, whose layout the host turns into that of files. */
    private List<Pair> pairs(String name, List<String> targets, int most) {
        List<TrainableParameter> parameters = training.model().trainableParameters();
        List<INDArray> sums = sums(parameters, most);
        for (int i = 0; i < sums.size(); i++) {
            parameters.get(i).value().assign(sums.get(i));
        }
        Map<String, INDArray> gradients = trials.model().adapter(name).savedParameters();
        Map<String, Supplier<INDArray>> base = trials.model().baseWeights();
        List<Pair> pairs = new ArrayList<>();
        Problems problems = new Problems();
        for (String path : targets) {
            INDArray gradient = gradients.get(path + ".weight");
            if (gradient == null || !base.containsKey(path + ".weight")) {
                problems.add("module \"" + path + "\" has no weight of its own to take a gradient of");
                continue;
            }
            int rows = Math.toIntExact(gradient.size(0));
            Pair pair = new Pair(path, Matrix.of(base.get(path + ".weight").get(), rows), Matrix.of(gradient, rows));
            problems.check(
                    Double.isFinite(pair.gradient().norm()),
                    "the gradient of \"" + path + "\" is not finite, expected finite numbers");
            pairs.add(pair);
        }
        problems.throwIfAny("sensitivity");
        return pairs;
    }

    private List<INDArray> sums(List<TrainableParameter> parameters, int most) {
        GraphExecutor executor = training.model().executor();
        List<INDArray> sums = new ArrayList<>();
        parameters.forEach(parameter -> sums.add(parameter.value().like()));
        Iterator<Batch> epoch = training.batches().epoch(1, training.plan().seed());
        double weights = 0;
        for (int count = 0; count < most && epoch.hasNext(); count++) {
            Batch batch = epoch.next();
            LossAndGradients pass = executor.gradients(batch.placeholders(), count);
            if (!Double.isFinite(pass.loss())) {
                throw new IllegalArgumentException("sensitivity: the loss of batch " + (count + 1) + " is "
                        + pass.loss() + "; expected a finite number. Look for values that are not finite in the data.");
            }
            weights += batch.weight();
            for (int i = 0; i < sums.size(); i++) {
                INDArray gradient = pass.gradients().get(parameters.get(i).name());
                if (gradient != null) {
                    sums.get(i).addi(gradient.muli(batch.weight()));
                }
            }
            pass.gradients().values().forEach(INDArray::close);
            if (batch.disposable()) {
                batch.placeholders().values().forEach(INDArray::close);
            }
        }
        if (weights == 0) {
            throw new IllegalArgumentException("sensitivity: the source gave no batch; expected one or more.");
        }
        for (INDArray sum : sums) {
            sum.divi(weights);
        }
        return sums;
    }
}
