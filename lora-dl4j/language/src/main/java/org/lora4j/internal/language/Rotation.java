/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.util.Optional;
import java.util.stream.DoubleStream;

/**
 * Rotary positions of one kind (Su et al. 2021, arXiv:2104.09864): entries i and {@code size / 2 + i} of the first {@code
 * size} of a head are turned by {@code position * frequency[i]}, cosine and sine multiplied by a factor. The rest of the
 * head stays as it is.
 *
 * <p><b>State.</b> Immutable; nobody writes to the arrays. <b>Threads.</b> Any.
 *
 * @apiNote Status: internal
 */
public final class Rotation {

    private final double[] frequencies;
    private final double factor;
    private final Optional<Longer> longer;

    /**
     * What sequences beyond a length are turned by.
     *
     * @param frequencies theirs
     * @param from sequences of more tokens than this
     */
    record Longer(double[] frequencies, int from) {}

    Rotation(double[] frequencies, double factor, Optional<Longer> longer) {
        this.frequencies = frequencies;
        this.factor = factor;
        this.longer = longer;
    }

    /**
     * How many entries of a head are turned.
     *
     * @return an even number
     */
    public int size() {
        return 2 * frequencies.length;
    }

    /**
     * The angle of each pair from one position to the next, in sequences up to {@link #steadyLength}.
     *
     * @return {@code size() / 2} angles
     */
    public double[] frequencies() {
        return frequencies.clone();
    }

    /**
     * The factor of cosines and sines.
     *
     * @return 1 in most models
     */
    public double factor() {
        return factor;
    }

    /**
     * The length up to which one set of angles holds; a longer sequence turns all its tokens by others.
     *
     * @return tokens; the largest integer if there is one set only
     */
    public int steadyLength() {
        return longer.map(Longer::from).orElse(Integer.MAX_VALUE);
    }

    /** Whether the angles of all positions up to one, and the factor, are numbers. */
    boolean isFinite(int position) {
        DoubleStream all = longer.map(
                        more -> DoubleStream.concat(DoubleStream.of(frequencies), DoubleStream.of(more.frequencies())))
                .orElseGet(() -> DoubleStream.of(frequencies));
        return Double.isFinite(factor) && all.allMatch(each -> Double.isFinite(each * position));
    }

    /**
     * Cosines and sines of one position.
     *
     * @param position from 0
     * @param length tokens of the whole sequence
     * @param cosines receives {@code size() / 2} values
     * @param sines as many
     * @param from index of the first in both
     */
    public void at(int position, int length, double[] cosines, double[] sines, int from) {
        double[] turns = length > steadyLength() ? longer.orElseThrow().frequencies() : frequencies;
        for (int i = 0; i < turns.length; i++) {
            double angle = position * turns[i];
            cosines[from + i] = Math.cos(angle) * factor;
            sines[from + i] = Math.sin(angle) * factor;
        }
    }
}
