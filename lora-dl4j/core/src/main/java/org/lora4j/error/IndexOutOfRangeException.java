/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

/**
 * An id, a position or a label points beyond the table, the sequence or the classes that it belongs to. Nothing was computed
 * with it: ND4J itself would read foreign memory, or end the JVM.
 *
 * @apiNote Status: experimental
 */
public class IndexOutOfRangeException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message which op, the smallest and largest index found, what was expected and what to do
     */
    public IndexOutOfRangeException(String message) {
        super(message);
    }
}
