/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.dl4j.NetworkConfiguration;
import org.lora4j.internal.format.dl4j.NetworkZip;
import org.lora4j.internal.format.dl4j.StoredArray;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Makes a network of a checked configuration and stored arrays, in the steps of {@code ModelSerializer}.
 *
 * @param kind what the network is called, and the call of {@link NetworkFile} that reads the other kind
 * @param parse makes a configuration of JSON
 * @param type sets the element type, which files of older versions do not say
 * @param parameters how many parameters the configuration asks for
 * @param build makes the network
 * @param access reaches its updater
 * @param <C> kind of configuration
 * @param <N> kind of network
 */
record NetworkReader<C, N extends Model>(
        Kind kind,
        Function<String, C> parse,
        BiConsumer<C, DataType> type,
        ToLongFunction<C> parameters,
        BiFunction<C, INDArray, N> build,
        NetworkAccess<N> access) {

    /** What a file may hold. */
    enum Kind {
        LAYERS("MultiLayerNetwork", "multiLayerNetwork()"),
        GRAPH("ComputationGraph", "computationGraph()");

        private final String title;
        private final String call;

        Kind(String title, String call) {
            this.title = title;
            this.call = call;
        }
    }

    static final NetworkReader<MultiLayerConfiguration, MultiLayerNetwork> LAYERS = new NetworkReader<>(
            Kind.LAYERS,
            MultiLayerConfiguration::fromJson,
            MultiLayerConfiguration::setDataType,
            NetworkReader::parameters,
            NetworkReader::build,
            new MultiLayerAccess());

    static final NetworkReader<ComputationGraphConfiguration, ComputationGraph> GRAPH = new NetworkReader<>(
            Kind.GRAPH,
            ComputationGraphConfiguration::fromJson,
            ComputationGraphConfiguration::setDataType,
            NetworkReader::parameters,
            NetworkReader::build,
            new GraphAccess());

    private static final int PIECE = 1 << 16;

    /** ND4J's names of element types; the codecs follow the byte order of the buffer. */
    private static final Map<String, ElementCodec> CODECS = Map.of(
            "DOUBLE", ElementCodec.F64,
            "FLOAT", ElementCodec.F32,
            "HALF", ElementCodec.F16);

    private static long parameters(MultiLayerConfiguration configuration) {
        long sum = 0;
        for (NeuralNetConfiguration layer : configuration.getConfs()) {
            sum = sum(sum, layer.getLayer().initializer().numParams(layer));
        }
        return sum;
    }

    private static long parameters(ComputationGraphConfiguration configuration) {
        long sum = 0;
        for (GraphVertex vertex : configuration.getVertices().values()) {
            sum = sum(sum, vertex.numParams(true));
        }
        return sum;
    }

    private static long sum(long before, long more) {
        if (more < 0) {
            throw new ArithmeticException("a layer with " + more + " parameters");
        }
        return Math.addExact(before, more);
    }

    private static MultiLayerNetwork build(MultiLayerConfiguration configuration, INDArray parameters) {
        MultiLayerNetwork network = new MultiLayerNetwork(configuration);
        network.init(parameters, false);
        return network;
    }

    private static ComputationGraph build(ComputationGraphConfiguration configuration, INDArray parameters) {
        ComputationGraph network = new ComputationGraph(configuration);
        network.init(parameters, false);
        return network;
    }

    N read(NetworkZip zip, NetworkConfiguration configuration, boolean updater) throws IOException {
        if (configuration.isGraph() != (kind == Kind.GRAPH)) {
            Kind found = configuration.isGraph() ? Kind.GRAPH : Kind.LAYERS;
            throw new ModelFormatException(zip.name() + ": holds a " + found.title + "; expected a " + kind.title
                    + ". Read it with NetworkFile.of(file)." + found.call + ".");
        }
        C parsed = made(zip, () -> parse.apply(configuration.text()));
        INDArray parameters = parameters(zip, parsed);
        N network = made(zip, () -> built(configuration, parsed, parameters));
        if (updater && zip.names().contains(NetworkZip.UPDATER)) {
            remember(zip, network);
        }
        return network;
    }

    /** A network is made over the array; layers of one class write their first r over the one that was learned. */
    private N built(NetworkConfiguration configuration, C parsed, INDArray array) {
        boolean writes = configuration.text().contains(OCNNOutputLayer.class.getName());
        INDArray learned = writes ? array.dup() : null;
        N network = build.apply(parsed, array);
        if (writes) {
            network.params().assign(learned);
        }
        return network;
    }

    /** The parameters; null if the file says that there are none. */
    private INDArray parameters(NetworkZip zip, C parsed) throws IOException {
        if (zip.size(NetworkZip.COEFFICIENTS) == 0 && zip.names().contains(NetworkZip.NO_PARAMETERS)) {
            requireLength(zip, NetworkZip.COEFFICIENTS, 0, made(zip, () -> parameters.applyAsLong(parsed)));
            return null;
        }
        try (StoredArray stored = StoredArray.open(zip, NetworkZip.COEFFICIENTS)) {
            long expected = made(zip, () -> {
                type.accept(parsed, DataType.valueOf(stored.type()));
                return parameters.applyAsLong(parsed);
            });
            requireLength(zip, NetworkZip.COEFFICIENTS, stored.length(), expected);
            return expected == 0 ? null : elements(stored);
        }
    }

    private void remember(NetworkZip zip, N network) throws IOException {
        try (StoredArray stored = StoredArray.open(zip, NetworkZip.UPDATER)) {
            INDArray state = made(zip, () -> access.updater(network, true).getStateViewArray());
            requireLength(zip, NetworkZip.UPDATER, stored.length(), state == null ? 0 : state.length());
            state.assign(elements(stored));
        }
    }

    private static void requireLength(NetworkZip zip, String entry, long found, long expected)
            throws ModelFormatException {
        if (found != expected) {
            throw new ModelFormatException(zip.where(entry) + ": has " + found + " numbers; expected " + expected
                    + " by the configuration. The entries are of two networks, or the file is damaged: get it again.");
        }
    }

    @SuppressWarnings("try") // The scope is opened for what it does to allocation, not to be used.
    private static INDArray elements(StoredArray stored) throws IOException {
        DataType type = DataType.valueOf(stored.type());
        ElementCodec codec = CODECS.get(stored.type());
        INDArray array;
        try (MemoryWorkspace outside = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            array = Nd4j.createUninitialized(type, stored.shape(), 'c');
        }
        DataBuffer target = array.data();
        DataInputStream in = stored.elements();
        byte[] piece = new byte[PIECE];
        int width = type.width();
        for (long index = 0; index < stored.length(); ) {
            int count = (int) Math.min(PIECE / width, stored.length() - index);
            in.readFully(piece, 0, count * width);
            ByteBuffer bytes = ByteBuffer.wrap(piece, 0, count * width);
            while (bytes.hasRemaining()) {
                target.put(index++, codec.read(bytes));
            }
        }
        return array;
    }

    /** Deeplearning4j says what it does not like about a configuration in exceptions of any kind. */
    private static <T> T made(NetworkZip zip, Supplier<T> step) throws ModelFormatException {
        try {
            return step.get();
        } catch (RuntimeException e) {
            throw new ModelFormatException(
                    zip.where(NetworkZip.CONFIGURATION) + ": no network can be made of it ("
                            + MessageText.value(e)
                            + "); expected the configuration of a network. The file is damaged, or of another version of"
                            + " Deeplearning4j.",
                    e);
        }
    }
}
