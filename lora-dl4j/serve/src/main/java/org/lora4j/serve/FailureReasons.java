/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.lora4j.internal.error.OutOfMemory;
import org.lora4j.serve.ServingResult.Failure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says why a request failed. What no request should be able to cause is logged as a bug, once for each place. */
final class FailureReasons {

    private static final Logger LOG = LoggerFactory.getLogger(AdapterServer.class);

    /** What code throws that did not expect what it was given, rather than refuse it. */
    private static final List<Class<? extends RuntimeException>> BUGS = List.of(
            NullPointerException.class,
            ClassCastException.class,
            IndexOutOfBoundsException.class,
            ArithmeticException.class,
            NegativeArraySizeException.class,
            UnsupportedOperationException.class);

    private static final int LONGEST = 4000;
    private static final int LONGEST_NAME = 100;
    private static final int MOST_LOGGED = 100;

    private final Set<String> logged = ConcurrentHashMap.newKeySet();

    /** What became of a request; {@code where} names it. */
    Failure failure(String where, Throwable thrown) {
        return new Failure(shortened(reason(where, thrown), LONGEST), thrown);
    }

    private String reason(String where, Throwable thrown) {
        if (OutOfMemory.isCauseOf(thrown)) {
            return where + ": " + OutOfMemory.described(thrown) + ", also while nothing else was computed; expected a"
                    + " request that fits. Ask for fewer rows or shorter ones, or raise "
                    + (OutOfMemory.isNative(thrown)
                            ? "-Dorg.bytedeco.javacpp.maxbytes and -Dorg.bytedeco.javacpp.maxphysicalbytes."
                            : "-Xmx.");
        }
        if (thrown instanceof IOException) {
            // Of a file system they are a path and nothing else.
            boolean bare = thrown instanceof FileSystemException || thrown.getMessage() == null;
            return where + ": the adapter cannot be read again: " + (bare ? thrown : thrown.getMessage());
        }
        Throwable root = root(thrown);
        String message = thrown.getMessage();
        if (BUGS.stream().noneMatch(bug -> bug.isInstance(root)) && message != null && !message.isBlank()) {
            return message;
        }
        String place = root.getStackTrace().length == 0 ? "" : " at " + root.getStackTrace()[0];
        if (logged.size() < MOST_LOGGED && logged.add(root.getClass().getName() + place)) {
            LOG.error(
                    "{} failed by a bug{}, not by what was asked; further ones there are not logged",
                    where,
                    place,
                    thrown);
        }
        return where + ": " + root + place + ". The request passed all checks, so this is a bug of lora4j or of what it"
                + " runs: please report it with the stack trace of the cause.";
    }

    // The causes of an exception may form a ring.
    private static Throwable root(Throwable thrown) {
        Throwable root = thrown;
        for (int depth = 0; root.getCause() != null && depth < 20; depth++) {
            root = root.getCause();
        }
        return root;
    }

    /** A name that a message can hold. */
    static String named(String name) {
        return shortened(name, LONGEST_NAME);
    }

    private static String shortened(String text, int longest) {
        return text.length() <= longest ? text : text.substring(0, longest) + "... (" + text.length() + " characters)";
    }
}
