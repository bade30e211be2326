/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Backend;
import org.lora4j.internal.array.io.FloatRows;
import org.lora4j.internal.format.huggingface.Checkpoint;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderPart;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A decoder that is written somewhere else: its directory, and its tensors with adapters merged, each computed when it is
 * written. So no more than one of them is in memory beside a model that is there already.
 *
 * <p><b>State.</b> Files are open until {@link #close}. <b>Threads.</b> For one.
 *
 * @apiNote Status: internal
 */
public final class DecoderSource implements Closeable {

    private final Path directory;
    private final DecoderConfig config;
    private final Map<String, Tensor> tensors;
    private final Set<String> changed;
    private final Closeable files;

    /**
     * A tensor.
     *
     * @param inFile the name that it has in the files of the model
     * @param shape its sizes
     * @param passing whether the value is a new array each time
     */
    private record Tensor(String inFile, long[] shape, Supplier<INDArray> value, boolean passing) {}

    /** Reads rows of a tensor. */
    @FunctionalInterface
    public interface Reader {

        /**
         * Reads.
         *
         * @param rows the rows, not to be kept
         * @throws IOException if what they are read for cannot be written
         */
        void read(FloatRows rows) throws IOException;
    }

    private DecoderSource(
            Path directory, DecoderConfig config, Map<String, Tensor> tensors, Set<String> changed, Closeable files) {
        this.directory = directory;
        this.config = config;
        this.tensors = tensors;
        this.changed = changed;
        this.files = files;
    }

    /**
     * Opens a model's files. Their weights are never all in memory.
     *
     * @param where the call, for messages
     * @param trained weights in the place of those in the files, by full names; empty if those in the files count
     * @param adapters what to merge, one after the other
     * @return a source to be closed
     * @throws org.lora4j.error.ModelFormatException if the directory holds no decoder, or a damaged one
     * @throws org.lora4j.error.IncompatibleBaseException if an adapter does not fit
     * @throws IllegalArgumentException if an adapter changes the embeddings of a tied head
     */
    public static DecoderSource open(
            String where, Path directory, Optional<ModelWeights> trained, List<Adapter> adapters) throws IOException {
        Backend.require();
        DecoderWeights.Listing listing = listing(directory);
        checkTied(where, listing.config(), adapters);
        ModelWeights stored = ModelWeights.open(directory);
        try {
            Map<String, String> full = new LinkedHashMap<>();
            listing.tensors().forEach((name, entry) -> full.put(entry.name(), name));
            ModelWeights base = trained.orElseGet(() -> stored.renamed(name -> full.getOrDefault(name, name)));
            boolean passing = trained.isEmpty();
            Map<String, Supplier<INDArray>> merged = WeightMerge.planned(base, adapters);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            listing.tensors().forEach((name, entry) -> {
                Supplier<INDArray> value = merged.getOrDefault(name, () -> base.get(name));
                tensors.put(name, new Tensor(entry.name(), entry.shape(), value, passing || merged.containsKey(name)));
            });
            Set<String> changed = trained.isPresent() ? tensors.keySet() : merged.keySet();
            return new DecoderSource(directory, listing.config(), tensors, changed, stored);
        } catch (IOException | RuntimeException | Error e) {
            stored.close();
            throw e;
        }
    }

    /**
     * Checks a model's files without reading a weight.
     *
     * @throws IOException if the directory holds no decoder, or a damaged one, or cannot be read
     */
    static DecoderWeights.Listing listing(Path directory) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            return DecoderWeights.listing(directory, checkpoint);
        }
    }

    /** The table of a tied head is one array, which an adapter of the embeddings alone does not want changed for the head. */
    private static void checkTied(String where, DecoderConfig config, List<Adapter> adapters) {
        String words = config.module(DecoderPart.WORDS, 0);
        Problems problems = new Problems();
        for (Adapter adapter : adapters) {
            Set<String> factors =
                    adapter.modules().getOrDefault(words, Map.of()).keySet();
            boolean rowsOnly = Set.of(PeftTensor.TOKEN_ROWS.suffix()).containsAll(factors);
            problems.check(
                    !config.tied() || rowsOnly && !adapter.savedParameters().containsKey(words + ".weight"),
                    "an adapter changes \"" + words + "\", which the head of this model shares and would be changed"
                            + " with; expected a model whose head has weights of its own");
        }
        problems.throwIfAny(where);
    }

    /** Where the model came from. */
    public Path directory() {
        return directory;
    }

    /** The model. */
    public DecoderConfig config() {
        return config;
    }

    /**
     * All tensors that the model has.
     *
     * @return their full names, in the order of its parts
     */
    public List<String> names() {
        return new ArrayList<>(tensors.keySet());
    }

    /**
     * The name of a tensor in the files of the model.
     *
     * @return the same, or without the root
     */
    public String inFile(String name) {
        return tensors.get(name).inFile();
    }

    /** The sizes of a tensor. */
    public long[] shape(String name) {
        return tensors.get(name).shape().clone();
    }

    /**
     * What is not as in the files: what adapters change, or everything if all weights were trained.
     *
     * @return full names of tensors
     */
    public List<String> changed() {
        return changed.stream().sorted().toList();
    }

    /**
     * Computes a tensor and lets it be read.
     *
     * @throws IOException if the reader does, or it cannot be read
     */
    public void read(String name, Reader reader) throws IOException {
        Tensor tensor = tensors.get(name);
        try {
            INDArray value = tensor.value().get();
            reader.read(FloatRows.of(value));
            if (tensor.passing() && value.closeable()) {
                value.close();
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    @Override
    public void close() throws IOException {
        files.close();
    }

    @Override
    public String toString() {
        return "DecoderSource[" + directory + ", " + config.family().modelType() + ", " + tensors.size() + " tensors]";
    }
}
