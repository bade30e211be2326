/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import org.lora4j.error.Arguments;

/**
 * Which adapter made an answer: the one that the request began with, also if another one has its name meanwhile.
 *
 * @param adapter its name, {@link AdapterServer#BASE} for none
 * @param contentHash {@link org.lora4j.adapter.Adapter#contentHash}; empty for none
 * @param generation a number that each registration and each replacement in a server raises; 0 for none
 * @apiNote Status: stable
 */
public record ServedBy(String adapter, String contentHash, long generation) {

    /** The base without an adapter. */
    public static final ServedBy NONE = new ServedBy(AdapterServer.BASE, "", 0);

    /**
     * Checks that all is there.
     *
     * @param adapter as in the record
     * @param contentHash as in the record
     * @param generation as in the record
     */
    public ServedBy {
        Arguments.required(adapter, "ServedBy: adapter", "a name");
        Arguments.required(contentHash, "ServedBy: contentHash", "a hash, empty for the base");
    }
}
