/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.Sha256;

/**
 * The files of a directory as a value, which travels.
 *
 * @param files by their paths below the directory, with slashes, in order
 */
record SavedFiles(Map<String, byte[]> files) implements Serializable {

    private static final long serialVersionUID = 1;

    /** No file. */
    static final SavedFiles NONE = new SavedFiles(new TreeMap<>());

    /** Takes all files of a directory, or a single file. */
    static SavedFiles read(Path directory) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        for (Path file : all(directory)) {
            try (InputStream in = RegularFile.open(file, "a file of a model")) {
                files.put(name(directory, file), in.readAllBytes());
            }
        }
        return new SavedFiles(files);
    }

    /** How many bytes the files of a directory have. */
    static long bytes(Path directory) throws IOException {
        long bytes = 0;
        for (Path file : all(directory)) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    /** The hash of names and contents of the files of a directory, the same as that of {@link #hash()}. */
    static String hash(Path directory) throws IOException {
        MessageDigest whole = Sha256.begin();
        Map<String, Path> files = new TreeMap<>();
        for (Path file : all(directory)) {
            files.put(name(directory, file), file);
        }
        for (Map.Entry<String, Path> file : files.entrySet()) {
            MessageDigest one = Sha256.begin();
            try (InputStream in = new DigestInputStream(RegularFile.open(file.getValue(), "a file of a model"), one)) {
                in.transferTo(java.io.OutputStream.nullOutputStream());
            }
            add(whole, file.getKey(), one.digest());
        }
        return HexFormat.of().formatHex(whole.digest());
    }

    /** The hash of names and contents. */
    String hash() {
        MessageDigest whole = Sha256.begin();
        files.forEach((name, bytes) -> add(whole, name, Sha256.begin().digest(bytes)));
        return HexFormat.of().formatHex(whole.digest());
    }

    private static void add(MessageDigest whole, String name, byte[] content) {
        whole.update(name.getBytes(StandardCharsets.UTF_8));
        whole.update((byte) 0);
        whole.update(content);
    }

    /** The hash of each file by its name. */
    Map<String, String> hashes() {
        Map<String, String> hashes = new LinkedHashMap<>();
        files.forEach((name, bytes) -> hashes.put(name, Sha256.of(bytes)));
        return hashes;
    }

    /** Writes all files into a folder of ours. */
    void writeTo(Path folder) throws IOException {
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path to = folder.resolve(file.getKey()).normalize();
            if (!to.startsWith(folder)) {
                throw new IOException(
                        "a file of a model is called " + file.getKey() + "; expected a path below its folder.");
            }
            Files.createDirectories(to.getParent());
            Files.copy(new ByteArrayInputStream(file.getValue()), to);
        }
    }

    private static List<Path> all(Path directory) throws IOException {
        if (Files.isRegularFile(directory)) {
            return List.of(directory);
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            return tree.filter(Files::isRegularFile).toList();
        }
    }

    private static String name(Path directory, Path file) {
        Path below = directory.equals(file) ? file.getFileName() : directory.relativize(file);
        return below.toString().replace('\\', '/');
    }
}
