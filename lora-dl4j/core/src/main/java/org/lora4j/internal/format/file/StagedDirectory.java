/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

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

/**
 * A directory that is there whole or not at all: its files are written to one of another name beside it, which is renamed
 * when they are complete. To replace a directory takes two renames, since systems rename none over one that has files: between
 * them the old one has another name, under which {@link #locate} finds it.
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
         */
        void writeTo(Path staging) throws IOException;
    }

    /**
     * Refuses a name that is taken, before anything is computed for it.
     *
     * @param where the call, for messages
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

    /**
     * Replaces a directory whole, or makes it.
     *
     * @param where the call, for messages
     * @param target the directory; all that is in it is replaced
     * @throws IOException if writing fails; the message says whether what was there before is unchanged, or the new directory
     *     is in its place and only something could not be removed
     */
    public static void replace(String where, Path target, Content content) throws IOException {
        Path absolute = target.toAbsolutePath().normalize();
        boolean isReplaced = false;
        try {
            WriteLock lock = WriteLock.take(beside(absolute, "lock"), WriteLock.SAVE);
            try {
                exchange(absolute, content);
                isReplaced = true;
                WholeFile.forceDirectory(absolute.getParent());
                discard(absolute);
            } finally {
                lock.close();
            }
        } catch (IOException e) {
            FileProblem problem = FileProblem.ofDirectory(absolute, e);
            String outcome = isReplaced
                    ? "; the new directory is complete and in its place, and the next save removes what is left of the old one. "
                    : "; what was there before is unchanged. ";
            throw new IOException(where + "(" + target + "): " + problem.what() + outcome + problem.advice(), e);
        }
    }

    private static void exchange(Path target, Content content) throws IOException {
        Path staging = beside(target, "saving");
        Path old = beside(target, "old");
        deleteTree(beside(target, "gone"));
        if (!locate(target).equals(target)) {
            Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
        }
        deleteTree(staging);
        try {
            Files.createDirectory(staging);
            content.writeTo(staging);
            force(staging);
            discard(target);
            if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
            }
            try {
                Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                if (Files.exists(old, LinkOption.NOFOLLOW_LINKS)) {
                    Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
                }
                throw e;
            }
        } finally {
            deleteTree(staging);
        }
    }

    /** Removes the old directory beside the new one. It gets another name first, so that no half of it is taken for the old one. */
    private static void discard(Path target) throws IOException {
        Path old = beside(target, "old");
        if (Files.exists(old, LinkOption.NOFOLLOW_LINKS)) {
            Path gone = beside(target, "gone");
            Files.move(old, gone, StandardCopyOption.ATOMIC_MOVE);
            deleteTree(gone);
        }
    }

    private static Path beside(Path target, String name) {
        return target.resolveSibling("." + target.getFileName() + ".lora4j-" + name);
    }

    /**
     * Where a directory is to be read that {@link #replace(String, Path, Content)} writes.
     *
     * @return the same, or the old one beside it, if a replacement was cut short between its renames
     */
    public static Path locate(Path target) {
        Path absolute = target.toAbsolutePath().normalize();
        if (absolute.getParent() == null || Files.exists(absolute, LinkOption.NOFOLLOW_LINKS)) {
            return target;
        }
        Path old = beside(absolute, "old");
        return Files.isDirectory(old, LinkOption.NOFOLLOW_LINKS) ? old : target;
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
            deleteTree(staging);
            if (parentIsNew && staging.getParent() != null && isEmpty(staging.getParent())) {
                Files.deleteIfExists(staging.getParent());
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> tree = Files.walk(root)) {
            deepestFirst = tree.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : deepestFirst) {
            Files.delete(path);
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
