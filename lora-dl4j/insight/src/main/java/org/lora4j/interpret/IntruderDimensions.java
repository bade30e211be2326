/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Arguments;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.LeftVectors;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightChange;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Intruder dimensions: strong directions of a tuned weight that the weight did not have before. Models with many of
 * them forget more of what the base knew.
 *
 * <pre>{@code
 * IntruderDimensions intruders = IntruderDimensions.of(adapter).topK(10).epsilon(0.5);
 * IntruderReport report = intruders.on(base);
 * Adapter reduced = intruders.lambda(0.75).reducedOn(base).adapter();
 * }</pre>
 *
 * <p><b>What is computed.</b> Of {@code W + dW} the left singular vectors of the k largest singular values; one is an
 * intruder dimension if its absolute cosine with <i>every</i> left singular vector of W is below epsilon. Weights are
 * as PyTorch has them, so the vectors of a linear module and of a convolution {@code [out, in * k]} lie in the space of
 * outputs, those of an embedding {@code [vocabulary, dimension]} in that of the vocabulary. Directions of the singular
 * value 0 are none: neither of {@code W + dW}, nor of a W with more rows than columns.
 *
 * <p><b>Reduction.</b> Each intruder {@code s u v^T} of {@code W + dW} is multiplied by lambda: {@code dW' = dW +
 * (lambda - 1) s u v^T}, and the nearest product of the rank that the adapter has takes the place of its factors,
 * singular values shared equally between A and B. Lower lambda forgets less and loses more of the task: measure both.
 * For LoRA; make LoRA of another method by {@link org.lora4j.weights.AdapterConversion} first. The base is not touched.
 *
 * <p><i>Source:</i> Shuttleworth, Andreas, Torralba, Sharma, "LoRA vs Full Fine-tuning: An Illusion of Equivalence",
 * 2024, arXiv 2410.21228, its definition of an intruder dimension and its scaling of them; the defaults 10, 0.5 and
 * 0.75 and the way back to factors are those of PEFT's {@code reduce_intruder_dimension} (which turns the factors of
 * embeddings around; here they are as in their files).
 *
 * <p><b>Costs.</b> All left singular vectors of W are needed, and some of {@code W + dW}: two eigenproblems of the
 * smaller side of every weight, O(m n min(m, n) + min(m, n)^3) each. A weight [3072, 768] takes some seconds, one of
 * 4096 x 4096 some minutes and about a gigabyte of heap.
 *
 * <p><b>State.</b> Adapter and base are only read. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: experimental
 */
public final class IntruderDimensions {

    private final Adapter adapter;
    private int topK = 10;
    private double epsilon = 0.5;
    private double lambda = 0.75;

    private IntruderDimensions(Adapter adapter) {
        this.adapter = adapter;
    }

    /**
     * Starts with PEFT's defaults: the 10 strongest directions, epsilon 0.5, lambda 0.75.
     *
     * @param adapter an adapter of any method
     * @return a builder
     */
    public static IntruderDimensions of(Adapter adapter) {
        return new IntruderDimensions(adapter);
    }

    /**
     * Says how many directions of each weight are looked at (PEFT: {@code top_k}).
     *
     * @param count 1 or more; all that there are where a weight has fewer
     * @return this builder
     */
    public IntruderDimensions topK(int count) {
        this.topK = count;
        return this;
    }

    /**
     * Says below which cosine a direction is an intruder (PEFT: {@code threshold_epsilon}).
     *
     * @param limit above 0 and at most 1
     * @return this builder
     */
    public IntruderDimensions epsilon(double limit) {
        this.epsilon = limit;
        return this;
    }

    /**
     * Says how much of each intruder stays when they are reduced (PEFT: {@code mitigation_lambda}).
     *
     * @param kept 0 takes intruders away, 1 leaves them as they are
     * @return this builder
     */
    public IntruderDimensions lambda(double kept) {
        this.lambda = kept;
        return this;
    }

    /**
     * Finds the intruder dimensions.
     *
     * @param base the weights of the base model, without any adapter merged
     * @return the strongest directions of each weight, and which of them are intruders
     * @throws IncompatibleBaseException if the adapter does not fit the base or was made on another one
     * @throws IllegalArgumentException if a number is out of range, the adapter changes no weight, all its updates
     *     are zero, or weights are not finite; the message lists everything
     */
    public IntruderReport on(ModelWeights base) throws IncompatibleBaseException {
        Arguments.required(base, "IntruderDimensions.on: base", "the weights of the base");
        checkAsked();
        return found(base, (change, intruders) -> {});
    }

