/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Replaces several files of a directory together, and leaves every other file of it alone.
 *
 * <p>The new files are written to a folder of their own inside the directory and forced to the disk. Renaming that folder
 * is the moment of truth: before it the old files count, after it the new ones. Then the files move to their places, and
 * {@link #locate} finds each in whichever of the two places it is, so that a crash at any moment leaves either the old or
 * the new set complete for our reader. Readers that know nothing of this see no {@code last} file while the set is mixed,
 * and so fail instead of mixing.
 *
 * <p>A swap of whole directories would be shorter, but a directory may hold what is not ours: PEFT keeps further adapters
 * in folders below.
 */
final class StagedFiles implements AutoCloseable {

    static final String STAGING = ".lora4j-saving";
    static final String COMMITTED = ".lora4j-saved";

    /** One step of putting committed files in their places. */
    interface Step {
        void run() throws IOException;
    }

    private final Path directory;
    private final String last;
    private final boolean created;
    private boolean committed;

    private StagedFiles(Path directory, String last, boolean created) {
        this.directory = directory;
        this.last = last;
        this.created = created;
    }

    /** Starts a replacement; {@code last} is the file without which the others mean nothing to a reader. */
    static StagedFiles begin(Path directory, String last) throws IOException {
        boolean created = !Files.exists(directory, LinkOption.NOFOLLOW_LINKS);
        Files.createDirectories(directory);
        finish(directory, last);
        StagedFiles staged = new StagedFiles(directory, last, created);
        deleteTree(staged.staging());
        Files.createDirectory(staged.staging());
        return staged;
    }

    Path staging() {
        return directory.resolve(STAGING);
    }

    void write(String name, String text) throws IOException {
        try (FileChannel channel =
                FileChannel.open(staging().resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    void commit() throws IOException {
        for (Path file : list(staging())) {
            Path target = directory.resolve(file.getFileName());
            if (Files.isDirectory(target)) {
                throw new IOException(
                        target + ": is a directory; expected a file or nothing. Remove it or save elsewhere.");
            }
        }
        forceDirectory(staging());
        Files.move(staging(), directory.resolve(COMMITTED), StandardCopyOption.ATOMIC_MOVE);
        committed = true;
        forceDirectory(directory);
        finish(directory, last);
    }

    /** Whether the new files count already, even if they could not be put in their places. */
    boolean isCommitted() {
        return committed;
    }

    /** Puts committed files in their places, if a commit happened. */
    static void finish(Path directory, String last) throws IOException {
        for (Step step : steps(directory, last)) {
            step.run();
        }
    }

    static List<Step> steps(Path directory, String last) throws IOException {
        Path committed = directory.resolve(COMMITTED);
        List<Step> steps = new ArrayList<>();
        if (!Files.isDirectory(committed)) {
            return steps;
        }
        List<Path> files = new ArrayList<>(list(committed));
        Path lastFile = committed.resolve(last);
        if (files.remove(lastFile)) {
            steps.add(() -> Files.deleteIfExists(directory.resolve(last)));
            steps.add(() -> forceDirectory(directory));
            files.forEach(file -> steps.add(() -> moveUp(file, directory)));
            steps.add(() -> forceDirectory(directory));
            steps.add(() -> moveUp(lastFile, directory));
        }
        steps.add(() -> forceDirectory(directory));
        steps.add(() -> deleteTree(committed));
        return steps;
    }

    /** Where a file of the directory is to be read: in its place, or still in the folder of a commit cut short. */
    static Path locate(Path directory, String name) {
        Path committed = directory.resolve(COMMITTED).resolve(name);
        return Files.isRegularFile(committed) ? committed : directory.resolve(name);
    }

    /** Removes what was not committed. */
    @Override
    public void close() throws IOException {
        deleteTree(staging());
        if (created && list(directory).isEmpty()) {
            Files.delete(directory);
        }
    }

    private static void moveUp(Path file, Path directory) throws IOException {
        Files.move(
                file,
                directory.resolve(file.getFileName()),
                StandardCopyOption.REPLACE_EXISTING,
                StandardCopyOption.ATOMIC_MOVE);
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }

    private static void deleteTree(Path root) throws IOException {
        if (Files.isDirectory(root, LinkOption.NOFOLLOW_LINKS)) {
            for (Path child : list(root)) {
                deleteTree(child);
            }
        }
        Files.deleteIfExists(root);
    }

    private static void forceDirectory(Path directory) throws IOException {
        // Only POSIX systems let a directory be opened and forced; elsewhere renames are durable by themselves.
        if (directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
