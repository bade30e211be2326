/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import java.util.Collection;
import java.util.Map;

/**
 * Refuses null, and says of which argument: the words of the JVM tell of variables within the library.
 *
 * @apiNote Status: experimental
 */
public final class Arguments {

    private Arguments() {}

    /**
     * Requires an argument.
     *
     * @param <T> its type
     * @param value the argument
     * @param name the call and the argument: {@code CausalLm.load: directory}
     * @param expected what it should be: {@code a directory of a model}
     * @return the argument
     * @throws NullPointerException if it is null
     */
    public static <T> T required(T value, String name, String expected) {
        if (value == null) {
            throw new NullPointerException(name + " is null; expected " + expected + ".");
        }
        return value;
    }

    /**
     * Requires a list, and each of its elements.
     *
     * @param <T> its type
     * @param values the argument
     * @param name as for {@link #required}
     * @param expected what an element should be: {@code a text}
     * @return the argument
     * @throws NullPointerException if it is null, or one of its elements is, whose place the message names
     */
    public static <T extends Collection<?>> T allRequired(T values, String name, String expected) {
        required(values, name, "a list, of which each element is " + expected);
        int index = 0;
        for (Object value : values) {
            if (value == null) {
                throw new NullPointerException(name + "[" + index + "] is null; expected " + expected + ".");
            }
            index++;
        }
        return values;
    }

    /**
     * Requires a map, and each of its names and values.
     *
     * @param <T> its type
     * @param values the argument
     * @param name as for {@link #required}
     * @param expected what a value should be: {@code an array}
     * @return the argument
     * @throws NullPointerException if it is null, or a name or value of it is, which the message names
     */
    public static <T extends Map<?, ?>> T allRequired(T values, String name, String expected) {
        required(values, name, "a map, of which each value is " + expected);
        values.forEach((key, value) -> {
            if (key == null) {
                throw new NullPointerException(name + " has a null name; expected names.");
            }
            if (value == null) {
                throw new NullPointerException(
                        name + " has null for " + MessageText.name(key) + "; expected " + expected + ".");
            }
        });
        return values;
    }
}