    /**
     * Reduces the intruder dimensions.
     *
     * @param base the weights of the base model, without any adapter merged
     * @return a new adapter for the same base, in PEFT's format as every adapter
     * @throws IncompatibleBaseException as {@link #on}
     * @throws IllegalArgumentException as {@link #on}, and if the update of a module is no product of A and B alone
     */
    public IntruderReduction reducedOn(ModelWeights base) throws IncompatibleBaseException {
        Arguments.required(base, "IntruderDimensions.reducedOn: base", "the weights of the base");
        checkAsked();
        Problems problems = new Problems();
        Map<String, Map<String, INDArray>> modules = new TreeMap<>(adapter.modules());
        Map<String, Double> errors = new TreeMap<>();
        IntruderReport report = found(base, (matrices, intruders) -> {
            WeightChange change = matrices.change();
            problems.check(
                    change.isPair(),
                    "module " + MessageText.name(change.module()) + " is adapted by "
                            + adapter.config().peftType()
                            + " in another way than by A and B alone, expected plain LoRA; make it so by"
                            + " AdapterConversion.of(adapter).rank(r).on(base) first");
            if (problems.isEmpty() && intruders.values().length > 0) {
                SingularValues wanted = wanted(matrices.update(), intruders);
                int kept = Math.min(change.rank(), wanted.values().length);
                errors.put(change.module(), wanted.norm(0) == 0 ? 0 : wanted.norm(kept) / wanted.norm(0));
                modules.put(change.module(), factors(change, wanted.truncated(kept)));
            }
        });
        problems.throwIfAny("IntruderDimensions");
        Adapter reduced = Adapter.of(adapter.config(), adapter.extras(), modules, adapter.savedParameters())
                .onBaseOf(List.of(adapter));
        return new IntruderReduction(reduced, report, errors);
    }

    private void checkAsked() {
        Problems problems = new Problems();
        problems.atLeast("topK", topK, 1);
        problems.check(epsilon > 0 && epsilon <= 1, "epsilon = " + epsilon + ", expected a cosine in (0, 1]");
        problems.check(lambda >= 0 && lambda <= 1, "lambda = " + lambda + ", expected [0, 1]");
        problems.throwIfAny("IntruderDimensions");
    }

    private IntruderReport found(ModelWeights base, BiConsumer<ChangedMatrices, SingularValues> each)
            throws IncompatibleBaseException {
        List<ModuleIntruders> modules = new ArrayList<>();
        Map<String, String> leftOut = ChangedMatrices.forEach("IntruderDimensions", adapter, base, (path, matrices) -> {
            SingularValues strongest = SingularValues.leading(matrices.after(), topK);
            SingularValues after = strongest.truncated(strongest.rank());
            LeftVectors before = LeftVectors.of(matrices.weight());
            double[] cosines = IntStream.range(0, after.values().length)
                    .mapToDouble(i -> before.largestCosine(after.left().row(i)))
                    .toArray();
            int[] intruders = IntStream.range(0, cosines.length)
                    .filter(i -> cosines[i] < epsilon)
                    .toArray();
            modules.add(new ModuleIntruders(
                    path,
                    matrices.change().shape(),
                    Arrays.stream(after.values()).boxed().toList(),
                    Arrays.stream(cosines).boxed().toList(),
                    Arrays.stream(intruders).boxed().toList()));
            each.accept(matrices, chosen(after, intruders));
        });
        return new IntruderReport(topK, epsilon, modules, leftOut);
    }

    private static SingularValues chosen(SingularValues all, int[] indices) {
        return new SingularValues(
                rows(all.left(), indices),
                Arrays.stream(indices).mapToDouble(i -> all.values()[i]).toArray(),
                rows(all.right(), indices));
    }

    private static Matrix rows(Matrix of, int[] indices) {
        return Matrix.ofRows(
                of.columns(), Arrays.stream(indices).mapToObj(of::row).toArray(double[][]::new));
    }

    /** {@code dW + (lambda - 1) s u v^T}, as a product of stacks, so that no matrix of the weight's size is decomposed. */
    private SingularValues wanted(SingularValues update, SingularValues intruders) {
        Matrix left = Matrix.stack(List.of(
                update.left().scaledRows(update.values()),
                intruders.left().scaledRows(intruders.values()).scaled(lambda - 1)));
        Matrix right = Matrix.stack(List.of(update.right(), intruders.right()));
        return SingularValues.ofProduct(left.transposed(), right);
    }

    /** The product over the scaling, its values shared equally between the two, as PEFT does. */
    private Map<String, INDArray> factors(WeightChange change, SingularValues product) {
        double[] roots = Arrays.stream(product.values())
                .map(value -> Math.sqrt(value / change.scaling()))
                .toArray();
        Matrix rows = product.left().scaledRows(roots).firstRows(change.rank());
        Matrix columns = product.right().scaledRows(roots).firstRows(change.rank());
        boolean isTable = change.shape().kind() == ModuleShape.Kind.EMBEDDING;
        Map<String, INDArray> tensors = new HashMap<>(adapter.modules().get(change.module()));
        tensors.computeIfPresent(
                LoraMethod.down(change.shape()), (suffix, array) -> like(array, isTable ? rows : columns));
        tensors.computeIfPresent(
                LoraMethod.up(change.shape()), (suffix, array) -> like(array, (isTable ? columns : rows).transposed()));
        return tensors;
    }

    private static INDArray like(INDArray array, Matrix values) {
        return values.toArray(array.dataType(), array.shape());
    }
}
