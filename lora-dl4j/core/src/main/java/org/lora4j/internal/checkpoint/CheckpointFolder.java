/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.checkpoint;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.WriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one run in a directory, {@code checkpoint-000000000100.safetensors} being that after step 100. Other
 * files of the directory are left alone.
 *
 * <p>At every moment the directory holds the last checkpoint that was written, whole: a new one is written under another
 * name, forced to the disk and renamed before an old one is deleted.
 *
 * <p><b>Threads.</b> One writer: an open folder is locked for everybody else.
 *
 * @apiNote Status: internal
 */
public final class CheckpointFolder implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(CheckpointFolder.class);
    private static final Pattern NAME = Pattern.compile("checkpoint-\\d{12}\\.safetensors");
    private static final Pattern UNFINISHED = Pattern.compile("\\.checkpoint-\\d{12}\\.safetensors\\..*\\.tmp");

    /** Not that of saves, which wait for each other: the adapter beside the checkpoints is saved while this is held. */
    private static final String LOCK = ".lora4j-run-lock";

    /** Two runs in one directory are a mistake; but one that is just ending is given the time. */
    private static final Duration WAIT = Duration.ofSeconds(2);

    private final Path directory;
    private final WriteLock lock;

    private CheckpointFolder(Path directory, WriteLock lock) {
        this.directory = directory;
        this.lock = lock;
    }

    /**
     * Opens a directory, which is made if it is not there, and removes what a killed process left half-written.
     *
     * @return the folder, to be closed
     * @throws IOException if the directory cannot be made or read, or another run has it open
     */
    public static CheckpointFolder open(Path directory) throws IOException {
        CheckpointFolder folder = new CheckpointFolder(directory, WriteLock.take(directory.resolve(LOCK), WAIT));
        try {
            for (Path unfinished : list(directory, UNFINISHED)) {
                Files.deleteIfExists(unfinished);
            }
            return folder;
        } catch (IOException | RuntimeException | Error e) {
            folder.close();
            throw e;
        }
    }

    /**
     * Whether a directory has no checkpoint, told without opening it.
     *
     * @param directory the directory, which may not be there
     * @return true if there is none, sound or not
     * @throws IOException if the directory cannot be read
     */
    public static boolean isEmpty(Path directory) throws IOException {
        return !Files.exists(directory) || list(directory, NAME).isEmpty();
    }

    /**
     * The checkpoints that are there, sound or not.
     *
     * @return files, the latest first
     * @throws IOException if the directory cannot be read
     */
    public List<Path> files() throws IOException {
        return list(directory, NAME);
    }

    /**
     * The checkpoints of a directory that nobody opens.
     *
     * @param directory the directory
     * @return files, the earliest first
     * @throws IOException if it cannot be read
     */
    public static List<Path> filesIn(Path directory) throws IOException {
        List<Path> files = new ArrayList<>(list(directory, NAME));
        Collections.reverse(files);
        return files;
    }

    /**
     * Reads one checkpoint.
     *
     * @param file the file
     * @return what it holds, to be closed
     * @throws IOException if it is damaged or cannot be read
     */
    public static CheckpointContent read(Path file) throws IOException {
        return CheckpointFile.read(file);
    }

    /**
     * Takes up one checkpoint, wherever it is.
     *
     * @param file the file
     * @param use takes up what it holds
     * @throws IOException if it is damaged or cannot be read
     */
    public static void use(Path file, Consumer<CheckpointContent> use) throws IOException {
        try {
            use.accept(CheckpointFile.read(file));
        } catch (UnusableContentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Writes what a checkpoint holds to another directory.
     *
     * @param file the file
     * @param directory where to; made if it is not there
     * @throws IOException if it is damaged, or cannot be read or written
     */
    public static void copy(Path file, Path directory) throws IOException {
        try (CheckpointContent content = read(file)) {
            Files.createDirectories(directory);
            CheckpointFile.write(directory.resolve(file.getFileName()), content);
        }
    }

    /**
     * Whether a file has the name of the checkpoint of a step.
     *
     * @return true if so
     */
    public static boolean isNamedFor(Path file, long step) {
        return file.getFileName().toString().equals(nameOf(step));
    }

    private static String nameOf(long step) {
        return String.format(Locale.ROOT, "checkpoint-%012d.safetensors", step);
    }

    /**
     * Writes a checkpoint and deletes old ones.
     *
     * @param step number of the step after which it was taken
     * @param keep how many to keep, this one included, 1 or more
     * @throws IOException if writing fails; all earlier checkpoints are still there then
     */
    public void write(long step, CheckpointContent content, int keep) throws IOException {
        CheckpointFile.write(directory.resolve(nameOf(step)), content);
        List<Path> files = files();
        for (Path old : files.subList(Math.min(keep, files.size()), files.size())) {
            Files.deleteIfExists(old);
        }
    }

    /**
     * Takes up the latest sound checkpoint. Damaged ones behind it are named in the log.
     *
     * @param use takes up what a checkpoint holds, and is given the one before it if it throws {@link
     *     UnusableContentException}
     * @return whether one was taken up; no if the directory has no checkpoint
     * @throws IOException if there are checkpoints and all of them are damaged; the message lists them
     */
    public boolean useLatest(Consumer<CheckpointContent> use) throws IOException {
        Problems damaged = new Problems();
        for (Path file : files()) {
            try {
                use.accept(CheckpointFile.read(file));
                return true;
            } catch (AccessDeniedException e) {
                // It may be sound.
                throw e;
            } catch (IOException e) {
                damaged.add(e.getMessage());
            } catch (UnusableContentException e) {
                damaged.add(file + ": " + e.getMessage());
            }
            LOG.warn(
                    "checkpoint {} is damaged ({}): the one before it is used",
                    file,
                    damaged.list().get(damaged.list().size() - 1));
        }
        if (damaged.isEmpty()) {
            return false;
        }
        throw new IOException(damaged.message("checkpoints in " + directory + ": all "
                        + damaged.list().size() + " are damaged")
                + "; expected a sound one. Remove them to start the run anew.");
    }

    private static List<Path> list(Path directory, Pattern names) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(
                            file -> names.matcher(file.getFileName().toString()).matches())
                    .sorted(Comparator.reverseOrder())
                    .toList();
        }
    }

    /**
     * Lets others open the directory.
     *
     * @throws IOException if the lock cannot be removed
     */
    @Override
    public void close() throws IOException {
        lock.close();
    }
}
