/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;
import org.lora4j.config.LayerReplication;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.internal.array.Backend;
import org.lora4j.internal.format.huggingface.Checkpoint;
import org.lora4j.quant.HalfPrecision;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.Tiled;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The weights of a decoder by the names of Transformers' class for language modelling. Matrices and tables are of the type
 * of the file (FLOAT, FLOAT16, BFLOAT16) or quantized, in its layout; biases and gains are FLOAT.
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
    private final Map<String, StoredWeight> stored;

    /** A tensor that a model has. */
    private record Tensor(String name, DecoderPart part, boolean isTurned, long... shape) {

        boolean isMatrix() {
            return part.kind() != DecoderPart.Kind.NORM && shape.length == 2;
        }

        /** Where outputs are; rows of a table are outputs of a tied head. */
        int outputAxis() {
            return isTurned ? 1 : 0;
        }
    }

    private DecoderWeights(DecoderConfig config, Map<String, INDArray> arrays, Map<String, StoredWeight> stored) {
        this.config = config;
        this.arrays = arrays;
        this.stored = stored;
    }

    /**
     * Reads a model: headers first, then, if everything fits, the values.
     *
     * @param directory {@code config.json} with {@code model.safetensors} or an index and its shards
     * @param storage how matrices are kept
     * @throws ModelFormatException if a file is damaged or of another format, the model is of a family that is not known,
     *     tensors are missing, unexpected, of a wrong shape or type, or not finite; the message lists every problem
     * @throws IOException if a file does not exist or cannot be read
     */
    public static DecoderWeights read(Path directory, WeightStorage storage) throws IOException {
        Backend.require();
        if (!Files.exists(directory.resolve(DecoderConfigReader.FILE))) {
            // Says that there is none, or no directory at all, before anything is said of weights.
            DecoderConfigReader.read(directory, 0);
        }
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            DecoderConfig config =
                    DecoderConfigReader.read(directory, checkpoint.tensors().size());
            Map<Tensor, TensorEntry> places = places(config, checkpoint);
            Map<String, INDArray> arrays = new LinkedHashMap<>();
            Map<String, StoredWeight> stored = new LinkedHashMap<>();
            Problems problems = new Problems();
            RawTensors raw = new RawTensors(checkpoint, problems);
            for (Map.Entry<Tensor, TensorEntry> place : places.entrySet()) {
                Tensor tensor = place.getKey();
                Optional<StoredWeight> small = tensor.isMatrix()
                        ? raw.quantized(place.getValue(), storage, tensor.outputAxis())
                        : Optional.empty();
                if (small.isPresent()) {
                    stored.put(tensor.name(), small.get());
                } else {
                    arrays.put(
                            tensor.name(),
                            tensor.isMatrix() ? raw.asStored(place.getValue()) : raw.floats(place.getValue()));
                }
            }
            if (!problems.isEmpty()) {
                arrays.values().forEach(INDArray::close);
                throw new ModelFormatException(
                        problems.message(checkpoint.source().toString())
                                + ". The file is damaged or training had diverged: get another one.");
            }
            arrays.forEach((name, array) -> {
                if (array.dataType() != DataType.FLOAT) {
                    stored.put(name, new HalfPrecision(array));
                }
            });
            return new DecoderWeights(config, Collections.unmodifiableMap(arrays), Collections.unmodifiableMap(stored));
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

    /**
     * What the files of a model hold, found out without reading a weight.
     *
     * @param tensors where each tensor is, by the name that it has here; in files that leave the root out it is shorter
     */
    public record Listing(DecoderConfig config, Map<String, TensorEntry> tensors) {}

    /**
     * Checks the headers of a model as {@link #read} does.
     *
     * @throws ModelFormatException as {@link #read} throws it, but for values that are not finite
     * @throws IOException if a file does not exist or cannot be read
     */
    public static Listing listing(Path directory, Checkpoint checkpoint) throws IOException {
        DecoderConfig config =
                DecoderConfigReader.read(directory, checkpoint.tensors().size());
        Map<String, TensorEntry> tensors = new LinkedHashMap<>();
        places(config, checkpoint).forEach((tensor, entry) -> tensors.put(tensor.name(), entry));
        return new Listing(config, Collections.unmodifiableMap(tensors));
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
        Tensor bias = new Tensor(module + ".bias", part, false, out);
        String weight = module + ".weight";
        return switch (part.kind()) {
            case TABLE -> List.of(new Tensor(weight, part, false, in, out));
            case NORM ->
                config.family().norm() == NormKind.LAYER
                        ? List.of(new Tensor(weight, part, false, out), bias)
                        : List.of(new Tensor(weight, part, false, out));
            case LINEAR -> {
                boolean turned = config.family().inputsFirst() && part != DecoderPart.HEAD;
                Tensor matrix =
                        turned ? new Tensor(weight, part, turned, in, out) : new Tensor(weight, part, false, out, in);
                yield config.biased().contains(part) ? List.of(matrix, bias) : List.of(matrix);
            }
        };
    }

    /**
     * These weights with some matrices in tiles, laid out anew in the memory where they are. This object must not be used any
     * more.
     *
     * @param rowsOfTile of those that {@link Tiled#fits}; 0 for what is not wanted so
     */
    public DecoderWeights inTiles(ToIntFunction<StoredWeight> rowsOfTile) {
        Set<String> multiplied = multiplied();
        Map<String, INDArray> others = new LinkedHashMap<>(arrays);
        Map<String, StoredWeight> tiled = new LinkedHashMap<>(stored);
        tiled.replaceAll((name, weight) -> {
            int rows = multiplied.contains(name) && Tiled.fits(weight) ? rowsOfTile.applyAsInt(weight) : 0;
            if (rows == 0) {
                return weight;
            }
            others.remove(name);
            return Tiled.overwriting(weight, rows);
        });
        return new DecoderWeights(config, Collections.unmodifiableMap(others), Collections.unmodifiableMap(tiled));
    }

    /** The names of the matrices that rows are multiplied with; of others, rows are read. */
    private Set<String> multiplied() {
        Set<String> multiplied = new HashSet<>();
        for (Tensor tensor : tensors(config)) {
            if (tensor.part().kind() == DecoderPart.Kind.LINEAR
                    || tensor.part() == DecoderPart.WORDS && config.tied()) {
                multiplied.add(tensor.name());
            }
        }
        return multiplied;
    }

    /** The model. */
    public DecoderConfig config() {
        return config;
    }

    /**
     * The names of all tensors; a tied head has none of its own.
     *
     * @return the names in a fixed order
     */
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>(arrays.keySet());
        names.addAll(stored.keySet());
        return names;
    }

    /**
     * The tensor of a name.
     *
     * @param name its name; the weight of a tied head is the embedding table
     * @return the live array: FLOAT, FLOAT16 or BFLOAT16; null if it is kept in fewer bits
     */
    public INDArray array(String name) {
        return arrays.get(own(name));
    }

    /**
     * The tensor of a name as what multiplies without a FLOAT copy.
     *
     * @param name as for {@link #array}
     * @return the live weight; empty for FLOAT
     */
    public Optional<StoredWeight> stored(String name) {
        return Optional.ofNullable(stored.get(own(name)));
    }

    /**
     * Whether a tensor is a linear weight that has its inputs first.
     *
     * @return true for {@code [in, out]}
     */
    public boolean isInputsFirst(String name) {
        return tensors(config).stream()
                .anyMatch(tensor -> tensor.isTurned() && tensor.name().equals(name));
    }

    /** Memory of all weights, those that layers share counted once. */
    public long bytes() {
        Set<Object> counted = Collections.newSetFromMap(new IdentityHashMap<>());
        long bytes = 0;
        for (INDArray array : arrays.values()) {
            bytes += counted.add(array) ? array.length() * array.dataType().width() : 0;
        }
        for (StoredWeight weight : stored.values()) {
            bytes += !(weight instanceof HalfPrecision) && counted.add(weight) ? weight.bytes() : 0;
        }
        return bytes;
    }

    /**
     * Copies of all weights, to be trained.
     *
     * @return FLOAT weights, half-precision and quantized ones among them
     */
    public DecoderWeights floats() {
        Map<String, INDArray> copies = new LinkedHashMap<>();
        for (String name : names()) {
            INDArray array = stored(name)
                    .map(StoredWeight::dequantized)
                    .orElseGet(() -> array(name).dup('c'));
            copies.put(name, array.castTo(DataType.FLOAT));
        }
        return new DecoderWeights(config, Collections.unmodifiableMap(copies), Map.of());
    }

    private String own(String name) {
        return config.tied() && name.equals(config.module(DecoderPart.HEAD, 0) + ".weight")
                ? config.module(DecoderPart.WORDS, 0) + ".weight"
                : name;
    }

    /**
     * The weights of a model that repeats layers of this one. Copies of a layer share its arrays.
     *
     * @param replication which layers, one after the other
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
        return new DecoderWeights(deeper, copies(sources, arrays), copies(sources, stored));
    }

    private <T> Map<String, T> copies(List<Integer> sources, Map<String, T> tensors) {
        String layers = config.family().layers();
        Map<String, T> all = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> {
            if (!name.startsWith(layers)) {
                all.put(name, tensor);
            }
        });
        for (int layer = 0; layer < sources.size(); layer++) {
            String to = config.family().layer(layer) + ".";
            String from = config.family().layer(sources.get(layer)) + ".";
            tensors.forEach((name, tensor) -> {
                if (name.startsWith(from)) {
                    all.put(to + name.substring(from.length()), tensor);
                }
            });
        }
        return Collections.unmodifiableMap(all);
    }

    /**
     * In which forms matrices that are multiplied are kept, of those for which something is not true.
     *
     * @param holds what is asked of each
     */
    public Set<String> formsWithout(Predicate<StoredWeight> holds) {
        Set<String> forms = new TreeSet<>();
        for (String name : multiplied()) {
            stored(name).filter(holds.negate()).map(StoredWeight::form).ifPresent(forms::add);
        }
        return forms;
    }

    /** Family, tensors, memory, and in which forms matrices are kept. */
    @Override
    public String toString() {
        Set<String> forms = new TreeSet<>();
        for (Tensor tensor : tensors(config)) {
            if (tensor.isMatrix()) {
                forms.add(stored(tensor.name()).map(StoredWeight::form).orElse("F32"));
            }
        }
        return "DecoderWeights[" + config.family() + ", " + names().size() + " tensors, " + bytes() / 1_000_000
                + " MB in " + String.join(" and ", forms) + "]";
    }
}
