/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterLoader;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.dl4j.NetworkZip;
import org.lora4j.internal.format.dl4j.SavedAdapters;
import org.lora4j.internal.format.dl4j.SavedAdapters.SavedAdapter;
import org.lora4j.internal.format.file.FileProblem;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.TemporaryFolder;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.peft.PeftKeys;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A whole model as one zip: the entries of {@code ModelSerializer} with the base, which the stock reader opens, and beside
 * them each adapter's PEFT files, what the updater remembers of it, and the state of the model.
 */
final class AdaptedZip {

    private static final String MEMORY = "updater_state.safetensors";

    /** The files of an adapter that are entries; its model card is left out. */
    private static final List<String> FILES = List.of("adapter_config.json", "adapter_model.safetensors", MEMORY);

    private AdaptedZip() {}

    /** What is written. */
    record Content<N extends Model>(
            N base, NetworkAccess<N> access, List<NetworkAdapter> adapters, SavedAdapters state) {}

    static <N extends Model> void write(Path zip, Content<N> content) throws IOException {
        try {
            WholeFile.write(zip, bytes -> write(bytes, content));
        } catch (IOException e) {
            FileProblem problem = FileProblem.ofFile(zip, e);
            throw new IOException(
                    "AdaptedNetwork.save(" + zip + "): " + problem.what() + "; what was there before is unchanged. "
                            + problem.advice(),
                    e);
        }
    }

    private static <N extends Model> void write(OutputStream bytes, Content<N> content) throws IOException {
        ZipOutputStream zip = new ZipOutputStream(bytes);
        writeBase(zip, content);
        for (NetworkAdapter adapter : content.adapters()) {
            writeAdapter(zip, adapter);
        }
        text(zip, SavedAdapters.STATE, content.state().toJson());
        zip.finish();
    }

    private static <N extends Model> void writeBase(ZipOutputStream zip, Content<N> content) throws IOException {
        text(zip, NetworkZip.CONFIGURATION, ascii(content.access().json(content.base())));
        INDArray parameters = content.base().params();
        array(zip, NetworkZip.COEFFICIENTS, parameters);
        if (parameters == null) {
            text(zip, NetworkZip.NO_PARAMETERS, "");
        }
        BaseMultiLayerUpdater<?> updater = content.access().updater(content.base(), false);
        INDArray memory = updater == null ? null : updater.getStateViewArray();
        if (memory != null && memory.length() > 0) {
            array(zip, NetworkZip.UPDATER, memory);
        }
    }

    /** The stock reader takes the bytes in the charset of the platform; all charsets agree on these. */
    private static String ascii(String json) {
        StringBuilder text = new StringBuilder(json.length());
        for (char c : json.toCharArray()) {
            text.append(c < 128 ? String.valueOf(c) : String.format(Locale.ROOT, "\\u%04x", (int) c));
        }
        return text.toString();
    }

    private static void text(ZipOutputStream zip, String name, String text) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(text.getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
    }

