/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import onnx.Onnx;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.onnx.ExternalFiles;
import org.lora4j.internal.onnx.OnnxModels;
import org.lora4j.train.Progress;

/**
 * Where an ONNX model comes from: a file, with files beside it, or a resource of the class path.
 *
 * @apiNote Status: internal
 */
public final class OnnxSource {

    private static final int PIECE = 1 << 16;

    private final Path file;
    private final ClassLoader loader;
    private final String name;
    private final List<SourceFile> read = new ArrayList<>();

    private OnnxSource(Path file, ClassLoader loader, String name) {
        this.file = file;
        this.loader = loader;
        this.name = name;
    }

    /** A file. */
    public static OnnxSource of(Path file) {
        return new OnnxSource(file, null, file.toString());
    }

    /**
     * A resource.
     *
     * @param loader where to look
     */
    public static OnnxSource ofResource(ClassLoader loader, String resource) {
        return new OnnxSource(
                null,
                Objects.requireNonNull(loader, "OnnxExport: loader is null; expected a class loader"),
                Objects.requireNonNull(resource, "OnnxExport: resource is null; expected a name"));
    }

    /**
     * Reads the model, and takes note of its bytes.
     *
     * @throws ModelFormatException if it is none, or of 2 GiB or more
     */
    public Onnx.ModelProto model() throws IOException {
        read.clear();
        if (file == null) {
            try (InputStream in = loader.getResourceAsStream(name)) {
                if (in == null) {
                    throw new FileNotFoundException("OnnxExport: resource " + MessageText.name(name)
                            + " is not on the class path; expected an ONNX model. Add the artifact that holds it.");
                }
                return parse(in, 0);
            }
        }
        OnnxModels.require(file);
        return noted(file, in -> parse(in, Files.size(file)));
    }

    private Onnx.ModelProto parse(InputStream in, long size) throws IOException {
        Progress.Stage read = Progress.of("reading an ONNX model").stage("", "MiB", size / OnnxModels.MEBIBYTE);
        return OnnxModels.parse(in, name, read::advance);
    }

    private <T> T noted(Path path, SourceFile.Reader<T> reader) throws IOException {
        SourceFile.Read<T> result = SourceFile.read(path, reader);
        read.add(result.file());
        return result.value();
    }

    /**
     * The files beside the model.
     *
     * @return where to read tensors from that are not in it
     */
    public ExternalFiles files() {
        return file == null
                ? ExternalFiles.NONE
                : ExternalFiles.of(file.toAbsolutePath().getParent());
    }

    /**
     * Takes note of the bytes of files beside the model.
     *
     * @param reserved names that the files of the copy must not have
     * @throws IOException if one cannot be read
     */
    public void note(Set<String> locations, Set<String> reserved) throws IOException {
        Problems problems = new Problems();
        for (String location : locations) {
            Path path = file == null ? null : files().file(location);
            if (reserved.contains(location)) {
                problems.add("the model has weights in " + MessageText.name(location)
                        + ", expected a name other than those of the files of an export, " + Problems.quoted(reserved));
            } else if (path == null) {
                problems.add("the model has weights in " + MessageText.name(location)
                        + ", expected a regular file beside it or below");
            } else {
                noted(path, in -> null);
            }
        }
        if (!problems.isEmpty()) {
            throw new ModelFormatException(
                    problems.message(name) + ". Get the files of the model, all into one directory.");
        }
    }

    /**
     * Copies files beside the model, and puts new bytes into the copies.
     *
     * @param target the directory of the copy
     */
    public void copy(Set<String> locations, Map<ExternalFiles.Region, byte[]> regions, Path target) throws IOException {
        for (String location : locations) {
            Path copy = target.resolve(location);
            Files.createDirectories(copy.getParent());
            Map<Long, byte[]> patches = new LinkedHashMap<>();
            regions.forEach((region, bytes) -> {
                if (region.location().equals(location)) {
                    patches.put(region.offset(), bytes);
                }
            });
            Path source = files().file(location);
            WholeFile.write(copy, out -> patch(source, patches, out));
        }
    }

    private static void patch(Path source, Map<Long, byte[]> patches, OutputStream out) throws IOException {
        byte[] piece = new byte[PIECE];
        long at = 0;
        try (InputStream in = RegularFile.open(source, "weights of the model")) {
            for (int read = in.readNBytes(piece, 0, PIECE); read > 0; read = in.readNBytes(piece, 0, PIECE)) {
                for (Map.Entry<Long, byte[]> patch : patches.entrySet()) {
                    long offset = patch.getKey();
                    int from = (int) Math.max(0, Math.min(read, offset - at));
                    int to = (int) Math.max(from, Math.min(read, offset + patch.getValue().length - at));
                    if (from < to) {
                        System.arraycopy(patch.getValue(), (int) (at + from - offset), piece, from, to - from);
                    }
                }
                out.write(piece, 0, read);
                at += read;
            }
        }
    }

    /**
     * Refuses a model that is not what was read any more.
     *
     * @throws IOException if a file changed
     */
    public void requireUnchanged() throws IOException {
        for (SourceFile each : read) {
            each.requireUnchanged();
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
