/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.lora4j.error.Problems;
import org.lora4j.train.cache.BatchIdentity;

/** Batches that lie in a list, in an order chosen per epoch. */
record ListBatches(List<Batch> batches, Order order) implements Batches {

    /** Positions in the list, in the order of use. */
    interface Order {
        int[] of(int epoch, long seed);
    }

    static List<Batch> checked(List<Batch> batches) {
        Problems problems = new Problems();
        problems.check(
                !batches.isEmpty(), "the list of batches is empty; expected at least one. Check how the data was read");
        long disposable = batches.stream().filter(Batch::disposable).count();
        problems.check(
                disposable == 0,
                disposable + " of " + batches.size()
                        + " batches are disposable, so their arrays would be closed before epoch 2; expected none."
                        + " Use Batch.of, or a source of your own that builds batches per epoch");
        problems.throwIfAny("Batches");
        return IntStream.range(0, batches.size())
                .mapToObj(i -> batches.get(i).identity().isPresent()
                        ? batches.get(i)
                        : batches.get(i).identifiedBy(new BatchIdentity.OfBatch(i)))
                .toList();
    }

    @Override
    public Iterator<Batch> epoch(int epoch, long seed) {
        return Arrays.stream(order.of(epoch, seed)).mapToObj(batches::get).iterator();
    }

    @Override
    public OptionalLong batchesPerEpoch() {
        return OptionalLong.of(batches.size());
    }
}
