/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.file.StagedFiles;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.model.AdaptedModel;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.trust.Receipt;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A fitted task as a directory. Low-rank factors and head are a PEFT adapter; a head alone, or all weights, are tensors in a
 * file of safetensors, as PEFT has no form for them. What the task is called and its labels are a small JSON beside, which
 * names the weights that it belongs to by their hash, so that labels never stand beside the numbers of others.
 *
 * @apiNote Status: internal
 */
public final class TaskFiles {

    /** The JSON of a task over texts. */
    public static final String DESCRIPTION = "lora4j_text.json";

    /** The JSON of one over images; saves of before have that of texts. */
    public static final String OF_IMAGES = "lora4j_image.json";

    private static final String ADAPTER = "adapter_model.safetensors";
    private static final int VERSION = 1;
    private static final String READ_BACK = "what was saved answers a probe with the same bits";

    private TaskFiles() {}

    /**
     * Writes a task, all files of it in one commit.
     *
     * @param where the call, for messages
     * @param directory where to; created if missing
     * @param file name of the JSON
     * @param description what to write into the JSON besides
     * @param receipt what the training was, if that is known
     * @param reader reads what was written, over the weights that are there
     * @throws IOException if it cannot be written, or what was written answers otherwise; what was there before is unchanged then
     */
    public static void save(
            String where,
            Path directory,
            String file,
            TaskModel model,
            Map<String, ?> description,
            Optional<Receipt> receipt,
            Reader reader)
            throws IOException {
        StagedFiles.replace(where, directory, staging -> {
            String weights = model.adapted().isPresent() ? ADAPTER : tensors(file);
            if (model.adapted().isPresent()) {
                model.adapted().get().adapter(AdaptedModel.DEFAULT_ADAPTER).save(staging);
            } else {
                writeTensors(staging.resolve(weights), model);
            }
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("version", VERSION);
            fields.put("tuning", model.tuning().name());
            fields.put("weights", weights);
            fields.put("sha256", hash(staging.resolve(weights)));
            fields.putAll(description);
            JsonObjects.write(staging.resolve(file), fields);
            requireSame(where, model, reader, staging);
            if (receipt.isPresent()) {
                WholeFile.write(
                        staging.resolve(Receipt.FILE),
                        receipt.get()
                                .withCheck(READ_BACK)
                                .withRun(Map.of(
                                        "directory",
                                        directory.toString(),
                                        "written",
                                        Instant.now().toString()))
                                .json());
            }
        });
    }

    /** Reads a task that was just written. */
    public interface Reader {

        /**
         * Reads it.
         *
         * @param directory where it is
         * @param fields its JSON
         * @return a model over the same weights, to be closed
         */
        TaskModel read(Path directory, Map<String, Object> fields) throws IOException;
    }

    /** What was written has to answer as what is in memory, in every bit, before anybody sees it. */
    private static void requireSame(String where, TaskModel model, Reader reader, Path staging) throws IOException {
        try (TaskModel again = reader.read(staging, read(staging))) {
            boolean same = again.contentHash().equals(model.contentHash());
            if (same && model.isAsSaved()) {
                List<TokenizedText> probe = model.probe();
                float[][] now = model.outputs(probe);
                float[][] then = again.outputs(probe);
                for (int i = 0; i < now.length; i++) {
                    same &= Arrays.equals(now[i], then[i]);
                }
            }
            if (!same) {
                throw new IOException(
                        where + ": what was written answers otherwise than what is in memory; expected the same"
                                + " bits. Nothing was saved. Check the disk and the memory of this machine, and save again.");
            }
        }
    }

    /**
     * The receipt beside a task, compared with what was read.
     *
     * @return the receipt; empty if there is none
     * @throws CorruptAdapterException if it is of another training
     */
    public static Optional<Receipt> receipt(Path directory, TaskModel model) throws IOException {
        Optional<Path> file = StagedFiles.locateIfAny(directory, Receipt.FILE);
        if (file.isEmpty()) {
            return Optional.empty();
        }
        Receipt receipt = Receipt.read(file.get());
        String found = model.contentHash();
        String expected = receipt.hash(Receipt.TRAINED).orElseThrow();
        if (!found.equals(expected)) {
            throw new CorruptAdapterException(file.get() + ": it is of a training with the hash " + expected
                    + ", but what is beside it has " + found
                    + "; expected the same. It was changed after its training, or"
                    + " the files are of two: get the directory again, or remove the file to have it taken unchecked.");
        }
        return Optional.of(receipt);
    }

