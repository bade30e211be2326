/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One writer at a time for files that belong together, among threads and among processes: a lock on a file that is there
 * for as long as somebody writes. The system releases it when a process ends, however that ends; a file that was left
 * behind then is in nobody's way.
 *
 * <p><b>Threads.</b> Safe; any thread may close it.
 *
 * @apiNote Status: internal
 */
public final class WriteLock implements AutoCloseable {

    /** How long a save waits for another one; saving even a large adapter takes seconds. */
    public static final Duration SAVE = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(WriteLock.class);

    private static final Duration BETWEEN = Duration.ofMillis(20);

    /**
     * The files that this process has locked. Asking the system first would not do: on POSIX systems closing any channel of a file gives
     * up all locks that the process has on it.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path file;
    private final FileChannel channel;

    private WriteLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Takes a lock, and waits for it if somebody else has it.
     *
     * @param file the file that stands for the lock; made if it is not there, and its directory, too
     * @param most how long to wait
     * @return the lock, to be closed
     * @throws IOException if somebody else has it for longer, the thread is interrupted while it waits, or the file cannot
     *     be made
     */
    public static WriteLock take(Path file, Duration most) throws IOException {
        Deadline end = Deadline.in(most, "WriteLock: most");
        while (true) {
            Optional<WriteLock> lock = tryTake(file);
            if (lock.isPresent()) {
                return lock.get();
            }
            if (end.isOver()) {
                throw new IOException(file.toAbsolutePath().getParent()
                        + ": another thread or process is writing there and holds " + file.getFileName()
                        + "; expected it to be done within " + most.toSeconds()
                        + " s. Wait for it, or use another directory");
            }
            pause(file);
        }
    }

    private static void pause(Path file) throws IOException {
        try {
            Thread.sleep(BETWEEN.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(
                    file + ": the thread was interrupted while it waited for another writer; nothing was written");
        }
    }

    private static Optional<WriteLock> tryTake(Path file) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        Files.createDirectories(directory);
        Path key;
        try {
            key = directory.toRealPath().resolve(file.getFileName());
        } catch (NoSuchFileException e) {
            // Another writer has just removed the directory that it had made for nothing.
            return Optional.empty();
        }
        if (!HELD.add(key)) {
            return Optional.empty();
        }
        Optional<FileChannel> locked = Optional.empty();
        try {
            locked = locked(key);
            return locked.map(channel -> new WriteLock(key, channel));
        } finally {
            if (locked.isEmpty()) {
                HELD.remove(key);
            }
        }
    }

    private static Optional<FileChannel> locked(Path file) throws IOException {
        makeIfMissing(file);
        FileChannel channel = null;
        boolean isLocked = false;
        try {
            Object before = identity(file);
            channel = FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
            // Who had the lock may have removed the file in between; then this is a lock on what nobody else sees.
            isLocked = lock(channel, file) && identity(file).equals(before);
        } catch (NoSuchFileException e) {
            // Another writer has just removed it.
        } finally {
            if (channel != null && !isLocked) {
                channel.close();
            }
        }
        return isLocked ? Optional.of(channel) : Optional.empty();
    }

    private static void makeIfMissing(Path file) throws IOException {
        try {
            if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                Files.createFile(file);
            }
        } catch (FileAlreadyExistsException e) {
            // Another writer was faster.
        } catch (NoSuchFileException e) {
            // Some directories of the system take no files.
            if (Files.isDirectory(file.getParent())) {
                throw e;
            }
        }
    }

    private static boolean lock(FileChannel channel, Path file) {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            // Another class loader's copy of this class.
            return false;
        } catch (IOException e) {
            LOG.warn(
                    "{}: this file system has no locks ({}); only the writers of this process are kept apart",
                    file,
                    e.getMessage());
            return true;
        }
    }

    private static Object identity(Path file) throws IOException {
        BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!found.isRegularFile()) {
            throw new FileSystemException(
                    file.toString(), null, "is no file; expected the lock of a writer, or nothing. Remove it");
        }
        return List.of(String.valueOf(found.fileKey()), found.creationTime());
    }

    @Override
    public void close() throws IOException {
        try {
            Files.deleteIfExists(file);
        } finally {
            channel.close();
            HELD.remove(file);
        }
    }
}
