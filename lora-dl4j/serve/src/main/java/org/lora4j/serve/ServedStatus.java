/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a server holds of one adapter.
 *
 * @param name the adapter's name
 * @param directory the PEFT directory it is paged to and from; empty if it is pinned in memory
 * @param bytes what its values take in memory
 * @param resident whether they are in memory now
 * @param by its content and its generation, as answers carry them
 * @param active number of requests that are being answered with it
 * @param differences how what it was trained on differs from this base, if that was allowed; empty if it does not, as far as it could
 *     be checked
 * @param storedAs in which forms the matrices of this base are kept, such as {@code F32} or {@code INT8}. A base in fewer bits is the
 *     same base: receipts are compared with the weights in its files
 * @apiNote Status: stable
 */
public record ServedStatus(
        String name,
        Optional<Path> directory,
        long bytes,
        boolean resident,
        ServedBy by,
        int active,
        List<String> differences,
        Set<String> storedAs) {}
