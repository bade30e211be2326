/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.lora4j.config.LayerReplication;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.internal.array.Backend;
import org.lora4j.internal.format.huggingface.Checkpoint;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The weights of a decoder by the names of Transformers' class for language modelling. Matrices and tables are of the type
 * of the file (FLOAT, HALF, BFLOAT16), in its layout; biases and gains are FLOAT.
 *
 * <p><b>State.</b> Immutable, except that the arrays are live. <b>Threads.</b> Any; nobody writes to the arrays.
 *
 * @apiNote Status: internal
 */
public final class DecoderWeights {

    /** Masks and tables of frequencies that older versions of the Python classes saved with the weights. */
    private static final Predicate<String> BUFFERS = Pattern.compile(
                    "(.*\\.)?(attn|attention)\\.(bias|masked_bias)|(.*\\.)?rotary_emb\\.inv_freq")
            .asMatchPredicate();

    private static final Set<DType> READABLE = EnumSet.of(DType.F32, DType.F16, DType.BF16);

    private final DecoderConfig config;
    private final Map<String, INDArray> arrays;

    /** A tensor that a model has. */
    private record Tensor(String name, DecoderPart part, long... shape) {

        boolean isMatrix() {
            return part.kind() != DecoderPart.Kind.NORM && shape.length == 2;
        }
    }

    private DecoderWeights(DecoderConfig config, Map<String, INDArray> arrays) {
        this.config = config;
        this.arrays = arrays;
    }