    private static void array(ZipOutputStream zip, String name, INDArray array) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        if (array != null) {
            DataOutputStream out = new DataOutputStream(new BufferedOutputStream(zip, 1 << 16));
            Nd4j.write(array, out);
            out.flush();
        }
        zip.closeEntry();
    }

    private static void writeAdapter(ZipOutputStream zip, NetworkAdapter adapter) throws IOException {
        try (TemporaryFolder scratch = TemporaryFolder.create()) {
            Adapter snapshot = adapter.snapshot(adapter.file());
            snapshot.save(scratch.folder());
            Map<String, List<INDArray>> memory = new LinkedHashMap<>(adapter.history());
            snapshot.unsavedTensors().forEach((key, array) -> memory.put(key, List.of(array)));
            writeMemory(scratch.folder().resolve(MEMORY), memory);
            for (String name : FILES) {
                zip.putNextEntry(new ZipEntry(SavedAdapters.folder(adapter.name()) + name));
                try (InputStream bytes = RegularFile.open(scratch.folder().resolve(name), "a file of the adapter")) {
                    bytes.transferTo(zip);
                }
                zip.closeEntry();
            }
        }
    }

    /** Tensors called after a factor or parameter, with the number of the array: Adam has two. */
    private static void writeMemory(Path file, Map<String, List<INDArray>> history) throws IOException {
        List<TensorSource> tensors = new ArrayList<>();
        history.forEach((name, arrays) -> {
            for (int i = 0; i < arrays.size(); i++) {
                INDArray array = ArrayBytes.ownCopy(arrays.get(i));
                tensors.add(ArrayBytes.source(name + "/" + i, array, ElementCodec.exactFor(array.dataType())));
            }
        });
        SafetensorsWriter.write(file, tensors, Map.of());
    }

    static <N extends Model> AdaptedNetwork<N> restore(NetworkZip zip, SavedAdapters saved, AdaptedNetwork<N> model)
            throws IOException {
        for (SavedAdapter adapter : saved.adapters()) {
            restore(zip, adapter, model);
        }
        try {
            model.restoreState(saved);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(zip.where(SavedAdapters.STATE) + ": " + e.getMessage(), e);
        }
        return model;
    }

    private static <N extends Model> void restore(NetworkZip zip, SavedAdapter saved, AdaptedNetwork<N> model)
            throws IOException {
        String folder = SavedAdapters.folder(saved.name());
        Problems missing = new Problems();
        FILES.forEach(
                name -> missing.check(zip.names().contains(folder + name), "has no entry \"" + folder + name + "\""));
        if (!missing.isEmpty()) {
            throw new ModelFormatException(missing.message(zip.name()) + "; expected the files of each adapter of \""
                    + SavedAdapters.STATE + "\". The file is damaged: get it again.");
        }
        try (TemporaryFolder scratch = TemporaryFolder.create()) {
            for (String name : FILES) {
                try (InputStream bytes = zip.open(folder + name)) {
                    scratch.add(name, bytes);
                }
            }
            Adapter adapter;
            Map<String, List<INDArray>> history;
            try {
                history = readMemory(scratch.folder().resolve(MEMORY));
                Map<String, INDArray> unsaved = new LinkedHashMap<>();
                history.forEach((key, arrays) -> {
                    if (key.startsWith(PeftKeys.SHARED_PREFIX)) {
                        unsaved.put(key, arrays.get(0));
                    }
                });
                history.keySet().removeAll(unsaved.keySet());
                adapter = AdapterLoader.of(scratch.folder()).tensors(unsaved).load();
            } catch (AdapterFormatException e) {
                throw new ModelFormatException(
                        zip.where(folder) + e.getMessage().replace(scratch.folder() + "/", ""), e);
            }
            attach(zip, saved, adapter, history, model);
        }
    }

    private static Map<String, List<INDArray>> readMemory(Path file) throws IOException {
        Map<String, Map<Integer, INDArray>> found = new TreeMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (TensorEntry tensor : reader.tensors().values()) {
                int slash = tensor.name().lastIndexOf('/');
                ElementCodec codec = ElementCodec.of(tensor.dtype()).orElse(null);
                String number = tensor.name().substring(slash + 1);
                if (slash < 1 || codec == null || !number.matches("[0-9]")) {
                    throw new AdapterFormatException(MEMORY + ": tensor " + TensorEntry.worded(tensor.name())
                            + " of type " + tensor.dtype()
                            + "; expected a name that ends in a slash and a digit, and floating point");
                }
                found.computeIfAbsent(tensor.name().substring(0, slash), name -> new TreeMap<>())
                        .put(Integer.valueOf(number), ArrayBytes.read(reader, tensor, codec));
            }
        }
        Map<String, List<INDArray>> history = new LinkedHashMap<>();
        found.forEach((name, arrays) -> history.put(name, new ArrayList<>(arrays.values())));
        return history;
    }

    private static <N extends Model> void attach(
            NetworkZip zip,
            SavedAdapter saved,
            Adapter adapter,
            Map<String, List<INDArray>> history,
            AdaptedNetwork<N> model)
            throws IOException {
        try {
            model.restoreAdapter(saved, adapter, history);
        } catch (IllegalArgumentException e) {
            throw new IncompatibleBaseException(
                    zip.where(SavedAdapters.folder(saved.name())) + ": " + e.getMessage(), e);
        }
    }
}
