/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.serve;

import java.util.Collection;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * Names under which servers know adapters.
 *
 * @apiNote Status: internal
 */
public final class AdapterNames {

    /** What a request names to get the base without an adapter. */
    public static final String BASE = "__base__";

    private AdapterNames() {}

    /** Refuses the name of the base, and names that are taken. */
    public static void requireFree(String name, Collection<String> taken) {
        requireNotBase(name);
        if (taken.contains(name)) {
            throw new IllegalArgumentException("adapter " + MessageText.name(name)
                    + " is registered already; expected a free name. Call replace to exchange it.");
        }
    }

    /** Refuses the name of the base. */
    public static void requireNotBase(String name) {
        if (name.equals(BASE)) {
            throw new IllegalArgumentException(
                    "adapter \"" + BASE + "\": the name means the base without an adapter; expected another one.");
        }
    }

    /** What is wrong with a name that nobody registered. */
    public static String unknown(String name, Collection<String> known) {
        return "adapter " + MessageText.name(name) + " is not registered" + ClosestNames.hint(name, known)
                + "; expected \"" + BASE + "\" or one of " + Problems.quoted(known) + ". Register it first.";
    }
}
