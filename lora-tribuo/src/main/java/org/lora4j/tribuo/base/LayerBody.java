/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.util.ModelSerializer;
import org.lora4j.dl4j.AdaptedNetwork;

/**
 * A network of layers. One copy of it exists for each shape of head that is in use, shared by all who use that shape.
 *
 * @param <N> kind of network
 */
abstract class LayerBody<N extends Model> implements Body {

    private final N network;
    private final Map<HeadShape, WeakReference<N>> withHead = new HashMap<>();
    private final Map<HeadShape, WeakReference<N>> withOwnHead = new HashMap<>();

    LayerBody(N network) {
        this.network = network;
    }

    final N network() {
        return network;
    }

    /** A copy of the network's values in plain layers, its output layer replaced if there is another. */
    abstract N copy(Optional<OutputLayer> output);

    /** The output layer. */
    abstract OutputLayer output();

    /** Prepares a copy for adapters. The one place that chooses how frozen weights are held. */
    abstract AdaptedNetwork<N> adapt(N copy);

    /** What differs between kinds of networks in training and inference. */
    abstract LayerAccess<N> access();

    @Override
    public final AdaptedBase withHead(HeadShape head) {
        N copy = shared(withHead, head, Optional.of(PlainLayers.output(output(), head)));
        return new AdaptedLayers<>(adapt(copy), access());
    }

    @Override
    public final AdaptedBase withOwnHead(HeadShape head) {
        PlainLayers.requireFits(output(), head);
        return new AdaptedLayers<>(adapt(shared(withOwnHead, head, Optional.empty())), access());
    }

    private synchronized N shared(
            Map<HeadShape, WeakReference<N>> known, HeadShape head, Optional<OutputLayer> output) {
        WeakReference<N> reference = known.get(head);
        N copy = reference == null ? null : reference.get();
        if (copy == null) {
            copy = copy(output);
            known.put(head, new WeakReference<>(copy));
        }
        return copy;
    }

    @Override
    public final long parameterCount() {
        return network.numParams();
    }

    @Override
    public final byte[] toBytes() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ModelSerializer.writeModel(network, out, false);
        return out.toByteArray();
    }
}
