/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Why something could not be written.
 *
 * <p>The exceptions of the JDK say what happened in their names, or in the language of the operating system, and often only
 * where in their messages. So the place itself is asked first.
 *
 * @param what what is wrong, without a full stop
 * @param advice what the caller can do, a sentence
 * @apiNote Status: internal
 */
public record FileProblem(String what, String advice) {

    private static final long LITTLE_SPACE = 1 << 20;

    /** Explains why a file could not be written. */
    public static FileProblem ofFile(Path file, IOException failure) {
        if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
            return new FileProblem(file + " is a directory", "Name a file in it, or save elsewhere.");
        }
        Path parent = file.toAbsolutePath().getParent();
        return Files.exists(parent, LinkOption.NOFOLLOW_LINKS) || !Files.isDirectory(existing(parent))
                ? ofDirectory(parent, failure)
                : new FileProblem("there is no directory " + parent, "Make it, or save elsewhere.");
    }

    /** Explains why files could not be written to a directory, which may have been about to be made. */
    public static FileProblem ofDirectory(Path directory, IOException failure) {
        IOException root = rootOf(failure);
        Path there = existing(directory);
        if (!Files.isDirectory(there)) {
            return new FileProblem(there + " is no directory", "Name a directory, or save elsewhere.");
        }
        if (root instanceof AccessDeniedException || !Files.isWritable(there)) {
            return isReadOnly(there)
                    ? new FileProblem(
                            there + " is on a file system that can only be read",
                            "Mount it to be written to, or save elsewhere.")
                    : new FileProblem(
                            "there is no permission to write to " + there, "Grant permission or save elsewhere.");
        }
        String what = worded(root);
        return new FileProblem(
                what,
                lacksSpace(there, what) ? "Free space or save elsewhere." : "Check the place, or save elsewhere.");
    }

    /** The place itself, or the nearest one above that is there. */
    private static Path existing(Path place) {
        Path there = place.toAbsolutePath();
        while (!Files.exists(there, LinkOption.NOFOLLOW_LINKS) && there.getParent() != null) {
            there = there.getParent();
        }
        return there;
    }

    private static IOException rootOf(IOException failure) {
        IOException root = failure;
        while (root.getCause() instanceof IOException cause) {
            root = cause;
        }
        return root;
    }

    private static boolean isReadOnly(Path there) {
        try {
            return Files.getFileStore(there).isReadOnly();
        } catch (IOException e) {
            return false;
        }
    }

    /** The words of the systems, or else how much space there is now. */
    private static boolean lacksSpace(Path there, String what) {
        String lower = what.toLowerCase(Locale.ROOT);
        try {
            FileStore store = Files.getFileStore(there);
            boolean isFull = store.getTotalSpace() > 0 && store.getUsableSpace() < LITTLE_SPACE;
            return isFull || lower.contains("space") || lower.contains("quota");
        } catch (IOException e) {
            return true;
        }
    }

    private static String worded(IOException root) {
        boolean isWorded = root.getClass() == IOException.class
                || (root instanceof FileSystemException e && e.getReason() != null);
        return isWorded ? root.getMessage() : root.getClass().getSimpleName() + ": " + root.getMessage();
    }
}
