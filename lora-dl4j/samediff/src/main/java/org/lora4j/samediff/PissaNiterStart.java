/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.random.RandomStreams;
import org.lora4j.train.Batch;

/**
 * PiSSA by a randomized decomposition: {@code B = U sqrt(S / scaling)}, {@code A = sqrt(S / scaling) V^T} of the leading part of
 * the weight, nearly, which the base gives up exactly. What PEFT draws for it cannot be repeated from a file, so there is
 * no start value of that name.
 *
 * <p>Source: Meng et al. 2024, PiSSA, arXiv 2404.02948, section 4; Halko, Martinsson, Tropp 2011, arXiv 0909.4061, algorithm
 * 4.4.
 *
 * @param iterations of the subspace, 0 or more
 * @param seed of the random directions
 * @apiNote Status: experimental
 */
public record PissaNiterStart(int iterations, long seed) implements LoraStart {

    /**
     * Checks the number.
     *
     * @param iterations of the subspace, 0 or more
     * @param seed of the random directions
     * @throws IllegalArgumentException if the number is below 0
     */
    public PissaNiterStart {
        Problems problems = new Problems();
        problems.atLeast("iterations", iterations, 0);
        problems.throwIfAny("PissaNiterStart");
    }

    @Override
    public StartedAdapter of(AdaptedSameDiff model, LoraConfig config, Iterable<Batch> batches) {
        StartProbe probe = new StartProbe("PissaNiterStart", model, config);
        return probe.givingUp((target, rank) ->
                pair(probe.weight(target), rank, target.scaling(), RandomStreams.of(seed, target.path())));
    }

    private StartProbe.Pair pair(Matrix weight, int rank, double scaling, SplittableRandom random) {
        SingularValues leading = SingularValues.randomized(weight, rank, iterations, random);
        double[] roots = Arrays.stream(leading.values())
                .map(value -> Math.sqrt(value / scaling))
                .toArray();
        return new StartProbe.Pair(
                leading.right().scaledRows(roots),
                leading.left().scaledRows(roots).transposed());
    }
}
