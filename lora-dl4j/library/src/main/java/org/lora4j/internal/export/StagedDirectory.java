/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.FileProblem;
import org.lora4j.internal.format.file.WholeFile;

/**
 * A directory that is there whole or not at all: its files are written to one of another name beside it, which is renamed
 * when they are complete.
 *
 * @apiNote Status: internal
 */
public final class StagedDirectory {

    private StagedDirectory() {}

    /** What a directory is to hold. */
    @FunctionalInterface
    public interface Content {

        /**
         * Writes it.
         *
         * @param staging the directory to write to
         * @throws IOException if writing fails
         */
        void writeTo(Path staging) throws IOException;
    }

    /**
     * Refuses a name that is taken, before anything is computed for it.
     *
     * @param where the call, for messages
     * @param target the directory to be
     * @throws FileAlreadyExistsException if there is something of this name
     */
    public static void requireFree(String where, Path target) throws FileAlreadyExistsException {
        Path absolute = target.toAbsolutePath().normalize();
        if (absolute.getParent() == null || Files.exists(absolute, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileAlreadyExistsException(where + ": " + MessageText.path(target)
                    + " exists; expected the name of a directory to make. Nothing is replaced: name another one, or"
                    + " remove it.");
        }
    }

    /**
     * Writes a directory.
     *
     * @param where the call, for messages
     * @param target the directory, which must not exist
     * @param content what it is to hold
     * @throws IOException if it exists or writing fails; nothing is left behind then
     */
    public static void write(String where, Path target, Content content) throws IOException {
        Path absolute = target.toAbsolutePath().normalize();
        Path parent = absolute.getParent();
        requireFree(where, target);
        boolean parentIsNew = !Files.exists(parent, LinkOption.NOFOLLOW_LINKS);
        Path staging = parent.resolve("." + absolute.getFileName() + "."
                + ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime()) + ".tmp");
        try {
            Files.createDirectories(parent);
            Files.createDirectory(staging);
            content.writeTo(staging);
            force(staging);
            // An empty directory that somebody made meanwhile would be replaced by the rename.
            requireFree(where, target);
            move(staging, absolute);
            WholeFile.forceDirectory(parent);
        } catch (IOException e) {
            deleteAfter(staging, parentIsNew, e);
            throw explained(where, target, e);
        } catch (RuntimeException | Error e) {
            deleteAfter(staging, parentIsNew, e);
            throw e;
        }
    }

    private static void move(Path staging, Path target) throws IOException {
        try {
            Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(staging, target);
        }
    }

    /** What the content itself throws, such as a damaged model that it is read from, is a matter of its own. */
    private static IOException explained(String where, Path target, IOException failure) {
        if (failure.getClass() != IOException.class
                        && !(failure.getClass().getPackageName().equals("java.nio.file"))
                || failure instanceof FileAlreadyExistsException) {
            return failure;
        }
        FileProblem problem = FileProblem.ofDirectory(target, failure);
        return new IOException(
                where + ": " + MessageText.path(target) + " cannot be written: " + problem.what()
                        + "; nothing is left of it. " + problem.advice(),
                failure);
    }

    private static void force(Path root) throws IOException {
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path directory : tree.filter(Files::isDirectory).toList()) {
                WholeFile.forceDirectory(directory);
            }
        }
    }

    /** What cannot be removed must not hide why the write failed. */
    private static void deleteAfter(Path staging, boolean parentIsNew, Throwable failure) {
        try {
            if (Files.exists(staging, LinkOption.NOFOLLOW_LINKS)) {
                List<Path> deepestFirst;
                try (Stream<Path> tree = Files.walk(staging)) {
                    deepestFirst = tree.sorted(Comparator.reverseOrder()).toList();
                }
                for (Path path : deepestFirst) {
                    Files.delete(path);
                }
            }
            if (parentIsNew && staging.getParent() != null && isEmpty(staging.getParent())) {
                Files.deleteIfExists(staging.getParent());
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private static boolean isEmpty(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.findAny().isEmpty();
        }
    }
}
