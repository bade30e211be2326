/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.error.Problems;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.Penalty;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Holds parameters near older values: {@code strength / 2 * sum_k F_k (p_k - old_k)^2}, with F = 1 for every number ({@link
 * #towards}) or the number's importance for earlier tasks ({@link #elastic}). Parameters that it does not know are free.
 *
 * <p><i>Source:</i> Kirkpatrick et al. 2017, Overcoming catastrophic forgetting in neural networks,
 * arXiv:1612.00796, equation 3 (elastic weight consolidation, and L2 as what it is compared with). After several tasks the
 * paper adds up penalties, one for each task; summing their importances around the last values, as {@link FisherDiagonal#plus}
 * does, is the online form of Schwarz et al. 2018, Progress and Compress, arXiv:1805.06370, section 2.3.
 *
 * @apiNote Status: experimental
 */
public final class QuadraticPenalty implements Penalty {

    private final double strength;
    private final Map<String, INDArray> old;
    private final Map<String, INDArray> importance;

    private QuadraticPenalty(double strength, Map<String, INDArray> old, Map<String, INDArray> importance) {
        this.strength = strength;
        this.old = old;
        this.importance = importance;
    }

    /**
     * Every number alike: L2 towards the old.
     *
     * @param strength factor on the sum, finite, 0 or above
     * @param old the parameters with the values to hold on to, which are copied; one or more
     * @return the penalty
     * @throws IllegalArgumentException if the strength is outside of its range, or there are no parameters
     */
    public static QuadraticPenalty towards(double strength, List<TrainableParameter> old) {
        return of(strength, old, Map.of(), new Problems());
    }

    /**
     * Elastic weight consolidation: each number as firmly as it matters for the tasks before.
     *
     * @param strength factor on the sum, finite, 0 or above
     * @param old the parameters with the values to hold on to, which are copied; one or more
     * @param fisher how much each number matters
     * @return the penalty
     * @throws IllegalArgumentException as {@link #towards}, and if a parameter has no importances or ones of another shape;
     *     the message lists every problem
     */
    public static QuadraticPenalty elastic(double strength, List<TrainableParameter> old, FisherDiagonal fisher) {
        Problems problems = new Problems();
        Map<String, INDArray> importance = fisher.live();
        for (TrainableParameter parameter : old) {
            INDArray array = importance.get(parameter.name());
            problems.check(
                    array != null
                            && Arrays.equals(array.shape(), parameter.value().shape()),
                    "the importances of \"" + parameter.name() + "\" "
                            + (array == null ? "are missing" : "have shape " + Arrays.toString(array.shape()))
                            + ", expected shape "
                            + Arrays.toString(parameter.value().shape()));
        }
        return of(strength, old, importance, problems);
    }

    private static QuadraticPenalty of(
            double strength, List<TrainableParameter> old, Map<String, INDArray> importance, Problems problems) {
        problems.finiteFromZero("strength", strength);
        problems.check(!old.isEmpty(), "no parameters to hold on to, expected one or more");
        problems.throwIfAny("QuadraticPenalty");
        Map<String, INDArray> copies = new TreeMap<>();
        old.forEach(parameter -> copies.put(parameter.name(), parameter.value().dup()));
        return new QuadraticPenalty(strength, copies, importance);
    }

    @Override
    public List<String> misfits(List<TrainableParameter> parameters) {
        Problems problems = new Problems();
        boolean any = false;
        for (TrainableParameter parameter : parameters) {
            INDArray known = old.get(parameter.name());
            if (known != null) {
                any = true;
                problems.check(
                        Arrays.equals(known.shape(), parameter.value().shape())
                                && known.dataType() == parameter.value().dataType(),
                        "parameter \"" + parameter.name() + "\" is "
                                + parameter.value().dataType()
                                + Arrays.toString(parameter.value().shape()) + ", expected " + known.dataType()
                                + Arrays.toString(known.shape()) + " as the old values are");
            }
        }
        problems.check(
                any,
                "the quadratic penalty knows none of the parameters that learn; expected some of "
                        + Problems.quoted(old.keySet()));
        return problems.list();
    }

    @Override
    public LossAndGradients at(List<TrainableParameter> parameters) {
        double value = 0;
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        for (TrainableParameter parameter : parameters) {
            INDArray known = old.get(parameter.name());
            if (known != null) {
                INDArray difference = parameter.value().sub(known);
                INDArray gradient = difference.mul(strength);
                INDArray weights = importance.get(parameter.name());
                if (weights != null) {
                    gradient.muli(weights);
                }
                gradients.put(parameter.name(), gradient);
                difference.muli(gradient);
                value += difference.sumNumber().doubleValue() / 2;
                difference.close();
            }
        }
        return new LossAndGradients(value, gradients);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof QuadraticPenalty && toString().equals(other.toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }

    /** Strength, and checksums of old values and importances. */
    @Override
    public String toString() {
        Checksum values = new Checksum();
        old.forEach((name, array) -> values.add(name).add(array));
        Checksum weights = new Checksum();
        importance.forEach((name, array) -> weights.add(name).add(array));
        return "QuadraticPenalty[strength=" + strength + ", " + old.size() + " parameters, crc32c " + values
                + (importance.isEmpty() ? "" : ", importances crc32c " + weights) + "]";
    }
}
