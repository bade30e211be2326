/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.internal.checkpoint.CheckpointContent;

/** Where a run is: in which epoch, how far in its data, and whether it has ended. */
final class Position {

    private int epoch;
    private boolean inEpoch;
    private long batches;
    private long passes;
    private StopReason ending;

    /** Number of the epoch, from 1; that before the first is 0. */
    int epoch() {
        return epoch;
    }

    /** Batches of the epoch that were used. */
    long batches() {
        return batches;
    }

    StopReason ending() {
        return ending;
    }

    boolean hasEnded() {
        return ending != null;
    }

    void end(StopReason how) {
        ending = how;
    }

    /** Enters the next epoch, unless one is under way. */
    void enterEpoch() {
        if (!inEpoch) {
            epoch++;
            batches = 0;
            inEpoch = true;
        }
    }

    void leaveEpoch() {
        inEpoch = false;
    }

    /** Takes a batch; returns the number of passes before it in the whole run. */
    long pass() {
        batches++;
        return passes++;
    }

    void save(CheckpointContent to) {
        to.put("epoch", epoch);
        to.put("inEpoch", inEpoch);
        to.put("batches", batches);
        to.put("passes", passes);
        // One that was interrupted is not at its end.
        if (ending != null && ending != StopReason.INTERRUPTED) {
            to.put("ending", ending);
        }
    }

    void load(CheckpointContent from) {
        epoch = from.smallCount("epoch");
        inEpoch = from.truth("inEpoch");
        batches = from.count("batches");
        passes = from.count("passes");
        ending = from.has("ending") ? from.constant("ending", StopReason.class) : null;
    }
}
