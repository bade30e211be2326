/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
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

    /** A copy of the network's values in plain layers with another output layer, which may keep the values of the own one. */
    abstract N copy(OutputLayer output, boolean keepsValues);

    /** A copy to look at. */
    final N plain() {
        return copy((OutputLayer) PlainLayers.of(output()), true);
    }

    /** The output layer. */
    abstract OutputLayer output();

    /** Prepares a copy for adapters. */
    abstract AdaptedNetwork<N> adapt(N copy);

    /** What differs between kinds of networks in training and inference. */
    abstract LayerAccess<N> access();

    @Override
    public final AdaptedBase withHead(HeadShape head) {
        return new AdaptedLayers<>(adapt(shared(withHead, head, false)), access());
    }

    @Override
    public final AdaptedBase withOwnHead(HeadShape head) {
        PlainLayers.requireFits(output(), head);
        return new AdaptedLayers<>(adapt(shared(withOwnHead, head, true)), access());
    }

    private synchronized N shared(Map<HeadShape, WeakReference<N>> known, HeadShape head, boolean own) {
        WeakReference<N> reference = known.get(head);
        N copy = reference == null ? null : reference.get();
        if (copy == null) {
            copy = copy(PlainLayers.output(output(), head), own);
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
