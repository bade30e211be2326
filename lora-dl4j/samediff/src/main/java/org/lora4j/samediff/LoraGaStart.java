/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.train.Batch;

/**
 * LoRA-GA: singular vectors of the gradient of the loss by the weight, {@code G = U S V^T}, so that the first steps of A and B
 * change the weight as full fine-tuning would. The gradient is the mean over the batches, and the base gives up {@code
 * scaling B A}. The scales are PEFT's, in which B carries the singular values.
 *
 * <p>Source: Wang, Yu, Li 2024, LoRA-GA: Low-rank adaptation with gradient approximation, arXiv 2407.05000, theorems 3.1 and 3.2;
 * PEFT: {@code init_lora_weights="lora_ga"}. Signs of singular vectors are free.
 *
 * @param direction which vectors A and B take
 * @param scale how long they are
 * @param gamma divides the stable scale by its root, finite and above 0
 * @apiNote Status: experimental
 */
public record LoraGaStart(Direction direction, Scale scale, double gamma) implements LoraStart {

    /** Which vectors A and B take. */
    public enum Direction {
        /** A the first ones, B the next ones: the default (PEFT: {@code ArB2r}). */
        A_R_B_2R,
        /** B the first ones, A the next ones (PEFT: {@code A2rBr}). */
        A_2R_B_R,
        /** In turns, B the first one (PEFT: {@code ArBr}). */
        A_R_B_R;

        private int ofA(int index, int rank) {
            return this == A_R_B_R ? 2 * index + 1 : this == A_2R_B_R ? rank + index : index;
        }

        private int ofB(int index, int rank) {
            return this == A_R_B_R ? 2 * index : this == A_R_B_2R ? rank + index : index;
        }
    }

    /** How long the vectors are. */
    public enum Scale {
        /** A of length 1, B times the fourth root of the outputs over the root of gamma (PEFT: {@code stable}). */
        STABLE,
        /** Both divided by the scaling (PEFT: {@code gd_scale}). */
        DIVIDED_BY_SCALING,
        /** A of length 1, the first vector of B as long as the largest singular value of the weight (PEFT: {@code weight_svd}). */
        OF_WEIGHT,
        /** A of length 1, B as long as its singular values (PEFT: {@code unit}). */
        UNIT
    }

    /**
     * Checks the number.
     *
     * @param direction which vectors A and B take
     * @param scale how long they are
     * @param gamma finite and above 0
     * @throws IllegalArgumentException if it is outside of its range
     */
    public LoraGaStart {
        Problems problems = new Problems();
        problems.finiteAboveZero("gamma", gamma);
        problems.throwIfAny("LoraGaStart");
    }

    @Override
    public StartedAdapter of(AdaptedSameDiff model, LoraConfig config, Iterable<Batch> batches) {
        StartProbe probe = new StartProbe("LoraGaStart", model, config);
        Problems problems = new Problems();
        probe.targets().forEach((path, target) -> {
            long side = Math.min(
                    target.module().shape().inputs(), target.module().shape().outputs());
            problems.check(
                    2L * target.rank() <= side,
                    "module \"" + path + "\" has rank " + target.rank() + ", expected at most " + side / 2
                            + ", half of the smaller side, as A and B take different vectors");
        });
        problems.throwIfAny("LoraGaStart");
        Map<String, Matrix> gradients = probe.gradients(batches);
        return probe.givingUp((target, rank) -> {
            Matrix gradient = gradients.get(target.path());
            // The first axis of the weight as it lies, which is what PEFT takes for the outputs.
            int firstAxis = config.fanInFanOut() ? gradient.columns() : gradient.rows();
            return pair(gradient, rank, first -> lengthOfB(probe, target, firstAxis, first), target.scaling());
        });
    }

    /** The factor on B, whose first vector is as long as a singular value of the gradient. */
    private double lengthOfB(StartProbe probe, Target target, int firstAxis, double first) {
        return switch (scale) {
            case STABLE -> Math.pow(firstAxis, 0.25) / Math.sqrt(gamma);
            case DIVIDED_BY_SCALING -> 1 / target.scaling();
            case OF_WEIGHT ->
                first > 0 ? SingularValues.leading(probe.weight(target), 1).values()[0] / first : 1;
            case UNIT -> 1;
        };
    }

    private StartProbe.Pair pair(Matrix gradient, int rank, DoubleUnaryOperator lengthOfB, double scaling) {
        SingularValues svd = SingularValues.leading(gradient, 2 * rank);
        double[][] a = IntStream.range(0, rank)
                .mapToObj(i -> svd.right().row(direction.ofA(i, rank)).clone())
                .toArray(double[][]::new);
        double[][] b = IntStream.range(0, rank)
                .mapToObj(i -> svd.left().scaledRows(svd.values()).row(direction.ofB(i, rank)))
                .toArray(double[][]::new);
        double ofA = scale == Scale.DIVIDED_BY_SCALING ? 1 / scaling : 1;
        double ofB = lengthOfB.applyAsDouble(svd.values()[direction.ofB(0, rank)]);
        return new StartProbe.Pair(
                Matrix.ofRows(gradient.columns(), a).scaled(ofA),
                Matrix.ofRows(gradient.rows(), b).scaled(ofB).transposed());
    }
}