    /**
     * Reads a model: headers first, then, if everything fits, the values.
     *
     * @param directory {@code config.json} with {@code model.safetensors} or an index and its shards
     * @return the weights
     * @throws ModelFormatException if a file is damaged or of another format, the model is of a family that is not known,
     *     tensors are missing, unexpected, of a wrong shape or type, or not finite; the message lists every problem
     * @throws IOException if a file does not exist or cannot be read
     */
    public static DecoderWeights read(Path directory) throws IOException {
        Backend.require();
        if (Files.isDirectory(directory) && !Files.exists(directory.resolve(DecoderConfigReader.FILE))) {
            DecoderConfigReader.read(directory, 0);
        }
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            DecoderConfig config =
                    DecoderConfigReader.read(directory, checkpoint.tensors().size());
            Map<Tensor, TensorEntry> places = places(config, checkpoint);
            Map<String, INDArray> arrays = new LinkedHashMap<>();
            Problems problems = new Problems();
            RawTensors raw = new RawTensors(checkpoint, problems);
            for (Map.Entry<Tensor, TensorEntry> place : places.entrySet()) {
                arrays.put(
                        place.getKey().name(),
                        place.getKey().isMatrix() ? raw.asStored(place.getValue()) : raw.floats(place.getValue()));
            }
            if (!problems.isEmpty()) {
                arrays.values().forEach(INDArray::close);
                throw new ModelFormatException(
                        problems.message(checkpoint.source().toString())
                                + ". The file is damaged or training had diverged: get another one.");
            }
            return new DecoderWeights(config, Collections.unmodifiableMap(arrays));
        }
    }

    /** Where in the files each tensor is; complains about all that do not fit before anything is read. */
    private static Map<Tensor, TensorEntry> places(DecoderConfig config, Checkpoint checkpoint)
            throws ModelFormatException {
        Map<String, TensorEntry> open = new LinkedHashMap<>(checkpoint.tensors());
        open.keySet().removeIf(BUFFERS);
        String root = config.family().root();
        boolean rooted = open.keySet().stream().anyMatch(name -> name.startsWith(root));
        Problems problems = new Problems();
        Map<Tensor, TensorEntry> places = new LinkedHashMap<>();
        for (Tensor tensor : tensors(config)) {
            String name = tensor.name();
            String inFile = !rooted && name.startsWith(root) ? name.substring(root.length()) : name;
            TensorEntry entry = open.remove(inFile);
            if (entry == null) {
                problems.add("tensor \"" + name + "\" is missing, expected " + TensorEntry.worded(tensor.shape()));
                continue;
            }
            problems.check(
                    Arrays.equals(entry.shape(), tensor.shape()),
                    "tensor \"" + name + "\" has the shape " + TensorEntry.worded(entry.shape()) + ", expected "
                            + TensorEntry.worded(tensor.shape()) + " by " + DecoderConfigReader.FILE);
            problems.check(
                    READABLE.contains(entry.dtype()),
                    "tensor \"" + name + "\" is stored as " + entry.dtype() + ", expected one of " + READABLE);
            places.put(tensor, entry);
        }
        if (config.tied()) {
            open.remove(config.module(DecoderPart.HEAD, 0) + ".weight");
        }
        open.keySet()
                .forEach(name -> problems.add("tensor " + TensorEntry.worded(name) + " has no place in a model of type "
                        + config.family() + " with " + config.layers().size() + " layers"));
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(checkpoint.source().toString())
                    + ". The weights are not of the model that " + DecoderConfigReader.FILE + " describes.");
        }
        return places;
    }

    private static List<Tensor> tensors(DecoderConfig config) {
        List<Tensor> tensors = new ArrayList<>();
        for (DecoderPart part : config.family().parts()) {
            for (int layer = 0; layer < (part.perLayer() ? config.layers().size() : 1); layer++) {
                if (part != DecoderPart.HEAD || !config.tied()) {
                    tensors.addAll(tensors(config, part, config.module(part, layer)));
                }
            }
        }
        return tensors;
    }

    private static List<Tensor> tensors(DecoderConfig config, DecoderPart part, String module) {
        long in = config.inputs(part);
        long out = config.outputs(part);
        Tensor bias = new Tensor(module + ".bias", part, out);
        String weight = module + ".weight";
        return switch (part.kind()) {
            case TABLE -> List.of(new Tensor(weight, part, in, out));
            case NORM ->
                config.family().norm() == NormKind.LAYER
                        ? List.of(new Tensor(weight, part, out), bias)
                        : List.of(new Tensor(weight, part, out));
            case LINEAR -> {
                boolean turned = config.family().inputsFirst() && part != DecoderPart.HEAD;
                Tensor matrix = turned ? new Tensor(weight, part, in, out) : new Tensor(weight, part, out, in);
                yield config.biased().contains(part) ? List.of(matrix, bias) : List.of(matrix);
            }
        };
    }

    /**
     * The model.
     *
     * @return its config
     */
    public DecoderConfig config() {
        return config;
    }

    /**
     * All tensors by name; a tied head has none of its own.
     *
     * @return the live arrays
     */
    public Map<String, INDArray> arrays() {
        return arrays;
    }

    /**
     * The tensor of a module.
     *
     * @param name its name; the weight of a tied head is the embedding table
     * @return the live array
     */
    public INDArray array(String name) {
        String own = config.tied() && name.equals(config.module(DecoderPart.HEAD, 0) + ".weight")
                ? config.module(DecoderPart.WORDS, 0) + ".weight"
                : name;
        return arrays.get(own);
    }

    /**
     * The weights of a model that repeats layers of this one. Copies of a layer share its arrays.
     *
     * @param replication which layers, one after the other
     * @return the weights of the deeper model
     * @throws IllegalArgumentException if it names layers that are not here
     */
    public DecoderWeights replicated(LayerReplication replication) {
        List<Integer> sources = replication.sources();
        Problems problems = new Problems();
        replication.problems().forEach(problem -> problems.add("layerReplication " + problem));
        problems.check(
                sources.stream().allMatch(layer -> layer < config.layers().size()),
                "layerReplication = " + replication + ", expected layers below "
                        + config.layers().size());
        problems.throwIfAny("replicated");
        DecoderConfig deeper =
                config.withLayers(sources.stream().map(config.layers()::get).toList());
        Map<String, INDArray> all = new LinkedHashMap<>();
        for (Tensor tensor : tensors(deeper)) {
            all.put(tensor.name(), arrays.get(tensor.name()));
        }
        for (int layer = 0; layer < sources.size(); layer++) {
            String to = config.family().layer(layer) + ".";
            String from = config.family().layer(sources.get(layer)) + ".";
            all.replaceAll(
                    (name, array) -> name.startsWith(to) ? arrays.get(from + name.substring(to.length())) : array);
        }
        return new DecoderWeights(deeper, Collections.unmodifiableMap(all));
    }

    @Override
    public String toString() {
        return "DecoderWeights[" + config.family() + ", " + arrays.size() + " tensors]";
    }
}
