/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.lora4j.config.LayerReplication;
import org.lora4j.error.Arguments;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Backend;
import org.lora4j.internal.encoder.EncoderBlock;
import org.lora4j.internal.encoder.EncoderPart;
import org.lora4j.internal.encoder.EncoderShape;
import org.lora4j.internal.encoder.EncoderTensor;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The weights of an encoder by Hugging Face's names, without a model prefix.
 *
 * <p><i>Shapes.</i> Weight of a linear module {@code [in, out]} (the transpose of PyTorch's), bias {@code [out]},
 * embedding table {@code [rows, hidden]}, gain and bias of a layer norm {@code [hidden]}. The tensors {@code
 * pooler.dense.weight} and {@code pooler.dense.bias} (those of the family's pooler) may be there or not.
 *
 * <p><i>State.</i> The set of names never changes. The arrays are the ones that were given (views excepted): graphs built over
 * one value share them, so a training run that writes to base weights needs a {@link #copy()} of its own.
 *
 * @apiNote Status: stable
 */
public final class EncoderWeights {

    private static final Set<DataType> SUPPORTED = EnumSet.of(DataType.FLOAT, DataType.DOUBLE);
    private static final double INITIALIZER_RANGE = 0.02;

    private final EncoderConfig config;
    private final DataType dataType;
    private final Map<String, INDArray> tensors;

    private EncoderWeights(EncoderConfig config, DataType dataType, Map<String, INDArray> tensors) {
        this.config = config;
        this.dataType = dataType;
        this.tensors = Collections.unmodifiableMap(tensors);
    }

    /**
     * Makes a value of arrays from anywhere; every source of weights ends here.
     *
     * @param config the shape of the encoder
     * @param tensors exactly the tensors of such an encoder, by name, with or without those of a pooler; the arrays are
     *     kept, not copied, except that a view is copied once
     * @return the weights
     * @throws IllegalArgumentException if a tensor is missing, unknown, of a wrong shape, or of a data type other than
     *     one of FLOAT and DOUBLE for all; the message lists every problem
     */
    public static EncoderWeights of(EncoderConfig config, Map<String, INDArray> tensors) {
        Problems problems = new Problems();
        Map<String, INDArray> ordered = new LinkedHashMap<>();
        Set<DataType> types = EnumSet.noneOf(DataType.class);
        List<EncoderTensor> all = new ArrayList<>(config.shape().tensors());
        List<EncoderTensor> pooler = config.shape().poolerTensors();
        if (pooler.stream().anyMatch(tensor -> tensors.containsKey(tensor.name()))) {
            all.addAll(pooler);
        }
        for (EncoderTensor expected : all) {
            INDArray found = tensors.get(expected.name());
            String shape = Arrays.toString(expected.shape());
            if (found == null) {
                problems.add("tensor \"" + expected.name() + "\" is missing, expected shape " + shape
                        + (problems.isFull() ? "" : ClosestNames.hint(expected.name(), tensors.keySet())));
            } else if (!Arrays.equals(found.shape(), expected.shape())) {
                problems.add("tensor \"" + expected.name() + "\" has shape " + Arrays.toString(found.shape())
                        + ", expected " + shape);
            } else {
                // SameDiff copies views: copied once here, all graphs share.
                ordered.put(expected.name(), found.isView() ? found.dup() : found);
                types.add(found.dataType());
            }
        }
        Set<String> unknown = new TreeSet<>(tensors.keySet());
        all.forEach(expected -> unknown.remove(expected.name()));
        if (!unknown.isEmpty()) {
            problems.add("unknown tensors: " + Problems.quoted(unknown) + "; leave them out");
        }
        if (types.size() > 1 || !SUPPORTED.containsAll(types)) {
            problems.add("data types " + types + ", expected FLOAT or DOUBLE, the same for all tensors");
        }
        problems.throwIfAny("EncoderWeights");
        return new EncoderWeights(config, types.iterator().next(), ordered);
    }

    /**
     * Takes the weights out of an ONNX file that was exported from Hugging Face Transformers.
     *
     * <p>Weights of linear modules are found through the name of the MatMul node that uses them. A model prefix (for
     * example {@code bert.}) is taken from the name of the word embeddings and dropped. Everything in the shape of the
     * encoder but {@code heads} is read from the tensors; epsilon and activation are BERT's.
     *
     * @param onnx the file's tensors
     * @param heads number of attention heads, which no tensor tells: {@code hidden / 32} for MiniLM (12 for 384),
     *     {@code hidden / 64} for BERT
     * @return the weights, of data type FLOAT or DOUBLE as in the file
     * @throws ModelFormatException if the file holds no BERT-family encoder or tensors are missing or of a wrong shape;
     *     the message lists every problem
     * @throws IllegalArgumentException if {@code heads} does not divide the hidden size, or is not the number with which
     *     the graph of the file splits its features
     */
    public static EncoderWeights fromOnnx(OnnxInitializers onnx, int heads) throws ModelFormatException {
        return new BertOnnxNames(onnx).weights(heads);
    }

    /**
     * As {@link #fromOnnx(OnnxInitializers, int)}, with the number of heads that the graph of the file tells.
     *
     * @param onnx the file's tensors
     * @return the weights, of data type FLOAT or DOUBLE as in the file
     * @throws ModelFormatException as there, and if the graph does not tell the number of heads
     */
    public static EncoderWeights fromOnnx(OnnxInitializers onnx) throws ModelFormatException {
        return new BertOnnxNames(onnx).weights();
    }

    /**
     * Random weights as encoders start with: matrices and tables normal with mean 0 and standard deviation 0.02, biases 0,
     * gains 1. For training from scratch, and for tests.
     *
     * @param config the shape of the encoder
     * @param seed source of the numbers: equal seeds give equal weights on every machine
     * @param dataType FLOAT or DOUBLE
     * @return the weights
     * @throws IllegalArgumentException if the data type is another one
     */
    public static EncoderWeights random(EncoderConfig config, long seed, DataType dataType) {
        Backend.require();
        if (!SUPPORTED.contains(dataType)) {
            throw new IllegalArgumentException(
                    "EncoderWeights.random: dataType = " + dataType + "; expected FLOAT or DOUBLE.");
        }
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        for (EncoderTensor tensor : config.shape().tensors()) {
            INDArray array = switch (tensor.kind()) {
                case EMBEDDING, LINEAR -> RandomStreams.normal(random, INITIALIZER_RANGE, dataType, tensor.shape());
                case CONVOLUTION ->
                    GroupedWindow.dense(
                            RandomStreams.normal(random, INITIALIZER_RANGE, dataType, tensor.shapeInFile())
                                    .permute(2, 1, 0),
                            tensor.groups());
                case BIAS -> Nd4j.zeros(dataType, tensor.shape());
                case GAIN -> Nd4j.ones(dataType, tensor.shape());
            };
            tensors.put(tensor.name(), array);
        }
        return of(config, tensors);
    }

    /**
     * The shape of the encoder.
     *
     * @return the configuration
     */
    public EncoderConfig config() {
        return config;
    }

    /**
     * The data type of every array, and so of every graph built over them.
     *
     * @return FLOAT or DOUBLE
     */
    public DataType dataType() {
        return dataType;
    }

    /**
     * Whether there is a pooler, which {@link Pooling#POOLER} needs.
     *
     * @return true if {@code pooler.dense.weight} is among the tensors
     */
    public boolean hasPooler() {
        return shape().has(EncoderPart.POOLER) && tensors.containsKey(shape().module(EncoderPart.POOLER) + ".weight");
    }

    /**
     * The arrays by name, in the order of the forward pass.
     *
     * @return an unmodifiable map of the live arrays
     */
    public Map<String, INDArray> tensors() {
        return tensors;
    }

    /**
     * The arrays in the layout of Hugging Face's checkpoints: weights of linear modules {@code [out, in]}, all others as they
     * are.
     *
     * @return arrays by name without a prefix; those of linear modules are copies, the others live
     */
    public Map<String, INDArray> checkpointTensors() {
        return turned(config, tensors, true);
    }

    /** From one layout to the other. */
    private static Map<String, INDArray> turned(EncoderConfig config, Map<String, INDArray> tensors, boolean toFile) {
        Map<String, INDArray> turned = new LinkedHashMap<>(tensors);
        List<EncoderTensor> all = new ArrayList<>(config.shape().tensors());
        all.addAll(config.shape().poolerTensors());
        for (EncoderTensor tensor : all) {
            turned.computeIfPresent(tensor.name(), (name, array) -> switch (tensor.kind()) {
                case LINEAR -> array.permute(1, 0).dup('c');
                case CONVOLUTION ->
                    toFile
                            ? GroupedWindow.blocks(name, array, tensor.groups())
                                    .permute(2, 1, 0)
                                    .dup('c')
                            : GroupedWindow.dense(array.permute(2, 1, 0), tensor.groups())
                                    .dup('c');
                default -> array;
            });
        }
        return turned;
    }

    /**
     * Makes a value of arrays in the layout of Hugging Face's checkpoints, as {@link #checkpointTensors} gives them.
     *
     * @param config the shape of the encoder
     * @param tensors as {@link #of} wants them, but weights of linear modules {@code [out, in]}
     * @return the weights
     * @throws IllegalArgumentException as {@link #of}
     */
    public static EncoderWeights ofCheckpoint(EncoderConfig config, Map<String, INDArray> tensors) {
        Arguments.required(config, "EncoderWeights.ofCheckpoint: config", "the shape of an encoder");
        Arguments.allRequired(tensors, "EncoderWeights.ofCheckpoint: tensors", "an array");
        return of(config, turned(config, tensors, false));
    }

    /**
     * Parameters under the names that files of the family have for them: some hold several in one tensor.
     *
     * @param parameters by the names of {@link #tensors()}, in the layout of {@link #checkpointTensors()}; others stay as they are
     * @return arrays by the names in a file, without a prefix
     */
    public Map<String, INDArray> fileTensors(Map<String, INDArray> parameters) {
        Arguments.required(parameters, "EncoderWeights.fileTensors: parameters", "arrays by name");
        Map<String, INDArray> named = new LinkedHashMap<>(parameters);
        Map<String, INDArray[]> pieces = new LinkedHashMap<>();
        for (EncoderTensor tensor : shape().tensors()) {
            if (shape().family().isStoredOtherwise()
                    && tensor.stored().isPresent()
                    && named.containsKey(tensor.name())) {
                EncoderTensor.Stored stored = tensor.stored().get();
                pieces.computeIfAbsent(stored.name(), name -> new INDArray[stored.of()])[stored.piece()] =
                        named.remove(tensor.name());
            }
        }
        pieces.forEach((name, arrays) -> named.put(name, arrays.length == 1 ? arrays[0] : Nd4j.concat(0, arrays)));
        return named;
    }

    /**
     * One array.
     *
     * @param name the tensor's name, for example {@code encoder.layer.0.output.dense.bias}
     * @return the live array
     * @throws IllegalArgumentException if there is none of this name; the message offers the closest ones
     */
    public INDArray tensor(String name) {
        INDArray found = tensors.get(name);
        if (found == null) {
            throw new IllegalArgumentException("EncoderWeights: no tensor " + MessageText.name(name)
                    + ClosestNames.hint(name, tensors.keySet()) + ". tensors().keySet() lists all names.");
        }
        return found;
    }

    /**
     * The same weights in arrays of their own.
     *
     * @return a deep copy
     */
    public EncoderWeights copy() {
        return converted(dataType);
    }

    /**
     * The same weights in arrays of their own and of another data type.
     *
     * @param target FLOAT or DOUBLE
     * @return a deep copy; conversion to FLOAT rounds to nearest
     * @throws IllegalArgumentException if the data type is another one
     */
    public EncoderWeights converted(DataType target) {
        Map<String, INDArray> copies = new LinkedHashMap<>();
        tensors.forEach((name, array) -> copies.put(name, target == dataType ? array.dup() : array.castTo(target)));
        return of(config, copies);
    }

    /**
     * The weights of an encoder that repeats layers of this one. Copies of a layer share its arrays, so an adapter with the
     * same {@link org.lora4j.config.AdapterConfig#layerReplication} fits the encoder made of them.
     *
     * @param replication which layers, one after the other
     * @return the weights of the deeper encoder, whose layers are numbered from 0; arrays are shared
     * @throws IllegalArgumentException if a range is empty or names layers that are not here
     */
    public EncoderWeights replicated(LayerReplication replication) {
        Problems problems = new Problems();
        replication.problems().forEach(problem -> problems.add("replication " + problem));
        problems.check(!replication.isEmpty(), "replication names no layer, expected ranges of layers");
        problems.throwIfAny("EncoderWeights.replicated");
        List<Integer> sources = replication.sources();
        problems.check(
                sources.stream().allMatch(layer -> layer < config.layers()),
                "replication = " + replication + ", expected layers below " + config.layers());
        problems.throwIfAny("EncoderWeights.replicated");
        List<EncoderBlock> blocks = shape().blocks();
        problems.check(
                blocks.stream().map(EncoderBlock::layer).distinct().count() == blocks.size(),
                "the layers of " + config.modelType() + " are shared already, expected an encoder with a layer for each"
                        + " use");
        problems.throwIfAny("EncoderWeights.replicated");
        String layers = shape().layers();
        Map<String, INDArray> all = new LinkedHashMap<>(tensors);
        all.keySet().removeIf(name -> blocks.stream().anyMatch(block -> name.startsWith(block.layer())));
        List<EncoderBlock> copies = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            EncoderBlock source = blocks.get(sources.get(i));
            EncoderBlock copy =
                    new EncoderBlock(layers + i + ".", source.window(), source.rotation(), source.hasFirstNorm());
            copies.add(copy);
            tensors.forEach((name, array) -> {
                if (name.startsWith(source.layer())) {
                    all.put(copy.layer() + name.substring(source.layer().length()), array);
                }
            });
        }
        return of(new EncoderConfig(shape().withBlocks(List.copyOf(copies)), Map.of()), all);
    }

    EncoderShape shape() {
        return config.shape();
    }

    @Override
    public String toString() {
        return "EncoderWeights[" + tensors.size() + " tensors, " + dataType + ", " + config + "]";
    }
}
