/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.array.Backend;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.huggingface.Checkpoint;
import org.lora4j.model.AdaptedModel;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The parameters of a model by name, in PyTorch's names and layout: linear {@code [out, in]}, convolution {@code [out, in,
 * k...]}, embedding {@code [vocabulary, dimension]}.
 *
 * <p><b>State.</b> Immutable; tensors of a file are read when they are asked for. Close it to close the file.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class ModelWeights implements Closeable {

    private interface Source {
        INDArray read() throws IOException;
    }

    /** Exact: as it was made, and not rounded to a narrower type. */
    private record Weight(long[] shape, boolean isFloatingPoint, boolean isExact, Source source) {}

    private final Map<String, Weight> weights;
    private final TensorFile file;
    private final Path source;
    private final boolean hosted;
    private boolean closed;

    private ModelWeights(Map<String, Weight> weights, TensorFile file, Path source, boolean hosted) {
        this.source = source;
        this.hosted = hosted;
        this.weights = Collections.unmodifiableMap(weights);
        this.file = file;
    }

    /**
     * Takes parameters in memory.
     *
     * @param arrays arrays by name; not copied, and not to be changed while this object is used
     * @return the weights
     */
    public static ModelWeights of(Map<String, INDArray> arrays) {
        Map<String, Weight> weights = new LinkedHashMap<>();
        arrays.forEach((name, array) -> weights.put(
                name, new Weight(array.shape().clone(), array.dataType().isFPType(), true, () -> array)));
        return new ModelWeights(weights, null, null, false);
    }

    /**
     * Takes the parameters of a model that carries adapters: those of its base, whatever is active or merged. They are
     * computed from the model's own arrays when they are asked for.
     *
     * @param model the model; its base is not to be changed while this object is used
     * @return the weights, by path of a parameter
     */
    public static ModelWeights of(AdaptedModel model) {
        Map<String, Weight> weights = new LinkedHashMap<>();
        model.baseWeights().forEach((path, value) -> {
            INDArray array = value.get();
            weights.put(path, new Weight(array.shape().clone(), array.dataType().isFPType(), true, value::get));
        });
        return new ModelWeights(weights, null, null, true);
    }

    /**
     * Opens a checkpoint.
     *
     * @param path a safetensors file, or a directory with {@code model.safetensors} or its shards and their index
     * @return the weights; F32, F16 and BF16 tensors become FLOAT arrays, F64 tensors DOUBLE
     * @throws IOException if a file cannot be read or is damaged
     */
    public static ModelWeights open(Path path) throws IOException {
        Backend.require();
        if (Files.isDirectory(path)) {
            return of(path, Checkpoint.open(path));
        }
        return of(path, SafetensorsReader.open(path));
    }

    private static ModelWeights of(Path path, TensorFile file) {
        Map<String, Weight> weights = new LinkedHashMap<>();
        file.tensors()
                .forEach((name, entry) -> weights.put(
                        name,
                        new Weight(
                                entry.shape(),
                                ElementCodec.of(entry.dtype()).isPresent(),
                                entry.dtype() == DType.F32 || entry.dtype() == DType.F64,
                                () -> read(path, file, entry))));
        return new ModelWeights(weights, file, path, false);
    }

    private static INDArray read(Path path, TensorFile reader, TensorEntry entry) throws IOException {
        ElementCodec codec = ElementCodec.of(entry.dtype())
                .orElseThrow(() -> new ModelFormatException(path + ": tensor " + entry
                        + " is not of floating point; expected F64, F32, F16 or BF16. An adapter cannot change it."));
        return ArrayBytes.read(reader, entry, codec);
    }

    /**
     * The same parameters by other names, such as those that an adapter has for them.
     *
     * @param names gives each name another one, no two the same
     * @return weights of the same file or arrays, to be read while these are open; nothing to close
     * @throws IllegalArgumentException if two parameters would have one name
     */
    public ModelWeights renamed(UnaryOperator<String> names) {
        Map<String, Weight> renamed = new LinkedHashMap<>();
        weights.forEach((name, weight) -> {
            if (renamed.put(names.apply(name), weight) != null) {
                throw new IllegalArgumentException("ModelWeights.renamed: two parameters would be "
                        + MessageText.name(names.apply(name)) + "; expected a name for each.");
            }
        });
        return new ModelWeights(renamed, null, source, hosted);
    }

    /**
     * The names of all parameters.
     *
     * @return names in the order of the file or map
     */
    public Set<String> names() {
        return weights.keySet();
    }

    /**
     * The shape of a parameter.
     *
     * @param name one of {@link #names}
     * @return a new array of sizes
     * @throws IllegalArgumentException if there is no such parameter
     */
    public long[] shape(String name) {
        return weight(name).shape().clone();
    }

    /**
     * Whether a parameter holds floating-point numbers.
     *
     * @param name one of {@link #names}
     * @return false for indices, masks and quantized weights
     * @throws IllegalArgumentException if there is no such parameter
     */
    public boolean isFloatingPoint(String name) {
        return weight(name).isFloatingPoint();
    }

    /** Whether a parameter is there as it was made, and not rounded to a narrower type. */
    boolean isExact(String name) {
        return weight(name).isExact();
    }

    /** Whether the weights of linear modules are [out, in], whatever a config says of the model that it was made for. */
    boolean isHosted() {
        return hosted;
    }

    /** The file that the parameters are in, or null. */
    TensorFile file() {
        return file;
    }

    /**
     * A parameter.
     *
     * @param name one of {@link #names}
     * @return its values; not to be written to
     * @throws IllegalArgumentException if there is no such parameter
     * @throws UncheckedIOException if reading fails
     * @throws IllegalStateException after {@link #close}, if the parameters are in a file
     */
    public INDArray get(String name) {
        if (closed) {
            throw new IllegalStateException("ModelWeights: " + MessageText.path(source)
                    + " is closed; expected it open. Read what you need before close(), or open it again.");
        }
        try {
            return weight(name).source().read();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Weight weight(String name) {
        Weight weight = weights.get(name);
        if (weight == null) {
            throw new IllegalArgumentException("ModelWeights: no parameter " + MessageText.name(name)
                    + ClosestNames.hint(name, weights.keySet()) + "; expected one of names().");
        }
        return weight;
    }

    /**
     * Closes the file, if there is one.
     *
     * @throws IOException if that fails
     */
    @Override
    public void close() throws IOException {
        if (file != null) {
            closed = true;
            file.close();
        }
    }

    @Override
    public String toString() {
        return "ModelWeights[" + weights.size() + " parameters" + (file == null ? "" : " of " + source) + "]";
    }
}
