/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Iterator;
import java.util.OptionalLong;
import org.lora4j.error.Problems;

/** A source whose length the caller knows. */
record CountedBatches(Batches source, long count) implements Batches {

    CountedBatches {
        Problems problems = new Problems();
        problems.atLeast("batchesPerEpoch", count, 1);
        problems.throwIfAny("Batches");
    }

    @Override
    public Iterator<Batch> epoch(int epoch, long seed) {
        return source.epoch(epoch, seed);
    }

    @Override
    public OptionalLong batchesPerEpoch() {
        return OptionalLong.of(count);
    }
}
