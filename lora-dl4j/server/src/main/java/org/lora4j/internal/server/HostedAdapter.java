/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.lora4j.serve.ServedBy;
import org.lora4j.serve.ServedStatus;

/**
 * An adapter of a host, as {@code /adapters} shows it.
 *
 * @param name its name
 * @param task what it answers
 * @param by its content and generation
 * @param directory where it was read from
 * @param bytes what it takes in memory
 * @param resident whether it is in memory now
 * @param active how many requests have it now
 * @param differences how its base differs from this one, where that was allowed
 * @param storedAs in which forms the matrices of the base are kept
 * @apiNote Status: internal
 */
public record HostedAdapter(
        String name,
        String task,
        ServedBy by,
        Optional<Path> directory,
        long bytes,
        boolean resident,
        int active,
        List<String> differences,
        Set<String> storedAs) {

    static HostedAdapter of(ServedStatus status, String task) {
        return new HostedAdapter(
                status.name(),
                task,
                status.by(),
                status.directory(),
                status.bytes(),
                status.resident(),
                status.active(),
                status.differences(),
                status.storedAs());
    }
}
