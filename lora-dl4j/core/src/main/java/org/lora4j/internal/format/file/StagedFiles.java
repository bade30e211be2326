/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces the files of a save in a directory together: those that only an earlier save had are removed with it, so that no
 * reader takes the one for the other. Every other file of the directory is left alone.
 *
 * <p>The new files are written to a folder of their own inside the directory and forced to the disk. Renaming that folder
 * is the moment of truth: before it the old files count, after it the new ones. Then the files move to their places, and
 * {@link #locate} finds each in whichever of the two places it is, so that a crash at any moment leaves either the old or
 * the new set complete for our reader. Readers that know nothing of this see no config while the set is mixed, and so fail
 * instead of mixing. Which old files go is told by a mark in that folder, which is there until they are gone: a file that has
 * moved to its place is missing in the folder as well, and must stay.
 *
 * <p>A swap of whole directories would be shorter, but a directory may hold what is not ours: PEFT keeps further adapters
 * in folders below.
 *
 * <p>The directory may be a stranger's. So only a real folder with regular files of our names in it is taken for what a
 * save left behind; links are not followed, and anything else in the place of that folder is put aside, not removed. The names
 * are those of all saves together: each finishes what any other left.
 *
 * @apiNote Status: internal
 */
public final class StagedFiles implements AutoCloseable {

    /** The folder of new files that do not count yet. */
    public static final String STAGING = ".lora4j-saving";

    /** The folder of new files that count. */
    public static final String COMMITTED = ".lora4j-saved";

    /** How the name begins that something gets which is in the place of that folder. */
    public static final String ASIDE = ".lora4j-found-";

    static final String LOCK = ".lora4j-lock";

    /** In the folder of new files that count until what they replace is gone. */
    static final String REPLACING = ".lora4j-replacing";

    /** The model card. */
    public static final String CARD = "README.md";

    /** What a model card has in it that a save may replace. */
    public static final String CARD_MARK = "<!-- Written by lora4j. Remove this line to keep your own text. -->";

    /** Behind so much somebody else's text the mark is not ours. */
    private static final int MOST_OF_CARD = 1 << 20;

    /** Files without which all others mean nothing to a reader: they go first and come last. */
    private static final List<String> HEADS =
            List.of("adapter_config.json", "lora4j_text.json", "lora4j_image.json", "tribuo_outputs.json");

    private static final List<String> OTHERS = List.of(
            "adapter_model.safetensors",
            "lora4j_text.safetensors",
            "lora4j_image.safetensors",
            "lora4j_receipt.json",
            "bom.cdx.json",
            "model.sig",
            CARD);

    private static final Logger LOG = LoggerFactory.getLogger(StagedFiles.class);

    /** One step of putting committed files in their places. */
    interface Step {
        void run() throws IOException;
    }

    private final Path directory;
    private final boolean created;
    private final WriteLock lock;
    private boolean committed;

    private StagedFiles(Path directory, boolean created, WriteLock lock) {
        this.directory = directory;
        this.created = created;
        this.lock = lock;
    }

    /**
     * Writes files of a directory in one commit.
     *
     * @param where the call, for messages
     * @param directory the directory; created if missing, other files of it stay
     * @param content writes them, to a folder that is empty; they have names that saves have
     * @throws IOException if writing fails; the message says which files count then, and before the commit that is what was
     *     there before, unchanged
     */
    public static void replace(String where, Path directory, StagedDirectory.Content content) throws IOException {
        boolean isCommitted = false;
        try (StagedFiles staged = begin(directory)) {
            try {
                content.writeTo(staged.staging());
                staged.commit();
            } finally {
                isCommitted = staged.committed;
            }
        } catch (IOException e) {
            FileProblem problem = FileProblem.ofDirectory(directory, e);
            String outcome = isCommitted
                    ? "; the new files are complete and lora4j loads them, and the next save puts them in place. "
                    : "; what was there before is unchanged. ";
            throw new IOException(where + "(" + directory + "): " + problem.what() + outcome + problem.advice(), e);
        }
    }

    /** Starts a replacement; waits for another one of the same directory. */
    static StagedFiles begin(Path directory) throws IOException {
        boolean created = !Files.exists(directory, LinkOption.NOFOLLOW_LINKS);
        StagedFiles staged =
                new StagedFiles(directory, created, WriteLock.take(directory.resolve(LOCK), WriteLock.SAVE));
        try {
            finish(directory);
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

    void commit() throws IOException {
        if (!mayReplaceCard(directory.resolve(CARD))) {
            Files.deleteIfExists(staging().resolve(CARD));
        }
        for (Path file : list(staging())) {
            String name = file.getFileName().toString();
            if (!HEADS.contains(name) && !OTHERS.contains(name)
                    || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                throw new IllegalArgumentException("\"" + name + "\" is no file that a save may write; expected one of "
                        + HEADS + " or " + OTHERS + ". A new one has its line in StagedFiles.");
            }
            Path target = directory.resolve(name);
            if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
                throw new FileSystemException(
                        target.toString(),
                        null,
                        "is a directory; expected a file or nothing. Remove it or save elsewhere");
            }
        }
        Files.createFile(staging().resolve(REPLACING));
        WholeFile.forceDirectory(staging());
        Files.move(staging(), directory.resolve(COMMITTED), StandardCopyOption.ATOMIC_MOVE);
        committed = true;
        WholeFile.forceDirectory(directory);
        finish(directory);
    }

    /** Whether the card of a directory is missing or still as we wrote it. */
    private static boolean mayReplaceCard(Path card) throws IOException {
        if (!Files.exists(card, LinkOption.NOFOLLOW_LINKS)) {
            return true;
        }
        // Any bytes are valid in this charset, and the mark is plain ASCII.
        return Files.isRegularFile(card)
                && new String(RegularFile.start(card, MOST_OF_CARD), StandardCharsets.ISO_8859_1).contains(CARD_MARK);
    }

    /** Puts committed files in their places, if a commit happened. */
    private static void finish(Path directory) throws IOException {
        for (Step step : steps(directory)) {
            step.run();
        }
    }

    static List<Step> steps(Path directory) throws IOException {
        Path committed = directory.resolve(COMMITTED);
        List<Step> steps = new ArrayList<>();
        if (!Files.exists(committed, LinkOption.NOFOLLOW_LINKS)) {
            return steps;
        }
        List<String> heads =
                HEADS.stream().filter(name -> isCommitted(directory, name)).toList();
        if (!heads.isEmpty()) {
            heads.forEach(name -> steps.add(() -> Files.deleteIfExists(directory.resolve(name))));
            if (isCommitted(directory, REPLACING)) {
                replaced(directory).forEach(name -> steps.add(() -> Files.deleteIfExists(directory.resolve(name))));
                steps.add(() -> WholeFile.forceDirectory(directory));
                steps.add(() -> Files.deleteIfExists(committed.resolve(REPLACING)));
            }
            steps.add(() -> WholeFile.forceDirectory(directory));
            OTHERS.stream()
                    .filter(name -> isCommitted(directory, name))
                    .forEach(name -> steps.add(() -> moveUp(directory, name)));
            steps.add(() -> WholeFile.forceDirectory(directory));
            heads.forEach(name -> steps.add(() -> moveUp(directory, name)));
        }
        steps.add(() -> WholeFile.forceDirectory(directory));
        steps.add(() -> removeOrPutAside(directory, committed));
        return steps;
    }

    /** Files of earlier saves that the new one does not have; a card only if it is as a save wrote it. */
    private static List<String> replaced(Path directory) throws IOException {
        List<String> names = new ArrayList<>();
        for (String name : Stream.concat(HEADS.stream(), OTHERS.stream()).toList()) {
            Path old = directory.resolve(name);
            boolean ours = !name.equals(CARD) || mayReplaceCard(old);
            if (!isCommitted(directory, name) && ours && Files.isRegularFile(old, LinkOption.NOFOLLOW_LINKS)) {
                names.add(name);
            }
        }
        return names;
    }

    /** Whether a commit cut short left a file of this name. */
    private static boolean isCommitted(Path directory, String name) {
        Path committed = directory.resolve(COMMITTED);
        return Files.isDirectory(committed, LinkOption.NOFOLLOW_LINKS)
                && Files.isRegularFile(committed.resolve(name), LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * Where a file of a directory is to be read.
     *
     * @return its place, or that in the folder of a commit cut short
     */
    public static Path locate(Path directory, String name) {
        return isCommitted(directory, name) ? directory.resolve(COMMITTED).resolve(name) : directory.resolve(name);
    }

    /**
     * Where a file of a directory is to be read that a save may leave out: one of an earlier save, which is about to be removed, does
     * not count.
     *
     * @return its place, or nothing if the directory has none
     */
    public static Optional<Path> locateIfAny(Path directory, String name) {
        Path found = locate(directory, name);
        boolean maybeOld = found.getParent().equals(directory) && isCommitted(directory, REPLACING);
        return maybeOld || !Files.exists(found) ? Optional.empty() : Optional.of(found);
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
