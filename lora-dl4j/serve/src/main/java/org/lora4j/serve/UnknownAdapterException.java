/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.lora4j.error.Arguments;
import org.lora4j.error.ClosestNames;
import org.lora4j.internal.serve.AdapterNames;

/**
 * A request or a change names an adapter that is not there. It is an error always: the base never answers in its place.
 *
 * @apiNote Status: experimental
 */
public final class UnknownAdapterException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;
    private static final int MOST_NEAR = 3;

    private final String name;
    private final List<String> near;

    /**
     * Says which names are near.
     *
     * @param name what was asked for
     * @param known names that are there
     */
    public UnknownAdapterException(String name, Collection<String> known) {
        super(AdapterNames.unknown(
                Arguments.required(name, "UnknownAdapterException: name", "what was asked for"),
                new TreeSet<>(Arguments.allRequired(known, "UnknownAdapterException: known", "a name"))));
        this.name = name;
        this.near = List.copyOf(ClosestNames.of(name, known, MOST_NEAR));
    }

    /**
     * What was asked for.
     *
     * @return the name as it came, which may hold anything
     */
    public String name() {
        return name;
    }

    /**
     * Names that may have been meant.
     *
     * @return the nearest first; perhaps none
     */
    public List<String> near() {
        return near;
    }
}
