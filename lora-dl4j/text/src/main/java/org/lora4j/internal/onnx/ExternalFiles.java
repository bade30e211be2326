/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onnx;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import onnx.Onnx;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;

/**
 * The files beside a model in which the elements of its tensors are. A model is a stranger's: it names only files in its own
 * directory or below, no links, and no bytes beyond their ends.
 *
 * <p><i>Source.</i> ONNX, docs/ExternalData.md: keys {@code location}, {@code offset}, {@code length}.
 *
 * @apiNote Status: internal
 */
public final class ExternalFiles {

    /** For models that are not in a directory. */
    public static final ExternalFiles NONE = new ExternalFiles(null);

    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");
    private static final Pattern PART = Pattern.compile("[^\\\\/:\\x00-\\x1f]+");

    private final Path directory;

    private ExternalFiles(Path directory) {
        this.directory = directory;
    }

    /**
     * A part of a file.
     *
     * @param location path of the file from the directory of the model
     * @param offset where it begins
     * @param length its bytes
     */
    public record Region(String location, long offset, long length) {}

    /** The files of a model. */
    public static ExternalFiles of(Path directory) {
        return new ExternalFiles(directory);
    }

    /**
     * Whether the elements of a tensor are in another file.
     *
     * @return true if so
     */
    public static boolean isExternal(Onnx.TensorProto tensor) {
        return tensor.getDataLocation() == Onnx.TensorProto.DataLocation.EXTERNAL;
    }

    /**
     * Where the elements of a tensor are.
     *
     * @param tensor a tensor of another file
     * @param bytes how many they have to be
     * @param problems takes what is wrong
     * @return the region, or nothing and one more problem
     */
    public Optional<Region> region(Onnx.TensorProto tensor, long bytes, Problems problems) {
        Map<String, String> fields = new HashMap<>();
        tensor.getExternalDataList().forEach(entry -> fields.put(entry.getKey(), entry.getValue()));
        String where = "tensor \"" + tensor.getName() + "\"";
        String location = fields.getOrDefault("location", "");
        Path file = directory == null ? null : file(location);
        if (file == null) {
            problems.add(where + " is in the file " + MessageText.name(location) + ", expected "
                    + (directory == null ? "weights in the model itself" : "a regular file below " + directory)
                    + (directory == null ? ": read the model from its directory" : ""));
            return Optional.empty();
        }
        String offset = fields.getOrDefault("offset", "0");
        String length = fields.getOrDefault("length", Long.toString(bytes));
        if (!NUMBER.matcher(offset).matches() || !length.equals(Long.toString(bytes))) {
            problems.add(where + " is at offset " + MessageText.name(offset) + " with length "
                    + MessageText.name(length) + ", expected an offset and " + bytes + " bytes");
            return Optional.empty();
        }
        Region region = new Region(location, Long.parseLong(offset), bytes);
        long size = file.toFile().length();
        if (region.offset() + bytes > size) {
            problems.add(where + " ends at byte " + (region.offset() + bytes) + " of " + MessageText.name(location)
                    + ", expected at most " + size + ", the size of the file");
            return Optional.empty();
        }
        return Optional.of(region);
    }

    /**
     * The file of a location.
     *
     * @param location as {@link #region} gave it
     * @return the file, or null if it is none of the model's
     */
    public Path file(String location) {
        Path path = directory;
        for (String part : location.split("/", -1)) {
            if (!PART.matcher(part).matches() || part.equals(".") || part.equals("..") || Files.isSymbolicLink(path)) {
                return null;
            }
            path = path.resolve(part);
        }
        return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) ? path : null;
    }

    /**
     * Reads a region.
     *
     * @param region below 2 GiB
     * @throws IOException if they cannot be read
     */
    byte[] read(Region region) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(region.length()));
        try (FileChannel channel = RegularFile.channel(file(region.location()), "weights of the model")) {
            RegularFile.fill(region.location(), channel, region.offset(), bytes);
        } catch (EOFException e) {
            throw new IOException(
                    e.getMessage() + "; expected " + (region.offset() + region.length())
                            + " bytes. Somebody writes to it: read it when it is complete.",
                    e);
        }
        return bytes.array();
    }
}
