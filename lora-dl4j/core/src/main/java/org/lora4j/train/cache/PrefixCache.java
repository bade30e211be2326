/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train.cache;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.error.Problems;

/**
 * How much of a frozen prefix's results may be kept, and where: in memory first, then in a file. What fits in neither is
 * computed again in every epoch. Where a result is kept never changes a number.
 *
 * @param memoryBytes bytes of memory outside the heap for results, 0 or more
 * @param fileBytes bytes of the file for results that memory has no room for, 0 or more
 * @param directory directory of the file, which lives no longer than the run; present if {@code fileBytes} is above 0
 * @apiNote Status: stable
 */
public record PrefixCache(long memoryBytes, long fileBytes, Optional<Path> directory) {

    /**
     * Checks the values.
     *
     * @param memoryBytes as in the record
     * @param fileBytes as in the record
     * @param directory as in the record
     * @throws IllegalArgumentException if a number is below 0, both are 0, or there is a file without a directory; the
     *     message lists every problem
     */
    public PrefixCache {
        Objects.requireNonNull(directory, "PrefixCache: directory is null; expected an Optional");
        Problems problems = new Problems();
        problems.atLeast("memoryBytes", memoryBytes, 0);
        problems.atLeast("fileBytes", fileBytes, 0);
        problems.check(
                memoryBytes != 0 || fileBytes != 0,
                "memoryBytes = 0 and fileBytes = 0, expected room for something; leave the cache off otherwise");
        problems.check(
                fileBytes == 0 || directory.isPresent(),
                "fileBytes = " + fileBytes + " without a directory, expected withFile(directory, bytes)");
        problems.throwIfAny("PrefixCache");
    }

    /**
     * Room in memory alone.
     *
     * @param bytes as in the record, above 0
     * @return the value
     * @throws IllegalArgumentException as the constructor
     */
    public static PrefixCache inMemory(long bytes) {
        return new PrefixCache(bytes, 0, Optional.empty());
    }

    /**
     * The same with room in a file.
     *
     * @param newDirectory directory of the file; made if it is not there
     * @param bytes as in the record
     * @return the value
     * @throws IllegalArgumentException as the constructor
     */
    public PrefixCache withFile(Path newDirectory, long bytes) {
        return new PrefixCache(memoryBytes, bytes, Optional.of(newDirectory));
    }
}
