/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Optional;
import org.lora4j.error.Arguments;

/**
 * What a checkpoint says of itself. Each has the hash of the one before, so that none can be exchanged, removed or put in between
 * without the later ones telling.
 *
 * @param step the step after which it was taken
 * @param hash SHA-256 of all that it holds but for times and what of the machine the run chose, so that a run that is the same has the
 *     same hashes
 * @param before the hash of the checkpoint before it; empty if it was the first of its run
 * @apiNote Status: stable
 */
public record CheckpointRecord(long step, String hash, Optional<String> before) {

    /**
     * Checks that all is there.
     *
     * @param step as in the record
     * @param hash as in the record
     * @param before as in the record
     */
    public CheckpointRecord {
        Arguments.required(hash, "CheckpointRecord: hash", "a hash");
        Arguments.required(before, "CheckpointRecord: before", "an Optional");
    }
}
