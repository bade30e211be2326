/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.Optional;
import java.util.function.Supplier;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * Work on one module after the other, each of which may be one that a method is not made for: what is against it is gathered,
 * with the path of the module.
 *
 * <p><b>Threads.</b> For one thread.
 *
 * @apiNote Status: internal
 */
public final class PerModule {

    private final Problems problems = new Problems();

    /** Nothing found yet. */
    public PerModule() {}

    /**
     * Works on a module.
     *
     * @param work what to do; what it refuses it says by an {@code IllegalArgumentException}
     * @return the result; empty if the module was refused
     */
    public <T> Optional<T> of(String path, Supplier<T> work) {
        return of(path, work, problems);
    }

    /**
     * Works on a module.
     *
     * @param work what to do; what it refuses it says by an {@code IllegalArgumentException}
     * @param problems receives what is against it, with the path
     * @return the result; empty if the module was refused
     */
    public static <T> Optional<T> of(String path, Supplier<T> work, Problems problems) {
        try {
            return Optional.of(work.get());
        } catch (IllegalArgumentException e) {
            problems.add("module " + MessageText.name(path) + ": " + e.getMessage());
            return Optional.empty();
        }
    }

    /**
     * Refuses an adapter if anything was found.
     *
     * @throws IllegalArgumentException listing every module that was refused
     */
    public void throwIfAny(String adapter) {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("adapter " + MessageText.name(adapter)));
        }
    }
}
