/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

/**
 * What becomes of a field of PEFT's config of a method.
 *
 * @param name PEFT's name
 * @param treatment what becomes of it
 * @param initial PEFT's default, as JSON would have it
 */
record PeftField(String name, Treatment treatment, Object initial) {

    enum Treatment {
        /** Part of our config, or checked when read. */
        HONORED,
        /** Has no effect on what an adapter computes; kept as it is for writing back. */
        CARRIED,
        /** Would change what an adapter computes; only values that switch it off are accepted. */
        REFUSED,
        /** As {@link #REFUSED}, and never written, as the release whose fields we write does not know it. */
        LATER
    }

    static PeftField honored(String name) {
        return new PeftField(name, Treatment.HONORED, null);
    }

    static PeftField carried(String name, Object initial) {
        return new PeftField(name, Treatment.CARRIED, initial);
    }

    static PeftField refused(String name, Object initial) {
        return new PeftField(name, Treatment.REFUSED, initial);
    }

    static PeftField later(String name) {
        return new PeftField(name, Treatment.LATER, null);
    }

    boolean isRefused() {
        return treatment == Treatment.REFUSED || treatment == Treatment.LATER;
    }
}
