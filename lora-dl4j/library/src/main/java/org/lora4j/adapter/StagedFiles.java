/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.file.WriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces several files of a directory together, and leaves every other file of it alone.
 *
 * <p>The new files are written to a folder of their own inside the directory and forced to the disk. Renaming that folder
 * is the moment of truth: before it the old files count, after it the new ones. Then the files move to their places, and
 * {@link #locate} finds each in whichever of the two places it is, so that a crash at any moment leaves either the old or
 * the new set complete for our reader. Readers that know nothing of this see no config while the set is mixed, and so fail
 * instead of mixing.
 *
 * <p>A swap of whole directories would be shorter, but a directory may hold what is not ours: PEFT keeps further adapters
 * in folders below.
 *
 * <p>The directory may be a stranger's. So only a real folder with regular files of our names in it is taken for what a
 * save left behind; links are not followed, and anything else in the place of that folder is put aside, not removed.
 */
final class StagedFiles implements AutoCloseable {

    static final String STAGING = ".lora4j-saving";
    static final String COMMITTED = ".lora4j-saved";
    static final String ASIDE = ".lora4j-found-";
    static final String LOCK = ".lora4j-lock";

    private static final Logger LOG = LoggerFactory.getLogger(StagedFiles.class);

    /** One step of putting committed files in their places. */
    interface Step {
        void run() throws IOException;
    }

    /**
     * The files of a set.
     *
     * @param last the one without which the others mean nothing to a reader
     * @param others all others
     */
    record Names(String last, List<String> others) {}

    private final Path directory;
    private final Names names;
    private final boolean created;
    private final WriteLock lock;
    private boolean committed;

    private StagedFiles(Path directory, Names names, boolean created, WriteLock lock) {
        this.directory = directory;
        this.names = names;
        this.created = created;
        this.lock = lock;
    }

    /** Starts a replacement; waits for another one of the same directory. */
    static StagedFiles begin(Path directory, Names names) throws IOException {
        boolean created = !Files.exists(directory, LinkOption.NOFOLLOW_LINKS);
        StagedFiles staged =
                new StagedFiles(directory, names, created, WriteLock.take(directory.resolve(LOCK), WriteLock.SAVE));
        try {
            finish(directory, names);
            deleteTree(staged.staging());
            Files.createDirectory(staged.staging());
            return staged;
        } catch (IOException | RuntimeException | Error e) {
            staged.close();
            throw e;
        }
    }

    Path staging() {
        return directory.resolve(STAGING);
    }

    void write(String name, String text) throws IOException {
        WholeFile.write(staging().resolve(name), text);
    }

    void commit() throws IOException {
        for (Path file : list(staging())) {
            Path target = directory.resolve(file.getFileName());
            if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
                throw new FileSystemException(
                        target.toString(),
                        null,
                        "is a directory; expected a file or nothing. Remove it or save elsewhere");
            }
        }
        WholeFile.forceDirectory(staging());
        Files.move(staging(), directory.resolve(COMMITTED), StandardCopyOption.ATOMIC_MOVE);
        committed = true;
        WholeFile.forceDirectory(directory);
        finish(directory, names);
    }

    /** Whether the new files count already, even if they could not be put in their places. */
    boolean isCommitted() {
        return committed;
    }

    /** Puts committed files in their places, if a commit happened. */
    private static void finish(Path directory, Names names) throws IOException {
        for (Step step : steps(directory, names)) {
            step.run();
        }
    }

    static List<Step> steps(Path directory, Names names) {
        Path committed = directory.resolve(COMMITTED);
        List<Step> steps = new ArrayList<>();
        if (!Files.exists(committed, LinkOption.NOFOLLOW_LINKS)) {
            return steps;
        }
        if (isCommitted(directory, names.last())) {
            steps.add(() -> Files.deleteIfExists(directory.resolve(names.last())));
            steps.add(() -> WholeFile.forceDirectory(directory));
            names.others().stream()
                    .filter(name -> isCommitted(directory, name))
                    .forEach(name -> steps.add(() -> moveUp(directory, name)));
            steps.add(() -> WholeFile.forceDirectory(directory));
            steps.add(() -> moveUp(directory, names.last()));
        }
        steps.add(() -> WholeFile.forceDirectory(directory));
        steps.add(() -> removeOrPutAside(directory, committed));
        return steps;
    }

    /** Whether a commit cut short left a file of this name. */
    private static boolean isCommitted(Path directory, String name) {
        Path committed = directory.resolve(COMMITTED);
        return Files.isDirectory(committed, LinkOption.NOFOLLOW_LINKS)
                && Files.isRegularFile(committed.resolve(name), LinkOption.NOFOLLOW_LINKS);
    }

    /** Where a file of the directory is to be read: in its place, or still in the folder of a commit cut short. */
    static Path locate(Path directory, String name) {
        return isCommitted(directory, name) ? directory.resolve(COMMITTED).resolve(name) : directory.resolve(name);
    }

    /** Nothing of ours is left there; what somebody else put there is in the way of the next commit, and not ours to delete. */
    private static void removeOrPutAside(Path directory, Path committed) throws IOException {
        if (Files.isDirectory(committed, LinkOption.NOFOLLOW_LINKS)
                && list(committed).isEmpty()) {
            Files.delete(committed);
            return;
        }
        Path aside = directory.resolve(ASIDE + Long.toHexString(System.nanoTime()));
        Files.move(committed, aside, StandardCopyOption.ATOMIC_MOVE);
        LOG.warn(
                "{}: it was no folder that a save had left, or held what no save writes, and is called {} now",
                committed,
                aside);
    }

    /** Removes what was not committed, and lets the next writer in. */
    @Override
    public void close() throws IOException {
        try {
            deleteTree(staging());
        } finally {
            lock.close();
        }
        if (created && !committed) {
            try {
                Files.deleteIfExists(directory);
            } catch (DirectoryNotEmptyException e) {
                // Another writer was waiting for its turn.
            }
        }
    }

    private static void moveUp(Path directory, String name) throws IOException {
        Files.move(
                directory.resolve(COMMITTED).resolve(name),
                directory.resolve(name),
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
}
