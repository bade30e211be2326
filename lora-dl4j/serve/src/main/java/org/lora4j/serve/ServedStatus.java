/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a server holds of one adapter.
 *
 * @param name the adapter's name
 * @param directory the PEFT directory it is paged to and from; empty if it is pinned in memory
 * @param bytes what its values take in memory
 * @param resident whether they are in memory now
 * @apiNote Status: stable
 */
public record ServedStatus(String name, Optional<Path> directory, long bytes, boolean resident) {}
