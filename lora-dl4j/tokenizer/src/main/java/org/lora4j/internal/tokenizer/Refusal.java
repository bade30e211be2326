/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import org.lora4j.error.MessageText;

/** Why a part of a file is refused; whoever reads the file adds which one it is. */
final class Refusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** A value that is null, as null alone means that none is shown. */
    private enum Missing {
        NOTHING;

        @Override
        public String toString() {
            return "null";
        }
    }

    /**
     * Creates the refusal.
     *
     * @param where the path of the part
     * @param found what is there, or null if its value is not worth showing
     * @param expected what should be there, or why it cannot be used
     */
    Refusal(String where, Object found, String expected) {
        super(where + (found == null ? " " : " = " + shown(found) + ", ") + expected, null, false, false);
    }

    private static String shown(Object found) {
        return found instanceof String ? MessageText.name(found) : MessageText.value(found);
    }

    /** A value of a file as what is found. */
    static Object found(Object value) {
        return value == null ? Missing.NOTHING : value;
    }
}
