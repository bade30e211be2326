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
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.train.Batch;
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
        List<Pair> pairs = pairs(batches);
        double[] importance = pairs.stream().mapToDouble(Pair::importance).toArray();
        double sum = 0;
        for (double one : importance) {
            sum += one;
        }
        if (sum == 0) {
            return new RankSensitivity(
                    List.of(),
                    Optional.empty(),
                    Advice.cannotBeSaid(QUESTION, "the gradients of all " + pairs.size() + " weights are 0"));
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

    private List<Pair> pairs(int batches) {
        List<Batch> some = new ArrayList<>();
        Iterator<Batch> epoch = training.batches().epoch(1, training.plan().seed());
        while (some.size() < batches && epoch.hasNext()) {
            some.add(epoch.next());
        }
        Map<String, Supplier<INDArray>> base = trials.model().baseWeights();
        List<Pair> pairs = new ArrayList<>();
        WeightGradients.of("sensitivity", trials.model(), training.model(), config, some)
                .forEach((path, gradient) -> pairs.add(
                        new Pair(path, Matrix.of(base.get(path + ".weight").get(), gradient.rows()), gradient)));
        return pairs;
    }
}
