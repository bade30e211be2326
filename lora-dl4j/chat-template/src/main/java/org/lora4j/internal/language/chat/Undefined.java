/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

/**
 * The value of a name that has none: nothing in the output, false, empty, and a failure wherever a value is needed.
 *
 * @param reason what is missing
 */
record Undefined(String reason) {

    TemplateFailure failure() {
        return TemplateFailure.value(reason);
    }

    /** All are equal, whatever is missing. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Undefined;
    }

    @Override
    public int hashCode() {
        return 1;
    }
}
