/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.lora4j.method.ModuleShape;

/**
 * The change of one weight in figures.
 *
 * <p>The <i>energy</i> of a change is the sum of the squares of its singular values, which is the square of its
 * Frobenius norm.
 *
 * @param path the module within the adapter
 * @param shape what the module is
 * @param weightNorm Frobenius norm of the weight
 * @param weightSpectralNorm largest singular value of the weight
 * @param singularValues those of the change that are not 0, falling; none if nothing changes
 * @param amplification how much stronger the change is in the directions that it acts in than the weight is there:
 *     the Frobenius norm of the change over that of {@code U^T W V}, U and V the singular vectors of the change (Hu et
 *     al. 2021, arXiv 2106.09685, section 7.3); 0 if nothing changes, infinite if the weight is 0 in these directions
 * @apiNote Status: experimental
 */
public record ModuleUpdate(
        String path,
        ModuleShape shape,
        double weightNorm,
        double weightSpectralNorm,
        List<Double> singularValues,
        double amplification) {

    /**
     * Copies the values.
     *
     * @param path the module
     * @param shape what it is
     * @param weightNorm Frobenius norm of the weight
     * @param weightSpectralNorm largest singular value of the weight
     * @param singularValues singular values of the change
     * @param amplification strength of the change over that of the weight in its directions
     */
    public ModuleUpdate {
        singularValues = List.copyOf(singularValues);
    }

    /**
     * The size of the change.
     *
     * @return its Frobenius norm
     */
    public double norm() {
        double largest = spectralNorm();
        return largest == 0 ? 0 : largest * Math.sqrt(sum(value -> value * value, 1 / largest));
    }

    /**
     * The size of the change in the direction in which it is largest.
     *
     * @return its largest singular value
     */
    public double spectralNorm() {
        return singularValues.isEmpty() ? 0 : singularValues.get(0);
    }

    /**
     * The size of the change against that of the weight.
     *
     * @return the ratio of the Frobenius norms; infinite if the weight is 0 and changes
     */
    public double relativeNorm() {
        return norm() == 0 ? 0 : norm() / weightNorm;
    }

    /**
     * The size of the change against that of the weight, each in its largest direction.
     *
     * @return the ratio of the largest singular values; infinite if the weight is 0 and changes
     */
    public double relativeSpectralNorm() {
        return spectralNorm() == 0 ? 0 : spectralNorm() / weightSpectralNorm;
    }

    /**
     * What each rank would hold of the change.
     *
     * @return for the ranks 1, 2, ... the share of the energy in as many of the largest singular values; the last is 1
     */
    public List<Double> energyByRank() {
        List<Double> shares = new ArrayList<>();
        double all = sum(value -> value * value, 1 / spectralNorm());
        double sum = 0;
        for (double value : singularValues) {
            sum += Math.pow(value / spectralNorm(), 2);
            shares.add(shares.size() == singularValues.size() - 1 ? 1 : sum / all);
        }
        return shares;
    }

    /**
     * The rank that holds a share of the energy.
     *
     * @param share above 0 and at most 1
     * @return the smallest such rank; 0 if nothing changes
     * @throws IllegalArgumentException if the share is out of range
     */
    public int rankFor(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("ModuleUpdate.rankFor: share = " + share
                    + "; expected a share of the energy in (0, 1]. 0.9 is usual.");
        }
        return (int) energyByRank().stream()
                        .filter(held -> held < share - 1e-12)
                        .count()
                + (singularValues.isEmpty() ? 0 : 1);
    }

    /**
     * How many directions the energy is spread over: e to the power of the entropy of the shares of the energy, as of
     * Roy and Vetterli, "The effective rank: a measure of effective dimensionality", 2007, who take the shares of the
     * values instead of their squares ({@link #effectiveRankOfValues}).
     *
     * @return from 1, one direction, to the rank, all equally strong; 0 if nothing changes
     */
    public double effectiveRank() {
        return effectiveRank(value -> value * value);
    }

    /**
     * The effective rank of Roy and Vetterli 2007, definition 1, to the letter: e to the power of the entropy of the
     * singular values over their sum. Small values count for more than in {@link #effectiveRank}.
     *
     * @return from 1 to the rank; 0 if nothing changes
     */
    public double effectiveRankOfValues() {
        return effectiveRank(DoubleUnaryOperator.identity());
    }

    /**
     * The energy over that of the largest direction: squared Frobenius norm over squared spectral norm (Rudelson and
     * Vershynin 2007). Hardly moved by small values.
     *
     * @return from 1 to the rank; 0 if nothing changes
     */
    public double stableRank() {
        return singularValues.isEmpty() ? 0 : sum(value -> value * value, 1 / spectralNorm());
    }

    private double effectiveRank(DoubleUnaryOperator weighed) {
        if (singularValues.isEmpty()) {
            return 0;
        }
        double all = sum(weighed, 1 / spectralNorm());
        double entropy = 0;
        for (double value : singularValues) {
            double share = weighed.applyAsDouble(value / spectralNorm()) / all;
            entropy -= share == 0 ? 0 : share * Math.log(share);
        }
        return Math.exp(entropy);
    }

    private double sum(DoubleUnaryOperator weighed, double scale) {
        return singularValues.stream()
                .mapToDouble(value -> weighed.applyAsDouble(value * scale))
                .sum();
    }

    /** Numbers, texts and lists only. */
    Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("path", path);
        values.put("shape", shape.toString());
        values.put("norm", norm());
        values.put("weightNorm", weightNorm);
        values.put("relativeNorm", ReportTable.json(relativeNorm()));
        values.put("spectralNorm", spectralNorm());
        values.put("weightSpectralNorm", weightSpectralNorm);
        values.put("relativeSpectralNorm", ReportTable.json(relativeSpectralNorm()));
        values.put("effectiveRank", effectiveRank());
        values.put("effectiveRankOfValues", effectiveRankOfValues());
        values.put("stableRank", stableRank());
        values.put("amplification", ReportTable.json(amplification));
        values.put("singularValues", singularValues);
        values.put("energyByRank", energyByRank());
        return values;
    }
}
