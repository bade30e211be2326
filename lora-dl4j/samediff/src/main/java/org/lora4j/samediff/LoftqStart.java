/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.method.LoraMethod;
import org.lora4j.quant.Quantization;
import org.lora4j.quant.QuantizedGraph;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * LoftQ: a quantized base and an adapter that takes back what quantizing cost, as far as its rank goes. In turns the weight less
 * the adapter is quantized, {@code Q = q(W - scaling B A)}, and the adapter becomes the best approximation of what is left,
 * {@code scaling B A = svd_r(W - Q)}.
 *
 * <pre>{@code
 * LoftqStart loftq = LoftqStart.of(graph, config, Quantization.nf4(), 5);
 * AdaptedSameDiff model = AdaptedSameDiff.of(loftq.base().graph());
 * model.startAdapter("task", loftq.start());
 * }</pre>
 *
 * <p>The adapter is plain LoRA for the quantized base, which is not the base of {@link Quantization#apply} alone after more than
 * one turn: keep the two together. PEFT's leaves the scaling out ({@code Q + alpha / r B A}), which is the same where it is 1.
 *
 * <p>Source: Li et al. 2023, LoftQ: LoRA-fine-tuning-aware quantization for large language models, arXiv 2310.08659, algorithm
 * 1; PEFT: {@code init_lora_weights="loftq"}.
 *
 * @param base the quantized base
 * @param start where the adapter starts; the quantized base gives up nothing
 * @param relativeErrors for each module path the Frobenius norm of {@code W - Q - scaling B A} over that of W
 * @apiNote Status: experimental
 */
public record LoftqStart(QuantizedGraph base, StartedAdapter start, Map<String, Double> relativeErrors) {

    private static final String TAKEN = "taken";

    /**
     * Copies the errors.
     *
     * @param base the quantized base
     * @param start where the adapter starts
     * @param relativeErrors error by module path
     */
    public LoftqStart {
        Arguments.required(relativeErrors, "LoftqStart: relativeErrors", "errors by module path");
        relativeErrors = Collections.unmodifiableMap(new TreeMap<>(relativeErrors));
    }

    /**
     * Quantizes the targets of a config and finds the start.
     *
     * @param graph a graph of F32 weights, only read
     * @param config targets, ranks and alphas; plain LoRA on linear modules
     * @param quantization how weights are stored
     * @param turns 1 or more; the paper has 5
     * @return the base and the start
     * @throws IllegalArgumentException if the config cannot have such a start on this graph, or a weight cannot be stored so;
     *     the message lists everything
     */
    public static LoftqStart of(SameDiff graph, LoraConfig config, Quantization quantization, int turns) {
        Arguments.required(graph, "LoftqStart.of: graph", "a graph");
        Arguments.required(config, "LoftqStart.of: config", "a config");
        Arguments.required(quantization, "LoftqStart.of: quantization", "a quantization");
        Problems problems = new Problems();
        problems.atLeast("turns", turns, 1);
        problems.throwIfAny("LoftqStart");
        StartProbe probe = new StartProbe("LoftqStart", AdaptedSameDiff.of(graph), config);
        Set<String> weights = probe.targets().values().stream()
                .map(target -> target.module().weight())
                .collect(Collectors.toSet());
        SameDiff reduced = graph;
        QuantizedGraph base = null;
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        Map<String, Double> errors = new LinkedHashMap<>();
        for (int turn = 0; turn < turns; turn++) {
            QuantizedGraph now = quantization.apply(reduced, weights::contains);
            probe.targets().forEach((path, target) -> {
                Matrix lost = probe.weight(target).plus(-1, quantized(now, target));
                SingularValues svd = SingularValues.leading(lost, target.rank());
                factors.put(path, StartProbe.arrays(target, pair(svd, target.scaling())));
                Matrix kept = svd.left().scaledRows(svd.values()).transposed().times(svd.right());
                errors.put(
                        path, lost.plus(-1, kept).norm() / probe.weight(target).norm());
            });
            base = now;
            reduced = turn + 1 < turns ? without(graph, config, factors) : reduced;
        }
        return new LoftqStart(base, new StartedAdapter(config, factors, Map.of()), errors);
    }

    private static Matrix quantized(QuantizedGraph base, Target target) {
        GraphModule module = target.module();
        INDArray weight = StoredWeights.value(base.graph(), module.weight());
        return Matrix.of(
                module.weightLayout().toPeft(weight, module.shape()),
                Math.toIntExact(module.shape().outputs()));
    }

    private static StartProbe.Pair pair(SingularValues svd, double scaling) {
        double[] roots = Arrays.stream(svd.values())
                .map(value -> Math.sqrt(value / scaling))
                .toArray();
        return new StartProbe.Pair(
                svd.right().scaledRows(roots), svd.left().scaledRows(roots).transposed());
    }

    /** The graph with the adapter taken off its weights. */
    private static SameDiff without(SameDiff graph, LoraConfig config, Map<String, Map<String, INDArray>> factors) {
        Map<String, Map<String, INDArray>> negated = new LinkedHashMap<>();
        factors.forEach((path, own) -> negated.put(
                path,
                Map.of(
                        LoraMethod.A,
                        own.get(LoraMethod.A),
                        LoraMethod.B,
                        own.get(LoraMethod.B).neg())));
        LoraConfig alone = config.toBuilder()
                .modulesToSave()
                .bias(BiasTraining.NONE)
                .trainableTokens(TrainableTokens.none())
                .build();
        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        model.addAdapter(TAKEN, Adapter.of(alone, negated, Map.of()));
        model.activate(TAKEN);
        return model.mergeAndUnload();
    }
}
