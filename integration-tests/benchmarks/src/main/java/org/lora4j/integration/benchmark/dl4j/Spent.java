/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Nanoseconds of each contender in one turn; 0 for one that took no part. JMH resets it before a turn and reads it after. */
@AuxCounters(AuxCounters.Type.EVENTS)
@State(Scope.Thread)
public class Spent {

    /** A training step of the stock network. */
    public long stockStep;

    /** A training step of the adapted network. */
    public long loraStep;

    /** A training step in the low-memory mode. */
    public long lowMemoryStep;

    /** An output of the stock network. */
    public long stockOutput;

    /** An output with an active adapter. */
    public long activeOutput;

    /** An output with the adapter merged. */
    public long mergedOutput;

    /** A single time step of the stock network. */
    public long stockTimeStep;

    /** A single time step with an active adapter. */
    public long activeTimeStep;

    /** Starts with nothing spent. */
    public Spent() {}
}
