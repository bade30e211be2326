/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.lora4j.error.Problems;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.dl4j.layer.Randomness;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What differs between DL4J's two kinds of networks.
 *
 * @param <N> kind of network
 */
abstract class NetworkAccess<N extends Model> {

    /**
     * Where gradients stop.
     *
     * @param stopping places that DL4J freezes, and above which it ends the backward pass
     * @param lowest adapted places that need no gradient of their input
     */
    record Reach(Set<String> stopping, Set<String> lowest) {}

    /** The places of a network, in the order of the parameters. */
    abstract List<NetworkSite> sites(N network);

    /** The live parameters of a place by name; empty if it has none. */
    abstract Map<String, INDArray> parameters(N network, String key);

    /** Where the parameters of each layer lie in the network's array. */
    abstract Map<String, OutsideValues.Part> parts(N network);

    /** Keys of the places that a network ends with. */
    abstract Set<String> heads(N network);

    abstract boolean isReady(N network);

    /** Where gradients stop if only these places learn; {@code stock} are those that stay as they are. */
    abstract Reach reach(N base, Collection<String> learning, Set<String> stock);

    /** Keys of the places that no gradient of a loss can reach. */
    abstract Set<String> unreached(N base);

    /** Whether a layer looks rows up by ids, which have no gradient: nothing below it learns. */
    static boolean endsGradients(org.deeplearning4j.nn.conf.layers.Layer layer) {
        return layer instanceof EmbeddingLayer || layer instanceof EmbeddingSequenceLayer;
    }

    /** What depends on nothing that learns, if only these places learn. */
    abstract FrozenPart frozenPart(N base, Set<String> learning);

    /** Whether it learns by truncated backpropagation through time. */
    abstract boolean isTruncated(N network);

    /** The same, but for building networks that are {@link Caching}. */
    abstract NetworkAccess<N> caching();

    /** A new network of the configuration of another, with some places replaced, all parameters zero, without updater. */
    final N build(N base, Map<String, NetworkSite> replaced) {
        return build(base, replaced, null);
    }

    /** As above over given parameters, which become the network's own array; null for zeros. */
    abstract N build(N base, Map<String, NetworkSite> replaced, INDArray parameters);

    /** What the network takes, in order. */
    abstract List<String> inputs(N network);

    /** What the network gives, in order. */
    abstract List<String> outputs(N network);

    /** The layers that read an input as it is, by its name. */
    abstract Map<String, List<LayerSite>> readers(N network);

    /** Runs the network on arrays in the order of its inputs. */
    abstract List<INDArray> output(N network, List<INDArray> inputs);

    /** One pass forwards and backwards: the mean loss stays in the network's score, its gradients are sums over the rows. */
    abstract void pass(N network, PassArrays arrays);

    /** What a pass takes, each in the order of the network's; masks are null where there are none. */
    record PassArrays(
            List<INDArray> features, List<INDArray> labels, List<INDArray> featureMasks, List<INDArray> labelMasks) {}

    /** Carries iterations, epochs and listeners over. */
    abstract void continueFrom(N before, N network);

    /** Sets listeners. */
    abstract void listen(N network, Collection<TrainingListener> listeners);

    /** The updater; null if there is none yet and none is asked for. */
    abstract BaseMultiLayerUpdater<?> updater(N network, boolean create);

    /** The key of what an updater calls a layer. */
    abstract String key(Trainable trainable);

    /** The configuration as DL4J saves it. */
    abstract String json(N network);

    abstract int iterations(N network);

    abstract int epochs(N network);

    abstract void setCounts(N network, int iterations, int epochs);

    /** The configuration as text, to compare. */
    abstract String configuration(N network);

    /** Refuses networks that are not ready. */
    final void requireReady(N network) {
        if (network == null || !isReady(network)) {
            throw new IllegalArgumentException("network: " + (network == null ? "null" : "init() was not called")
                    + "; expected an initialized network. Call init(), or load a saved one.");
        }
    }

    /** Refuses networks that are not stock or not ready. */
    final void requireStock(N network) {
        requireReady(network);
        Problems problems = new Problems();
        sites(network).forEach(site -> site.obstacle().ifPresent(problems::add));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("network")
                    + "; expected stock layers that run, which lora4j freezes by itself."
                    + " Call addAdapter on the AdaptedNetwork of an adapted network, or adapt its base() or its"
                    + " mergeAndUnload(). A network of FrozenLayers is unfrozen by a new one of its configuration with the"
                    + " layers that are inside of them (getLayer()) in their places, and init(network.params(), true);"
                    + " see docs/dl4j.md#unfreeze-a-network.");
        }
    }

    /** Whether a layer computes the same in training and in inference, which is how a stock frozen layer runs. */
    static boolean isSteady(org.deeplearning4j.nn.conf.layers.Layer conf, Layer running) {
        boolean known = LayerKinds.isAdaptable(conf)
                || conf.getClass() == SubsamplingLayer.class
                || conf.getClass() == ActivationLayer.class;
        // A stock frozen layer asks the layer for the number of its parameters, which leaves out those of pretraining.
        boolean counted =
                conf.initializer().numParams(conf) == conf.initializer().numParams(running.conf());
        return known && counted && Randomness.of(conf).isEmpty() && !(running instanceof RecurrentLayer);
    }
}
