/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import org.lora4j.error.Arguments;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * An input that every request of a server brings.
 *
 * @param name its name
 * @param type the type in which it is computed; {@link DataType#UNKNOWN} if it is taken as it is
 * @param rank its number of axes, as in the example that the server was built with; the first is the row
 * @apiNote Status: stable
 */
public record ServedInput(String name, DataType type, int rank) {

    /**
     * Checks that all is there.
     *
     * @param name as in the record
     * @param type as in the record
     * @param rank as in the record
     */
    public ServedInput {
        Arguments.required(name, "ServedInput: name", "the name of an input");
        Arguments.required(type, "ServedInput: type", "a type");
    }
}
