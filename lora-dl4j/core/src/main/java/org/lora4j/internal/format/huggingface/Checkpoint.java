/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.huggingface;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.format.safetensors.SafetensorsReader;

/**
 * The weights in a model directory: the tensors of {@value #SINGLE}, or, if there is none, those of all the files that
 * {@value #INDEX} names.
 *
 * <p>{@link #open} checks the headers of all files; tensors are then read piece by piece.
 *
 * <p><b>State.</b> Holds the files open until {@link #close}. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class Checkpoint implements TensorFile {

    /** Name of the file of a model that is not sharded. */
    public static final String SINGLE = "model.safetensors";
    /** Name of the file that tells in which shard a tensor is. */
    public static final String INDEX = "model.safetensors.index.json";

    private static final List<String> OTHER_FORMATS =
            List.of("pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack");

    private final Path source;
    private final List<SafetensorsReader> readers;
    private final Map<String, Place> places;
    private final Map<String, TensorEntry> tensors;

    /** Where a tensor is. */
    record Place(SafetensorsReader reader, TensorEntry entry) {}

    private Checkpoint(Path source, List<SafetensorsReader> readers, Map<String, Place> places) {
        this.source = source;
        this.readers = readers;
        this.places = places;
        Map<String, TensorEntry> entries = new LinkedHashMap<>();
        places.forEach((name, place) -> entries.put(name, place.entry()));
        this.tensors = Collections.unmodifiableMap(entries);
    }

    /**
     * Opens the weights of a model and checks all headers completely.
     *
     * @return a checkpoint to be closed
     * @throws ModelFormatException if a file breaks a rule of its format, the weights are of another format, or index and
     *     shards do not agree; the message lists everything
     * @throws IOException if there is no such directory, it holds no weights, or a file cannot be read
     */
    public static Checkpoint open(Path directory) throws IOException {
        Path single = directory.resolve(SINGLE);
        Path index = directory.resolve(INDEX);
        boolean sharded = !Files.exists(single) && Files.exists(index);
        if (!sharded && !Files.isRegularFile(single)) {
            throw missing(directory);
        }
        List<SafetensorsReader> readers = new ArrayList<>();
        try {
            return sharded
                    ? new Checkpoint(index, readers, ShardIndex.read(index).open(directory, readers))
                    : new Checkpoint(single, readers, places(open(single, readers)));
        } catch (IOException | RuntimeException | Error e) {
            closeAll(readers, e);
            throw e;
        }
    }

    /** Opens one file and adds it to what has to be closed. */
    static SafetensorsReader open(Path file, List<SafetensorsReader> readers) throws IOException {
        try {
            SafetensorsReader reader = SafetensorsReader.open(file);
            readers.add(reader);
            return reader;
        } catch (AdapterFormatException e) {
            throw new ModelFormatException(e.getMessage(), e);
        }
    }

    private static Map<String, Place> places(SafetensorsReader reader) {
        Map<String, Place> places = new LinkedHashMap<>();
        reader.tensors().forEach((name, entry) -> places.put(name, new Place(reader, entry)));
        return places;
    }

    private static IOException missing(Path directory) {
        if (!Files.isDirectory(directory)) {
            return new NoSuchFileException(
                    directory.toString(),
                    null,
                    (Files.exists(directory) ? "is a file" : "no such directory") + "; expected a directory with "
                            + SINGLE + ". Check the path.");
        }
        for (String other : OTHER_FORMATS) {
            if (Files.exists(directory.resolve(other))) {
                return new ModelFormatException(directory + ": holds \"" + other + "\" and no " + SINGLE
                        + "; expected " + SINGLE + ". Load and save the model again in Python:"
                        + " model.save_pretrained(directory, safe_serialization=True).");
            }
        }
        return new NoSuchFileException(
                directory.resolve(SINGLE).toString(),
                null,
                "no such file, and no " + INDEX + "; expected the weights of a model. Check the path.");
    }

    /**
     * What was read, for messages.
     *
     * @return path of the one file, or of the index
     */
    public Path source() {
        return source;
    }

    /** In the order of their bytes, shards in the order of the index. */
    @Override
    public Map<String, TensorEntry> tensors() {
        return tensors;
    }

    @Override
    public TensorEntry tensor(String name) {
        return place(name).entry();
    }

    @Override
    public void read(TensorEntry entry, long from, ByteBuffer into) throws IOException {
        Place place = place(entry.name());
        place.reader().read(place.entry(), from, into);
    }

    private Place place(String name) {
        Place place = places.get(name);
        if (place == null) {
            throw new IllegalArgumentException(
                    source + ": no tensor " + MessageText.name(name) + " among " + places.size()
                            + ClosestNames.hint(name, places.keySet()) + ". tensors().keySet() lists all names.");
        }
        return place;
    }

    @Override
    public void close() throws IOException {
        IOException failure = new IOException(source + ": a file could not be closed.");
        closeAll(readers, failure);
        if (failure.getSuppressed().length > 0) {
            throw failure;
        }
    }

    private static void closeAll(List<SafetensorsReader> readers, Throwable failure) {
        for (SafetensorsReader reader : readers) {
            try {
                reader.close();
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
    }
}
