/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * A source of batches: one fresh pass over the training data per epoch.
 *
 * <p>The training loop takes the next batch only when it needs it and keeps no batch longer than its pass, so a source may
 * build batches on the way (see {@link Batch#disposable}).
 *
 * @apiNote Status: stable
 */
@FunctionalInterface
public interface Batches {

    /**
     * Starts a pass over the data.
     *
     * @param epoch number of the epoch, from 1
     * @param seed seed of the whole run; a source that shuffles derives its order from it and from {@code epoch} alone
     *     (see {@link ShuffledIndices}), so that a run repeats bit for bit
     * @return the batches of this epoch, at least one
     */
    Iterator<Batch> epoch(int epoch, long seed);

    /**
     * Number of batches that every epoch gives, which schedules and the time left are computed from.
     *
     * @return the number, or empty if it is not known beforehand
     */
    default OptionalLong batchesPerEpoch() {
        return OptionalLong.empty();
    }

    /**
     * What there is to know of the data, such as their number, padding, and what was left out.
     *
     * @return words for reports
     */
    default String description() {
        return batchesPerEpoch().isPresent()
                ? batchesPerEpoch().getAsLong() + " batches an epoch"
                : "batches as they come";
    }

    /**
     * The same source, with a known length.
     *
     * @param count number of batches of an epoch, 1 or more
     * @return the source with this {@link #batchesPerEpoch()}
     * @throws IllegalArgumentException if {@code count} is below 1
     */
    default Batches withBatchesPerEpoch(long count) {
        return new CountedBatches(this, count);
    }

    /**
     * The given batches in the given order, again in every epoch.
     *
     * @param batches at least one, none of them disposable
     * @return the source
     * @throws IllegalArgumentException if there is none or one is disposable (its arrays would be gone in epoch 2)
     */
    static Batches inOrder(List<Batch> batches) {
        List<Batch> all = ListBatches.checked(batches);
        return new ListBatches(
                all, (epoch, seed) -> IntStream.range(0, all.size()).toArray());
    }

    /**
     * The given batches in a new order in every epoch. The content of each batch stays as it is.
     *
     * @param batches at least one, none of them disposable
     * @return the source
     * @throws IllegalArgumentException if there is none or one is disposable (its arrays would be gone in epoch 2)
     */
    static Batches shuffled(List<Batch> batches) {
        List<Batch> all = ListBatches.checked(batches);
        return new ListBatches(all, (epoch, seed) -> ShuffledIndices.of(all.size(), seed, epoch));
    }

    /**
     * The data sets of an ND4J iterator. It is reset at the start of every epoch; its arrays stay its own.
     *
     * @param iterator the iterator; one that cannot be reset serves a single epoch
     * @param names which placeholder each array belongs to: one feature and one label array
     * @return the source, of unknown length (see {@link #withBatchesPerEpoch})
     * @throws IllegalArgumentException if {@code names} has not one name for features and at most one for labels
     */
    static Batches of(DataSetIterator iterator, DataSetPlaceholders names) {
        return DataSetBatches.of(iterator, names);
    }

    /**
     * The data sets of an ND4J iterator with several feature and label arrays. It is reset at the start of every epoch; its
     * arrays stay its own.
     *
     * @param iterator the iterator; one that cannot be reset serves a single epoch
     * @param names which placeholder each array belongs to
     * @return the source, of unknown length (see {@link #withBatchesPerEpoch})
     */
    static Batches of(MultiDataSetIterator iterator, DataSetPlaceholders names) {
        return DataSetBatches.of(iterator, names);
    }
}
