/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.config.Configurable;
import com.oracle.labs.mlrg.olcut.config.PropertyException;
import com.oracle.labs.mlrg.olcut.provenance.Provenancable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.tribuo.input.InputSpec;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * A frozen pretrained network.
 *
 * <p>Any number of trainers and models share one object, and with it one copy of the weights, whatever their heads. It is
 * identified by its {@link #contentHash}, which is that of structure and
 * values, not of a file: zips carry times. What belongs to the network's own training plays no part here: updaters, dropout,
 * regularization, constraints. A frozen network has none, and dropout would draw from ND4J's global generator.
 *
 * <p>A base that was made from memory cannot be found again by a process that reads a saved model, nor rebuilt from
 * provenance: save it to a file and make it from there if that matters.
 *
 * <p><b>State.</b> Immutable; networks given to {@code of} must not be changed afterwards. Each base is registered with
 * {@link BaseNetworks} for as long as somebody holds it. <b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class BaseNetwork implements Configurable, Provenancable<BaseNetworkProvenance> {

    /**
     * How the kind of a file is told.
     *
     * @apiNote Status: stable
     */
    public enum Format {
        /** By what is in it. */
        AUTO(null),
        /** A zip of Deeplearning4j with layers in a row. */
        MULTI_LAYER_NETWORK(BaseKind.MULTI_LAYER_NETWORK),
        /** A zip of Deeplearning4j with a graph of layers. */
        COMPUTATION_GRAPH(BaseKind.COMPUTATION_GRAPH),
        /** A SameDiff file. */
        SAMEDIFF(BaseKind.SAMEDIFF),
        /** The directory of a text encoder. */
        TEXT_ENCODER(BaseKind.TEXT_ENCODER);

        private final BaseKind kind;

        Format(BaseKind kind) {
            this.kind = kind;
        }
    }

    @Config(mandatory = true, description = "The file of the network, or the directory of a text encoder.")
    private Path path;

    @Config(description = "What the file is.")
    private Format format = Format.AUTO;

    @Config(description = "The content hash that the network must have; empty for any.")
    private String expectedContentHash = "";

    @Config(description = "Of a SameDiff graph: the variable [batch, size] that the head reads.")
    private String featureVariable = "";

    @Config(
            description =
                    "Of a text encoder: how the tokens of a text become one vector, by its name such as MEAN or NORMALIZED_MEAN.")
    private String pooling = Pooling.MEAN.name();

    private Body body;
    private String contentHash;

    /** For olcut. */
    private BaseNetwork() {}

    /**
     * Reads a network from a file whose kind tells itself: a zip of {@code ModelSerializer}, or the directory of a text
     * encoder, whose tokens are averaged.
     *
     * @param path the file or directory
     * @throws IOException if it cannot be read or is of another kind
     * @throws IllegalArgumentException if the network cannot be a base; the message says why
     */
    public BaseNetwork(Path path) throws IOException {
        this.path = path;
        read();
    }

    BaseNetwork(Body body) {
        adopt(body);
    }

    /**
     * A text encoder.
     *
     * @param directory holds {@code config.json} and {@code model.safetensors}
     * @param pooling how the tokens of a text become one vector
     * @return the base
     * @throws IOException if it cannot be read
     */
    public static BaseNetwork textEncoder(Path directory, Pooling pooling) throws IOException {
        if (!pooling.tensors().isEmpty()) {
            throw new IllegalArgumentException("BaseNetwork.textEncoder: pooling = " + pooling
                    + "; expected one without weights of its own, which a saved model does not name.");
        }
        BaseNetwork base = new BaseNetwork();
        base.path = directory;
        base.format = Format.TEXT_ENCODER;
        base.pooling = pooling.name();
        base.read();
        return base;
    }

    /**
     * A SameDiff graph in a file.
     *
     * @param file a file of {@code SameDiff.save}
     * @param featureVariable the variable [batch, size] that the head reads
     * @return the base
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if the graph has no such variable
     */
    public static BaseNetwork sameDiff(Path file, String featureVariable) throws IOException {
        BaseNetwork base = new BaseNetwork();
        base.path = file;
        base.format = Format.SAMEDIFF;
        base.featureVariable = featureVariable;
        base.read();
        return base;
    }

    /**
     * A network in memory.
     *
     * @param network an initialized network with an {@code OutputLayer} at its end; do not change it afterwards
     * @return the base
     * @throws IllegalArgumentException if the network cannot be a base; the message says why
     */
    public static BaseNetwork of(MultiLayerNetwork network) {
        return new BaseNetwork(new MultiLayerBody(network));
    }

    /**
     * A graph of layers in memory.
     *
     * @param network an initialized graph with one input and one {@code OutputLayer}; do not change it afterwards
     * @return the base
     * @throws IllegalArgumentException if the graph cannot be a base; the message says why
     */
    public static BaseNetwork of(ComputationGraph network) {
        return new BaseNetwork(new LayerGraphBody(network));
    }

    /**
     * A SameDiff graph in memory.
     *
     * @param graph the graph; its arrays are shared, do not change them afterwards
     * @param featureVariable the variable [batch, size] that the head reads
     * @return the base
     * @throws IllegalArgumentException if the graph has no such variable
     */
    public static BaseNetwork of(SameDiff graph, String featureVariable) {
        return new BaseNetwork(new SameDiffBody(graph, new BaseSettings(null, "", featureVariable, null, 0, 0)));
    }

    /**
     * A text encoder in memory.
     *
     * @param weights its weights; the arrays are shared, do not change them afterwards
     * @param pooling how the tokens of a text become one vector
     * @return the base
     */
    public static BaseNetwork of(EncoderWeights weights, Pooling pooling) {
        return new BaseNetwork(SameDiffBody.encoder(EncoderGraph.create(weights, pooling)));
    }

    /**
     * Reads the network that was configured.
     *
     * @throws PropertyException if it cannot be read or has another content hash
     */
    @Override
    public void postConfig() {
        try {
            read();
        } catch (IOException | IllegalArgumentException e) {
            throw new PropertyException(e, "", "path", e.getMessage());
        }
    }

    private void read() throws IOException {
        BaseSettings settings =
                new BaseSettings(path.toRealPath(), "", featureVariable, Pooling.valueOf(pooling), 0, 0);
        adopt(format.kind == null ? BaseKind.readAny(settings) : format.kind.read(settings));
    }

    private void adopt(Body newBody) {
        body = newBody;
        contentHash = newBody.contentHash();
        if (newBody.kind() == BaseKind.SAMEDIFF) {
            // Without it nobody finds the graph's hash again, also where the graph came from memory.
            featureVariable = ((SameDiffBody) newBody).feature();
        }
        if (!expectedContentHash.isEmpty() && !expectedContentHash.equals(contentHash)) {
            throw new IllegalArgumentException("BaseNetwork: " + path + " has the content hash " + contentHash
                    + "; expected " + expectedContentHash + ". It is another network, or another version of it.");
        }
        BaseNetworks.register(this);
    }

    /** The network at a path, if it is the one that is wanted. */
    static BaseNetwork at(Path path, BaseReference reference) throws IOException {
        BaseNetwork base = new BaseNetwork();
        base.path = path;
        base.format = Format.valueOf(reference.kind().name());
        base.featureVariable = reference.featureVariable();
        base.pooling = reference.pooling().name();
        base.expectedContentHash = reference.contentHash();
        base.adopt(reference.kind().read(reference.settings(path.toRealPath())));
        return base;
    }

    /**
     * The network out of a self-contained model; the process's own copy where it has one already. The bytes are judged as a
     * stranger's, those of a graph against the content hash before anything else; what the network computes is not, see {@link
     * BaseNetworks#isTrusted}.
     *
     * @param bytes from {@link #toBytes}
     * @param reference what the model says about its base
     * @return the base
     * @throws IOException if the bytes are damaged or the network has another content hash
     * @throws IllegalArgumentException if the network cannot be a base; the message says why
     */
    public static BaseNetwork restore(byte[] bytes, BaseReference reference) throws IOException {
        Optional<BaseNetwork> known = BaseNetworks.registered(reference.contentHash());
        if (known.isPresent()) {
            return known.get();
        }
        BaseNetwork base = new BaseNetwork(reference.kind().restore(bytes, reference.settings(null)));
        if (!base.contentHash.equals(reference.contentHash())) {
            throw new IOException("BaseNetwork: the network in the model has the content hash " + base.contentHash
                    + "; expected " + reference.contentHash() + ". The file is damaged.");
        }
        return base;
    }

    /**
     * The network for a self-contained model.
     *
     * @return bytes that {@link #restore} reads
     * @throws IOException if the network cannot be written
     */
    public byte[] toBytes() throws IOException {
        return body.toBytes();
    }

    /**
     * How a saved model names its base.
     *
     * @return the reference
     */
    public BaseReference reference() {
        SameDiffBody tokens = body instanceof SameDiffBody graph ? graph : null;
        return new BaseReference(
                body.kind(),
                contentHash,
                Optional.ofNullable(path),
                featureVariable,
                Pooling.valueOf(pooling),
                tokens == null ? 0 : tokens.tokenVocabulary(),
                tokens == null ? 0 : tokens.tokenLength());
    }

    /**
     * Identifies the network: SHA-256 of its structure and its values.
     *
     * @return 64 hexadecimal digits
     */
    public String contentHash() {
        return contentHash;
    }

    /**
     * The file or directory that the network came from.
     *
     * @return the path as given; empty if it came from memory
     */
    public Optional<Path> path() {
        return Optional.ofNullable(path);
    }

    /**
     * What the network eats.
     *
     * @return its inputs
     */
    public List<InputSpec> inputs() {
        return body.inputs();
    }

    /**
     * The modules that can be adapted.
     *
     * @return their paths, which the target names of {@code LoraSpec} select from
     */
    public List<String> adaptableModules() {
        return body.modules();
    }

    /**
     * Number of values of the network.
     *
     * @return the number
     */
    public long parameterCount() {
        return body.parameterCount();
    }

    /**
     * Prepares for adapters with a new head, whose values are to be set.
     *
     * @param head its shape
     * @return a model over the shared weights
     */
    public AdaptedBase withHead(HeadShape head) {
        return body.withHead(head);
    }

    /**
     * Prepares for adapters with the head that the network came with.
     *
     * @param head the shape that it is to have
     * @return a model over the shared weights
     * @throws IllegalArgumentException if the own head is of another shape; the message shows both
     */
    public AdaptedBase withOwnHead(HeadShape head) {
        return body.withOwnHead(head);
    }

    @Override
    public BaseNetworkProvenance getProvenance() {
        return new BaseNetworkProvenance(this);
    }

    /** Equal content is equal. */
    @Override
    public boolean equals(Object other) {
        return other instanceof BaseNetwork that && contentHash.equals(that.contentHash);
    }

    @Override
    public int hashCode() {
        return Objects.hashCode(contentHash);
    }

    @Override
    public String toString() {
        return "BaseNetwork(" + body.kind() + ", " + (path == null ? "from memory" : path) + ", "
                + contentHash.substring(0, 12) + ")";
    }
}
