/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWriter;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What was learned as a folder of any file system of Hadoop: the files of the plain trainer, and a description with the hash of each,
 * which is written last. So a folder that has a description is whole, or damaged, which its hashes tell.
 */
final class ModelFolder {

    /** The folder within that of a model of Spark. */
    static final String NAME = "lora4j";

    static final String DESCRIPTION = "lora4j_spark.json";

    private static final int VERSION = 1;
    private static final int MOST_BYTES = 1 << 30;

    /**
     * What a folder holds.
     *
     * @param task the kind of task
     * @param files what was learned
     * @param facts what is known of it besides
     * @param origin a hash of what it was made by, for those who make it again; empty if that does not matter
     */
    record Content(String task, SavedFiles files, Facts facts, String origin) {}

    private ModelFolder() {}

    /** Writes a folder; what it had before is replaced. */
    static void write(Configuration hadoop, Path folder, Content content) throws IOException {
        FileSystem system = folder.getFileSystem(hadoop);
        system.delete(new Path(folder, DESCRIPTION), false);
        for (Map.Entry<String, byte[]> file : content.files().files().entrySet()) {
            write(system, new Path(folder, file.getKey()), file.getValue());
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("version", VERSION);
        fields.put("task", content.task());
        fields.put("labels", content.facts().labels());
        fields.put("textLabels", content.facts().textLabels());
        fields.put("origin", content.origin());
        fields.put("files", content.files().hashes());
        Path staging = new Path(folder, "." + DESCRIPTION + ".tmp");
        write(system, staging, JsonObjects.write(fields).getBytes(StandardCharsets.UTF_8));
        if (!system.rename(staging, new Path(folder, DESCRIPTION))) {
            throw new IOException(
                    folder + ": " + DESCRIPTION + " could not be given its name; expected a file system that"
                            + " renames. The folder is not complete: write it again.");
        }
    }

    private static void write(FileSystem system, Path file, byte[] bytes) throws IOException {
        try (OutputStream out = system.create(file, true)) {
            out.write(bytes);
        }
    }

    /**
     * Reads a folder.
     *
     * @throws FileNotFoundException if there is no complete one
     * @throws CorruptAdapterException if a file is missing or has other content than when it was written
     */
    static Content read(Configuration hadoop, Path folder) throws IOException {
        FileSystem system = folder.getFileSystem(hadoop);
        Path description = new Path(folder, DESCRIPTION);
        if (!system.exists(description)) {
            throw new FileNotFoundException(
                    folder + ": no " + DESCRIPTION
                            + "; expected a folder that a model of lora4j was saved to. One whose writing was cut short has none.");
        }
        Map<String, Object> fields =
                JsonObjects.read(description.toString(), bytes(system, description, JsonObjects.MOST_BYTES));
        if (!Integer.valueOf(VERSION).equals(fields.get("version"))) {
            throw new UnsupportedAdapterVersionException(
                    description + ": version = " + MessageText.value(fields.get("version"))
                            + "; expected " + VERSION
                            + ". It was written by another version of lora4j: load it with that one, and"
                            + " train it again with this one.");
        }
        if (!(fields.get("task") instanceof String task)
                || !(fields.get("labels") instanceof List<?> labels)
                || !(fields.get("textLabels") instanceof Boolean textLabels)
                || !(fields.get("origin") instanceof String origin)
                || !(fields.get("files") instanceof Map<?, ?> hashes)) {
            throw new CorruptAdapterException(description
                    + ": it has not all of task, labels, textLabels, origin and files; expected what lora4j wrote.");
        }
        Facts facts = new Facts(labels.stream().map(String::valueOf).toList(), textLabels);
        return new Content(task, files(system, folder, hashes), facts, origin);
    }

    /**
     * Reads the folder of an adapter: one that was written here, with its hashes, or any directory of PEFT.
     *
     * @throws FileNotFoundException if there is none
     */
    static SavedFiles readAny(Configuration hadoop, Path folder) throws IOException {
        FileSystem system = folder.getFileSystem(hadoop);
        if (system.exists(new Path(folder, DESCRIPTION))) {
            return read(hadoop, folder).files();
        }
        if (!system.exists(new Path(folder, "adapter_config.json"))) {
            throw new FileNotFoundException(
                    folder + ": no adapter_config.json; expected the directory of an adapter in the format of PEFT");
        }
        Map<String, byte[]> files = new TreeMap<>();
        for (FileStatus file : system.listStatus(folder)) {
            if (file.isFile() && !file.getPath().getName().startsWith(".")) {
                files.put(file.getPath().getName(), bytes(system, file.getPath(), MOST_BYTES));
            }
        }
        return new SavedFiles(files);
    }

    private static SavedFiles files(FileSystem system, Path folder, Map<?, ?> hashes) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        Problems problems = new Problems();
        for (Map.Entry<?, ?> expected : hashes.entrySet()) {
            String name = String.valueOf(expected.getKey());
            if (name.contains("/") || name.contains("\\") || name.startsWith(".")) {
                problems.add("a file is called " + MessageText.name(name) + ", expected a name without a folder");
                continue;
            }
            Path file = new Path(folder, name);
            if (!system.exists(file)) {
                problems.add(MessageText.name(name) + " is missing");
                continue;
            }
            byte[] bytes = bytes(system, file, MOST_BYTES);
            problems.check(
                    Sha256.of(bytes).equals(expected.getValue()),
                    MessageText.name(name) + " has other content than when it was written");
            files.put(name, bytes);
        }
        if (!problems.isEmpty()) {
            throw new CorruptAdapterException(problems.message(folder.toString()) + ". Get the folder again.");
        }
        return new SavedFiles(files);
    }

    private static byte[] bytes(FileSystem system, Path file, int most) throws IOException {
        try (InputStream in = system.open(file)) {
            byte[] bytes = in.readNBytes(most + 1);
            if (bytes.length > most) {
                throw new CorruptAdapterException(
                        file + ": more than " + most + " bytes; expected a file of an adapter. Check what file it is.");
            }
            return bytes;
        }
    }

    /** Writes a model of Spark: what was learned, then params, without which nobody takes it for a model. */
    static final class Writer extends MLWriter {

        private final LoraSparkModel<?> model;

        Writer(LoraSparkModel<?> model) {
            this.model = model;
        }

        @Override
        public void saveImpl(String path) {
            try {
                ModelFolder.write(
                        sparkSession().sparkContext().hadoopConfiguration(),
                        new Path(path, NAME),
                        new Content(model.task().name(), model.files(), model.facts(), ""));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(
                        model.getClass().getSimpleName() + ".save(" + path + "): " + e.getMessage(), e);
            }
            new DefaultParamsWriter(model).saveImpl(path);
        }
    }

    /** Reads a model of Spark. */
    static final class Reader<M extends LoraSparkModel<M>> extends MLReader<M> {

        private final Class<M> type;

        Reader(Class<M> type) {
            this.type = type;
        }

        @Override
        public M load(String path) {
            Object read = new DefaultParamsReader<Object>().load(path);
            if (!type.isInstance(read)) {
                throw new IllegalArgumentException(type.getSimpleName() + ".load(" + path + "): it holds a "
                        + read.getClass().getSimpleName() + "; expected a " + type.getSimpleName()
                        + ". Call load of the class that was saved.");
            }
            M model = type.cast(read);
            try {
                Content content =
                        ModelFolder.read(sparkSession().sparkContext().hadoopConfiguration(), new Path(path, NAME));
                return model.holding(content.files(), content.facts());
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(type.getSimpleName() + ".load: " + e.getMessage(), e);
            }
        }
    }
}
