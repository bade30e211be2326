/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import org.deeplearning4j.nn.api.Model;
import org.lora4j.internal.cache.BatchMemory;
import org.lora4j.internal.dl4j.cache.Caching;
import org.lora4j.train.cache.PrefixReport;

/**
 * A network of {@link AdaptedNetwork} whose training steps take from a cache what the layers below all that learn give.
 *
 * <p>Train {@link #network()} as ever: {@code fit} of any kind, listeners, early stopping, iterators that shuffle. Batches
 * are known by the content of their features and masks. One that comes again as it was gives the bits of a run without
 * cache; where examples came in other batches, losses are within 1e-5.
 *
 * <p>{@code fit} throws {@code IllegalArgumentException} where the cache would be wrong or useless: the first batch that
 * comes again is computed once more and gives something else, an example depends on the others of its batch though batches
 * change, or an epoch after the first has a batch of which no example came before.
 *
 * <p>While it is open, do not change frozen parameters. {@code TrainingListener.onForwardPass} sees the activations above the
 * cut only. Outputs, scores and evaluations do not use the cache, nor do copies of the network.
 *
 * <p><b>State.</b> Keeps activations until it is closed; the network stays that of the model, without cache.
 * <b>Threads.</b> One.
 *
 * @param <N> kind of network
 * @apiNote Status: stable
 */
public final class CachedNetwork<N extends Model> implements AutoCloseable {

    private final N network;
    private final BatchMemory memory;

    CachedNetwork(N network, FrozenPart part, BatchMemory memory) {
        this.network = network;
        this.memory = memory;
        ((Caching) network).remember(part.keys(), part.paths(), memory);
    }

    /**
     * The network to train.
     *
     * @return what {@link AdaptedNetwork#network()} returns, until the state changes
     */
    public N network() {
        return network;
    }

    /**
     * What is kept and how often it was used.
     *
     * @return a value; its ops are layers and vertices
     */
    public PrefixReport report() {
        return memory.report();
    }

    /** Frees what is kept and removes the file. The network goes on without cache. */
    @Override
    public void close() {
        ((Caching) network).forget();
        memory.close();
    }
}
