/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.util.ModelSerializer;
import org.lora4j.dl4j.AdaptedNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A network of layers. Its values lie in one vector, which networks with other heads read as well: a head takes the place of
 * the own output layer at the vector's end, and what is there does not matter, because heads belong to adapters.
 *
 * @param <N> kind of network
 */
abstract class LayerBody<N extends Model> implements Body {

    /** A larger head has the vector grow by more than it needs, so that others of its size need no growth. */
    private static final int SPARE = 2;

    private volatile N network;
    private INDArray values;

    LayerBody(N network) {
        this.network = network;
        this.values = network.params();
    }

    final N network() {
        return network;
    }

    /** Whether the parameters of the output layer are the last ones. */
    abstract boolean endsWithOutput();

    /** What names of the output layer's parameters begin with, before the underscore. */
    abstract String outputKey();

    /** The network as it is, reading other values, which are not copied. */
    abstract N over(INDArray values);

    /** The network in plain layers with another output layer, reading values, which are not copied. */
    abstract N over(INDArray values, OutputLayer output);

    /** The network in plain layers, to look at. */
    final N plain() {
        return withOutput((OutputLayer) PlainLayers.of(output()), true);
    }

    /** The output layer. */
    abstract OutputLayer output();

    /** Prepares a network for adapters. */
    abstract AdaptedNetwork<N> adapt(N plain);

    /** What differs between kinds of networks in training and inference. */
    abstract LayerAccess<N> access();

    @Override
    public final AdaptedBase withHead(HeadShape head) {
        N plain = withOutput(PlainLayers.output(output(), head), false);
        return new AdaptedLayers<>(adapt(plain), access());
    }

    @Override
    public final AdaptedBase withOwnHead(HeadShape head) {
        PlainLayers.requireFits(output(), head);
        N plain = withOutput(PlainLayers.output(output(), head), true);
        return new AdaptedLayers<>(adapt(plain), access());
    }

    private synchronized N withOutput(OutputLayer output, boolean keepsValues) {
        long body = network.numParams() - parameters(output());
        long length = body + parameters(output);
        if (!endsWithOutput()) {
            return copied(length, output, keepsValues);
        }
        if (length > values.length()) {
            grow(body + SPARE * parameters(output));
        }
        return over(row(length), output);
    }

    private static long parameters(OutputLayer output) {
        return output.initializer().numParams(output);
    }

    private INDArray row(long length) {
        return values.get(NDArrayIndex.interval(0, length)).reshape(1, length);
    }

    private void grow(long length) {
        INDArray larger = Nd4j.create(values.dataType(), length);
        long own = network.numParams();
        larger.get(NDArrayIndex.interval(0, own)).assign(network.params());
        values = larger;
        // So that the vector before it can go.
        network = over(row(own));
    }

    /** Behind the output layer come others, which would have to move. */
    private N copied(long length, OutputLayer output, boolean keepsValues) {
        N copy = over(Nd4j.create(values.dataType(), 1, length), output);
        network.paramTable().forEach((key, value) -> {
            if (keepsValues || !key.substring(0, key.lastIndexOf('_')).equals(outputKey())) {
                copy.getParam(key).assign(value);
            }
        });
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