    /** The file of what is no adapter, beside a JSON. */
    private static String tensors(String file) {
        return file.replaceFirst("\\.json$", ".safetensors");
    }

    /**
     * The JSON of a directory.
     *
     * @return where it is, or where that of a task over texts would be
     */
    public static Path file(Path directory) {
        return StagedFiles.locateIfAny(directory, OF_IMAGES)
                .orElseGet(() -> StagedFiles.locate(directory, DESCRIPTION));
    }

    static List<String> names(TaskModel model) {
        return TrainableGraph.weights(model.graph()).stream()
                .filter(name -> model.tuning() == Tuning.FULL || name.startsWith(model.head() + "."))
                .toList();
    }

    private static void writeTensors(Path file, TaskModel model) throws IOException {
        List<TensorSource> tensors = new ArrayList<>();
        for (String name : names(model)) {
            INDArray array = model.graph().getVariable(name).getArr();
            tensors.add(ArrayBytes.source(name, array, ElementCodec.exactFor(array.dataType())));
        }
        SafetensorsWriter.write(file, tensors, Map.of("format", "lora4j"));
    }

    /**
     * Reads the JSON of a task.
     *
     * @throws IOException if it is missing, damaged, of another version, or its weights are not those that it was written
     *     with
     */
    public static Map<String, Object> read(Path directory) throws IOException {
        Path file = file(directory);
        Map<String, Object> fields = JsonObjects.read(file);
        if (!Integer.valueOf(VERSION).equals(fields.get("version"))) {
            throw new UnsupportedAdapterVersionException(file + ": version " + MessageText.value(fields.get("version"))
                    + " of a task; expected " + VERSION + ". Read it with the version of lora4j that wrote it.");
        }
        Object weights = fields.get("weights");
        String tensors = tensors(String.valueOf(file.getFileName()));
        if (!ADAPTER.equals(weights) && !tensors.equals(weights)) {
            throw new CorruptAdapterException(file + ": weights = " + MessageText.name(weights) + "; expected "
                    + MessageText.name(ADAPTER) + " or " + MessageText.name(tensors) + ". Save the task again.");
        }
        String found = hash(StagedFiles.locate(directory, (String) weights));
        if (!found.equals(fields.get("sha256"))) {
            throw new CorruptAdapterException(file + ": it was written for weights with sha256 "
                    + MessageText.name(fields.get("sha256")) + ", but " + weights + " has " + MessageText.name(found)
                    + "; expected the same. One of the files is of another save: copy both again, or save again.");
        }
        return fields;
    }

    /**
     * Reads the weights of a task.
     *
     * @param fields what {@link #read} gave
     * @param anyBase whether an adapter may have been trained on another base, of the same shapes
     * @return the model, which does not learn
     * @throws IncompatibleBaseException if the weights do not fit the encoder or the labels; the message lists every problem
     * @throws IOException if they are damaged or cannot be read
     */
    public static TaskModel load(
            Path directory, Map<String, Object> fields, FitEncoder parts, HeadTask task, boolean anyBase)
            throws IOException {
        Tuning tuning = tuning(directory, fields);
        requireOutputs(directory, String.valueOf(fields.get("weights")), parts, task.outputs());
        LinearHead zeros = LinearHead.zeros(parts.width(task.kind().isPerToken()), task.outputs());
        SameDiff graph = TaskModel.graph(parts, tuning, task.kind(), zeros);
        return load(directory, fields, graph, TaskModel.Output.of(task.kind()), parts, tuning, anyBase);
    }

