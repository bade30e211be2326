/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.ReadOnlyFileSystemException;
import org.lora4j.error.MessageText;
import org.lora4j.train.TrainingFailedException;

/** What a failure means to the user: words, and the code. */
final class FailureWords {

    private static final String OURS = "org.lora4j.";

    private FailureWords() {}

    static ExitCode code(Throwable failure) {
        if (failure instanceof CliException known) {
            return known.code();
        }
        if (failure instanceof TrainingFailedException) {
            return ExitCode.NOT_CONVERGED;
        }
        boolean told = failure instanceof IOException
                || failure instanceof UncheckedIOException
                || failure instanceof ReadOnlyFileSystemException
                || isToldByTheLibrary(failure);
        return told ? ExitCode.INPUT : ExitCode.INTERNAL;
    }

    /** The library says in words what it refuses; the same exceptions from elsewhere are mistakes of ours. */
    private static boolean isToldByTheLibrary(Throwable failure) {
        boolean kind = failure instanceof IllegalArgumentException || failure instanceof IllegalStateException;
        StackTraceElement[] trace = failure.getStackTrace();
        return failure.getClass().getName().startsWith(OURS)
                || kind && trace.length > 0 && trace[0].getClassName().startsWith(OURS);
    }

    static String words(Throwable failure) {
        if (failure instanceof OutOfMemoryError) {
            return "memory ended (" + failure.getMessage() + "): of the heap there are "
                    + (Runtime.getRuntime().maxMemory() >> 20)
                    + " MB. Take a smaller --batch-size, or more memory: JAVA_OPTS=-Xmx8g lora4j ...";
        }
        if (failure instanceof UncheckedIOException unchecked
                && String.valueOf(failure.getMessage())
                        .startsWith(unchecked.getCause().getClass().getName())) {
            return words(unchecked.getCause());
        }
        String message = failure.getMessage();
        if (message == null || message.isBlank()) {
            return failure.getClass().getSimpleName();
        }
        // Of these the message is the path alone.
        String path = MessageText.value(message);
        boolean bare = !message.contains(": ") && !message.contains(" ");
        if (failure instanceof NoSuchFileException missing && missing.getReason() == null) {
            return path + ": there is no such file or directory. Check the path";
        }
        if (failure instanceof FileNotFoundException && bare) {
            return path + ": there is no such file. Check the path";
        }
        if (failure instanceof AccessDeniedException denied && denied.getReason() == null) {
            return path + ": access is denied. Check who may read and write there";
        }
        if (failure instanceof FileAlreadyExistsException existing && existing.getReason() == null && bare) {
            return path + ": it is there already. Name another place, or replace it with --force";
        }
        return message;
    }
}
