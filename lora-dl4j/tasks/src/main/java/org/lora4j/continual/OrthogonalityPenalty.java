/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Problems;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.train.Penalty;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Keeps what an adapter reads apart from what earlier ones read: {@code strength * sum_i |A_i A^T|}, the sum of the sizes of
 * all inner products of a row of an earlier A with a row of the one that learns, over all modules that both adapt.
 *
 * <p><i>Shapes.</i> {@code A_i [rank_i, in]}, {@code A [rank, in]}; the ranks of a module together must not exceed {@code in},
 * where nothing could be orthogonal any more. Linear modules only.
 *
 * <p><i>Source:</i> O-LoRA: Wang et al. 2023, Orthogonal Subspace Learning for Language Model Continual Learning,
 * arXiv:2310.14152, equations 6 to 8. The paper writes squares; the authors' program, and this class, take the sizes.
 *
 * @apiNote Status: experimental
 */
public final class OrthogonalityPenalty implements Penalty {

    private static final String FACTOR = "." + PeftTensor.LORA_A.suffix().replace(".weight", "") + ".";

    private final double strength;
    private final int adapters;
    private final Map<String, Matrix> earlier;

    private OrthogonalityPenalty(double strength, int adapters, Map<String, Matrix> earlier) {
        this.strength = strength;
        this.adapters = adapters;
        this.earlier = earlier;
    }

    /**
     * Makes a penalty.
     *
     * @param strength factor on the sum, finite, 0 or above; the paper takes 0.5 for learning rates around 1e-3
     * @param earlier the adapters of the tasks before; none gives a penalty that is always 0. Copied
     * @return the penalty
     * @throws IllegalArgumentException if the strength is outside of its range, or an adapter has an A that is no matrix or
     *     that does not fit the others; the message lists every problem
     */
    public static OrthogonalityPenalty of(double strength, List<Adapter> earlier) {
        Problems problems = new Problems();
        problems.finiteFromZero("strength", strength);
        Map<String, List<Matrix>> rows = new TreeMap<>();
        for (int i = 0; i < earlier.size(); i++) {
            int number = i;
            earlier.get(i).modules().forEach((path, tensors) -> {
                INDArray a = tensors.get(PeftTensor.LORA_A.suffix());
                String where = "earlier[" + number + "], module \"" + path + "\": ";
                if (a == null || a.rank() != 2) {
                    problems.add(where + (a == null ? "no A" : "A has " + a.rank() + " dimensions")
                            + ", expected a matrix [rank, in] as linear modules have");
                    return;
                }
                List<Matrix> parts = rows.computeIfAbsent(path, p -> new ArrayList<>());
                problems.check(
                        parts.isEmpty() || parts.get(0).columns() == a.size(1),
                        where + "A reads " + a.size(1) + " features, expected "
                                + (parts.isEmpty() ? 0 : parts.get(0).columns()) + " as those before");
                parts.add(Matrix.of(a, Math.toIntExact(a.size(0))));
            });
        }
        problems.throwIfAny("OrthogonalityPenalty");
        Map<String, Matrix> stacked = new TreeMap<>();
        rows.forEach((path, parts) -> stacked.put(path, Matrix.stack(parts)));
        return new OrthogonalityPenalty(strength, earlier.size(), stacked);
    }

    @Override
    public List<String> misfits(List<TrainableParameter> parameters) {
        Problems problems = new Problems();
        TreeSet<String> learning = new TreeSet<>();
        for (TrainableParameter parameter : parameters) {
            Matrix before = earlier.get(parameter.module());
            if (before == null || !isFactor(parameter)) {
                continue;
            }
            learning.add(parameter.module());
            INDArray value = parameter.value();
            boolean matrix =
                    value.rank() == 2 && (value.size(0) == before.columns() || value.size(1) == before.columns());
            problems.check(
                    matrix,
                    "A of module \"" + parameter.module() + "\" has shape " + Arrays.toString(value.shape())
                            + ", expected one that reads " + before.columns() + " features as those before");
            long rank = matrix ? value.length() / before.columns() : 0;
            problems.check(
                    rank + before.rows() <= before.columns(),
                    "module \"" + parameter.module() + "\" has rank " + rank + ", and " + before.rows() + " in the "
                            + adapters + " adapters before, expected together at most the " + before.columns()
                            + " features that it reads, or nothing is orthogonal; lower the rank");
        }
        problems.check(
                earlier.isEmpty() || !learning.isEmpty(),
                "the orthogonality penalty finds no factor A of the modules " + Problems.quoted(earlier.keySet())
                        + " among what learns; expected the adapter of a new task with the same targets");
        return problems.list();
    }

    @Override
    public LossAndGradients at(List<TrainableParameter> parameters) {
        double value = 0;
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        for (TrainableParameter parameter : parameters) {
            Matrix before = earlier.get(parameter.module());
            if (before != null && isFactor(parameter)) {
                INDArray live = parameter.value();
                // [rank, in] or [in, rank], as the graph has it: rank is below in, so that the shape tells which.
                boolean transposed = live.size(1) != before.columns();
                Matrix a = Matrix.of(live, Math.toIntExact(live.size(0)));
                Matrix products = before.times(transposed ? a : a.transposed());
                double[][] rows = products.copyOfRows();
                value += sizesToSigns(rows);
                Matrix signs = Matrix.ofRows(products.columns(), rows);
                Matrix gradient = signs.transposed().times(before).scaled(strength);
                gradients.put(
                        parameter.name(),
                        (transposed ? gradient.transposed() : gradient).toArray(live.dataType(), live.shape()));
            }
        }
        return new LossAndGradients(strength * value, gradients);
    }

    /** Sums sizes and leaves signs. */
    private static double sizesToSigns(double[][] rows) {
        double sum = 0;
        for (double[] row : rows) {
            for (int j = 0; j < row.length; j++) {
                sum += Math.abs(row[j]);
                row[j] = Math.signum(row[j]);
            }
        }
        return sum;
    }

    private static boolean isFactor(TrainableParameter parameter) {
        return parameter.name().startsWith(parameter.module() + FACTOR);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof OrthogonalityPenalty && toString().equals(other.toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }

    /** Strength, and a checksum of the earlier factors. */
    @Override
    public String toString() {
        Checksum checksum = new Checksum();
        earlier.forEach((path, rows) -> checksum.add(path).add(rows.flat()));
        return "OrthogonalityPenalty[strength=" + strength + ", earlier=" + adapters + " adapters, crc32c " + checksum
                + "]";
    }
}