    /**
     * Reads the weights of a sentence encoder.
     *
     * @param fields what {@link #read} gave
     * @param anyBase whether an adapter may have been trained on another base, of the same shapes
     * @return the model, which does not learn
     * @throws IncompatibleBaseException if the weights do not fit the encoder; the message lists every problem
     * @throws IOException if they are damaged or cannot be read
     */
    public static TaskModel load(Path directory, Map<String, Object> fields, EncoderParts parts, boolean anyBase)
            throws IOException {
        Tuning tuning = tuning(directory, fields);
        SameDiff graph = EmbeddingFit.graph(parts, TaskModel.weights(parts, tuning));
        return load(directory, fields, graph, EmbeddingFit.OUTPUT, parts, tuning, anyBase);
    }

    private static TaskModel load(
            Path directory,
            Map<String, Object> fields,
            SameDiff graph,
            TaskModel.Output output,
            FitEncoder parts,
            Tuning tuning,
            boolean anyBase)
            throws IOException {
        if (tuning == Tuning.LORA) {
            return TaskModel.of(parts, output, DefaultAdapter.saved(AdaptedSameDiff.of(graph), directory, anyBase));
        }
        TaskModel model = TaskModel.start(graph, output, parts, tuning, null, 0);
        readTensors(StagedFiles.locate(directory, String.valueOf(fields.get("weights"))), model);
        return model;
    }

    /** Before anything is made for as many labels as a file claims. */
    private static void requireOutputs(Path directory, String weights, FitEncoder parts, int labels)
            throws IOException {
        String last = parts.lastModule() + (parts.hasHeadBias() ? ".bias" : ".weight");
        // PyTorch's layout in an adapter, ours in a file of our own.
        int axis = parts.hasHeadBias() || weights.equals(ADAPTER) ? 0 : 1;
        try (SafetensorsReader reader = SafetensorsReader.open(StagedFiles.locate(directory, weights))) {
            long outputs = reader.tensors().values().stream()
                    .filter(entry -> entry.name().endsWith(last) && entry.shape().length > axis)
                    .mapToLong(entry -> entry.shape()[axis])
                    .findFirst()
                    .orElse(0);
            if (outputs != labels) {
                throw new IncompatibleBaseException(file(directory) + ": it has " + labels
                        + " outputs for its labels, but the head in " + weights + " has " + outputs
                        + "; expected the same. The labels are of another save: copy both files again, or save again.");
            }
        }
    }

    private static Tuning tuning(Path directory, Map<String, Object> fields) throws CorruptAdapterException {
        try {
            return Tuning.valueOf(String.valueOf(fields.get("tuning")));
        } catch (IllegalArgumentException e) {
            throw new CorruptAdapterException(
                    file(directory) + ": tuning = " + MessageText.name(fields.get("tuning")) + "; expected one of "
                            + Arrays.toString(Tuning.values()) + ". Save the task again.",
                    e);
        }
    }

    private static void readTensors(Path file, TaskModel model) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            Problems problems = new Problems();
            List<String> names = names(model);
            for (String name : names) {
                INDArray array = model.graph().getVariable(name).getArr();
                TensorEntry entry = reader.tensors().get(name);
                ElementCodec codec = ElementCodec.exactFor(array.dataType());
                problems.check(
                        entry != null
                                && entry.dtype() == codec.fileType()
                                && Arrays.equals(entry.shape(), array.shape()),
                        "tensor \"" + name + "\" is "
                                + (entry == null ? "missing" : entry.dtype() + Arrays.toString(entry.shape()))
                                + ", expected " + codec.fileType() + Arrays.toString(array.shape()));
            }
            if (!problems.isEmpty()) {
                throw new IncompatibleBaseException(
                        problems.message(file.toString())
                                + ". It belongs to another encoder or other labels: load it with those that it was saved with.");
            }
            for (String name : names) {
                INDArray array = model.graph().getVariable(name).getArr();
                array.assign(
                        ArrayBytes.read(reader, reader.tensors().get(name), ElementCodec.exactFor(array.dataType())));
            }
        }
    }

    private static String hash(Path file) throws IOException {
        try (InputStream in = RegularFile.open(file, "the weights of a task")) {
            MessageDigest digest = Sha256.begin();
            byte[] buffer = new byte[1 << 16];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
            return HexFormat.of().formatHex(digest.digest());
        }
    }
}
