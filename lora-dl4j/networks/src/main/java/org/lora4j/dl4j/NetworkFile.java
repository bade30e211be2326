/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.lora4j.error.Arguments;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.dl4j.NetworkConfiguration;
import org.lora4j.internal.format.dl4j.NetworkZip;
import org.lora4j.internal.format.dl4j.SavedAdapters;
import org.lora4j.internal.format.file.WholeFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a zip file of {@code ModelSerializer}, also one of a stranger, and writes one.
 *
 * <p>The stock reader makes objects of whatever classes the file names, and deserializes Java objects of it. This one gives
 * the same network in every bit, the updater's memory and counts included, but
 *
 * <ul>
 *   <li>every class that the configuration names is held against a list before anything is made: those that networks consist
 *       of ({@link NetworkConfiguration#PACKAGES}), and those that the caller {@linkplain #allowing names};
 *   <li>nothing is read by Java deserialization: normalizers and preprocessors of data in the file are left where they are,
 *       and one line of the log names them;
 *   <li>sizes are held against the length of the file and the configuration before anything is allocated: arrays are as
 *       long as the configuration asks for, and all that is unpacked is {@value NetworkZip#MOST_EXPANSION} times the file's
 *       length at most, or 256 MiB if that is more ({@link #unpackingTo} allows more);
 *   <li>checksums are verified, and names of entries are never used as paths.
 * </ul>
 *
 * <p>What a network then computes is the stranger's choice all the same, and so is how much memory a step takes.
 *
 * <p>Files of versions before 1.0.0-beta are refused; {@code ModelSerializer} converts them.
 *
 * <p><b>State.</b> A value. <b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class NetworkFile {

    private static final Logger LOG = LoggerFactory.getLogger(NetworkFile.class);

    private static final Set<String> KNOWN =
            Set.of(NetworkZip.CONFIGURATION, NetworkZip.COEFFICIENTS, NetworkZip.UPDATER, NetworkZip.NO_PARAMETERS);

    private final Path path;
    private final Set<String> allowed;
    private final long most;
    private final boolean updater;
    private final MemoryMode mode;

    private NetworkFile(Path path, Set<String> allowed, long most, boolean updater, MemoryMode mode) {
        this.path = path;
        this.allowed = allowed;
        this.most = most;
        this.updater = updater;
        this.mode = mode;
    }

    /**
     * Reads a network of layers, with the updater's memory if there is one.
     *
     * @param zip the file
     * @return the network
     * @throws ModelFormatException as for {@link #multiLayerNetwork}
     * @throws IOException if the file does not exist or cannot be read
     */
    public static MultiLayerNetwork readMultiLayerNetwork(Path zip) throws IOException {
        return of(zip).multiLayerNetwork();
    }

    /**
     * Reads a graph of layers, with the updater's memory if there is one.
     *
     * @param zip the file
     * @return the graph
     * @throws ModelFormatException as for {@link #computationGraph}
     * @throws IOException if the file does not exist or cannot be read
     */
    public static ComputationGraph readComputationGraph(Path zip) throws IOException {
        return of(zip).computationGraph();
    }

    /**
     * Writes a network as {@code ModelSerializer} does without the updater's memory, but whole or not at all: a process that dies
     * meanwhile leaves what was there before. Before it is visible it is read again: configuration and parameters have
     * to be the same in every bit, and the answers to rows from a fixed seed within 1e-5 where the first layer says how long a row is.
     *
     * @param network the network
     * @param zip where to; its directory must be there
     * @throws IOException if writing fails, or what is read is not this network; what was there before is unchanged then
     */
    public static void write(Model network, Path zip) throws IOException {
        Arguments.required(network, "NetworkFile.write: network", "a network");
        Arguments.required(zip, "NetworkFile.write: zip", "where to write");
        Set<String> own = NetworkProbe.classes(network);
        WholeFile.write(
                zip,
                out -> ModelSerializer.writeModel(network, out, false),
                written ->
                        NetworkProbe.requireSame(network, new NetworkFile(written, own, 0, false, MemoryMode.IN_VIEW)));
    }

    /**
     * Names a file; nothing is read yet.
     *
     * @param zip the file
     * @return the file with the usual limits
     */
    public static NetworkFile of(Path zip) {
        Arguments.required(zip, "NetworkFile.of: zip", "a zip of ModelSerializer");
        return new NetworkFile(zip, Set.of(), 0, true, MemoryMode.IN_VIEW);
    }

    /**
     * Allows further classes: layers, vertices, activations or losses of the caller's own.
     *
     * @param classes the very classes; not their subclasses
     * @return this file, read so
     */
    public NetworkFile allowing(Class<?>... classes) {
        Arguments.required(classes, "NetworkFile.allowing: classes", "classes");
        Arguments.allRequired(Arrays.asList(classes), "NetworkFile.allowing: classes", "a class");
        Set<String> names = new TreeSet<>(allowed);
        for (Class<?> allowedToo : classes) {
            names.add(allowedToo.getName());
        }
        return new NetworkFile(path, Set.copyOf(names), most, updater, mode);
    }

    /**
     * Sets how much may be unpacked, instead of a multiple of the file's length.
     *
     * @param bytes maximum number of bytes that all entries that are read may have together
     * @return this file, read so
     * @throws IllegalArgumentException if the number is not above 0
     */
    public NetworkFile unpackingTo(long bytes) {
        if (bytes <= 0) {
            throw new IllegalArgumentException("NetworkFile.unpackingTo: bytes = " + bytes
                    + "; expected a number above 0. Give the memory that the network may take.");
        }
        return new NetworkFile(path, allowed, bytes, updater, mode);
    }

    /**
     * Leaves out what the updater remembers, which nobody needs who does not train on.
     *
     * @return this file, read so
     */
    public NetworkFile withoutUpdater() {
        return new NetworkFile(path, allowed, most, false, mode);
    }

    /**
     * Chooses the memory of models with adapters that are read; they are saved alike in both modes.
     *
     * @param memoryMode where adapted networks have what does not learn, {@link MemoryMode#IN_VIEW} if not chosen
     * @return this file, read so
     */
    public NetworkFile in(MemoryMode memoryMode) {
        Arguments.required(memoryMode, "NetworkFile.in: memoryMode", "a MemoryMode");
        return new NetworkFile(path, allowed, most, updater, Objects.requireNonNull(memoryMode, "memoryMode"));
    }

    /**
     * Reads a network of layers. Of a file that {@link AdaptedNetwork#save} wrote it is the base.
     *
     * @return the network
     * @throws ModelFormatException if the file is damaged, not a zip of {@code ModelSerializer}, holds a graph, names
     *     classes that are not allowed, or its arrays are not as long as its configuration says; the message tells all of it
     * @throws IOException if the file does not exist or cannot be read
     */
    public MultiLayerNetwork multiLayerNetwork() throws IOException {
        return read(NetworkReader.LAYERS);
    }

    /**
     * Reads a graph of layers. Of a file that {@link AdaptedNetwork#save} wrote it is the base.
     *
     * @return the graph
     * @throws ModelFormatException as for {@link #multiLayerNetwork}, or if the file holds a network that is no graph
     * @throws IOException if the file does not exist or cannot be read
     */
    public ComputationGraph computationGraph() throws IOException {
        return read(NetworkReader.GRAPH);
    }

    /**
     * Reads a network of either kind.
     *
     * @return a {@link MultiLayerNetwork} or a {@link ComputationGraph}
     * @throws ModelFormatException as for {@link #multiLayerNetwork}
     * @throws IOException if the file does not exist or cannot be read
     */
    public Model network() throws IOException {
        try (NetworkZip zip = open()) {
            NetworkConfiguration configuration = NetworkConfiguration.read(zip, allowed);
            return configuration.isGraph()
                    ? NetworkReader.GRAPH.read(zip, configuration, updater)
                    : NetworkReader.LAYERS.read(zip, configuration, updater);
        }
    }

    /**
     * Reads a network of layers with the adapters that {@link AdaptedNetwork#save} saved with it.
     *
     * @return the model in the state in which it was saved
     * @throws ModelFormatException as for {@link #multiLayerNetwork}, or if the file has no adapters or damaged ones
     * @throws IncompatibleBaseException if an adapter does not fit the network; the message lists every problem
     * @throws IOException if the file does not exist or cannot be read
     */
    public AdaptedNetwork<MultiLayerNetwork> adaptedMultiLayerNetwork() throws IOException {
        return adapted(NetworkReader.LAYERS, base -> AdaptedNetwork.of(base, mode));
    }

    /**
     * Reads a graph of layers with the adapters that {@link AdaptedNetwork#save} saved with it.
     *
     * @return the model in the state in which it was saved
     * @throws ModelFormatException as for {@link #computationGraph}, or if the file has no adapters or damaged ones
     * @throws IncompatibleBaseException if an adapter does not fit the graph; the message lists every problem
     * @throws IOException if the file does not exist or cannot be read
     */
    public AdaptedNetwork<ComputationGraph> adaptedComputationGraph() throws IOException {
        return adapted(NetworkReader.GRAPH, base -> AdaptedNetwork.of(base, mode));
    }

    private <N extends Model> AdaptedNetwork<N> adapted(
            NetworkReader<?, N> reader, Function<N, AdaptedNetwork<N>> adaptable) throws IOException {
        try (NetworkZip zip = open()) {
            SavedAdapters saved = SavedAdapters.read(zip);
            N base = read(zip, reader);
            AdaptedNetwork<N> model;
            try {
                model = adaptable.apply(base);
            } catch (IllegalArgumentException e) {
                throw new ModelFormatException(zip.where(NetworkZip.CONFIGURATION) + ": " + e.getMessage(), e);
            }
            return AdaptedZip.restore(zip, saved, model);
        }
    }

    private <N extends Model> N read(NetworkReader<?, N> reader) throws IOException {
        try (NetworkZip zip = open()) {
            return read(zip, reader);
        }
    }

    private <N extends Model> N read(NetworkZip zip, NetworkReader<?, N> reader) throws IOException {
        return reader.read(zip, NetworkConfiguration.read(zip, allowed), updater);
    }

    private NetworkZip open() throws IOException {
        NetworkZip zip = NetworkZip.open(path, most);
        List<String> left = zip.names().stream()
                .filter(name -> !KNOWN.contains(name) && !name.startsWith(SavedAdapters.PREFIX))
                .toList();
        if (!left.isEmpty()) {
            LOG.info("{}: entries {} are not part of the network and were not read", path, Problems.quoted(left));
        }
        return zip;
    }

    @Override
    public String toString() {
        return "NetworkFile[" + path + "]";
    }
}
