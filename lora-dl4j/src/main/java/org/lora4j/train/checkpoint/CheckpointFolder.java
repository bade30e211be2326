/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.lora4j.error.Problems;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one run in a directory, {@code checkpoint-000000000100.safetensors} being that after step 100. Other
 * files of the directory are left alone.
 *
 * <p>At every moment the directory holds the last checkpoint that was written, whole: a new one is written under another
 * name, forced to the disk and renamed before an old one is deleted.
 *
 * <p><b>Threads.</b> One writer.
 *
 * @apiNote Status: internal
 */
public final class CheckpointFolder {

    private static final Logger LOG = LoggerFactory.getLogger(CheckpointFolder.class);
    private static final Pattern NAME = Pattern.compile("checkpoint-\\d{12}\\.safetensors");
    private static final Pattern UNFINISHED = Pattern.compile("\\.checkpoint-\\d{12}\\.safetensors\\..*\\.tmp");

    private final Path directory;

    private CheckpointFolder(Path directory) {
        this.directory = directory;
    }

    /**
     * Opens a directory, which is made if it is not there, and removes what a killed process left half-written.
     *
     * @param directory the directory
     * @return the folder
     * @throws IOException if the directory cannot be made or read
     */
    public static CheckpointFolder open(Path directory) throws IOException {
        Files.createDirectories(directory);
        for (Path unfinished : list(directory, UNFINISHED)) {
            Files.deleteIfExists(unfinished);
        }
        return new CheckpointFolder(directory);
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
     * Writes a checkpoint and deletes old ones.
     *
     * @param step number of the step after which it was taken
     * @param content what it holds
     * @param keep how many to keep, this one included, 1 or more
     * @throws IOException if writing fails; all earlier checkpoints are still there then
     */
    public void write(long step, CheckpointContent content, int keep) throws IOException {
        CheckpointFile.write(directory.resolve(String.format("checkpoint-%012d.safetensors", step)), content);
        force();
        List<Path> files = files();
        for (Path old : files.subList(Math.min(keep, files.size()), files.size())) {
            Files.deleteIfExists(old);
        }
    }

    /**
     * Reads the latest sound checkpoint. Damaged ones behind it are named in the log.
     *
     * @return what it holds, or empty if the directory has no checkpoint
     * @throws IOException if there are checkpoints and all of them are damaged; the message lists them
     */
    public Optional<CheckpointContent> latest() throws IOException {
        Problems damaged = new Problems();
        for (Path file : files()) {
            try {
                return Optional.of(CheckpointFile.read(file));
            } catch (IOException e) {
                LOG.warn("checkpoint {} is damaged ({}): the one before it is used", file, e.getMessage());
                damaged.add(e.getMessage());
            }
        }
        if (damaged.isEmpty()) {
            return Optional.empty();
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

    private void force() throws IOException {
        // Only POSIX systems let a directory be opened and forced; elsewhere renames are durable by themselves.
        if (directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
