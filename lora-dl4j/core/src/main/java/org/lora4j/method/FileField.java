/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

/**
 * A field that PEFT's config of a method has and ours does not: what becomes of it.
 *
 * @param name PEFT's name
 * @param use what becomes of it
 * @param initial PEFT's default, as JSON would have it
 * @apiNote Status: experimental
 */
public record FileField(String name, Use use, Object initial) {

    /** What becomes of a field of PEFT's config of a method. */
    public enum Use {
        /** Part of our config, or checked when read. */
        HONORED,
        /** Has no effect on what an adapter computes; kept as it is for writing back. */
        CARRIED,
        /** Would change what an adapter computes; only values that switch it off are accepted. */
        REFUSED,
        /** As {@link #REFUSED}, and never written, as the release whose fields we write does not know it. */
        LATER
    }

    /**
     * Whether only values that switch the field off are accepted.
     *
     * @return true for {@link Use#REFUSED} and {@link Use#LATER}
     */
    public boolean isRefused() {
        return use == Use.REFUSED || use == Use.LATER;
    }
}
