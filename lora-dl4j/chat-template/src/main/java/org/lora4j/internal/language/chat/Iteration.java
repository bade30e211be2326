/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;

/**
 * What Python runs over and is no list: a generator, whose elements are made when they are asked for and are there once, or
 * a range or a view of a dictionary, which have theirs always.
 */
final class Iteration {

    private final String type;
    private final Supplier<List<Object>> source;

    /** How it is spelled; null if by its type and elements. */
    private final String spelled;

    /** What is left of a generator; null before it is asked, and for all others. */
    private Iterator<Object> rest;

    private Iteration(String type, Supplier<List<Object>> source, String spelled) {
        this.type = type;
        this.source = source;
        this.spelled = spelled;
    }

    static Iteration generator(Supplier<List<Object>> source) {
        return new Iteration("generator", source, "<generator object>");
    }

    static Iteration range(String spelled, List<Object> numbers) {
        return new Iteration("range", () -> numbers, spelled);
    }

    /** A view of a dictionary: {@code dict_items}, {@code dict_keys} or {@code dict_values}. */
    static Iteration view(String type, List<Object> elements) {
        return new Iteration(type, () -> elements, null);
    }

    String type() {
        return type;
    }

    /** Python's {@code repr}. Of a generator, Python adds where in memory it is. */
    String repr(Budget budget) {
        return spelled == null ? type + "(" + Values.repr(source.get(), budget) + ")" : spelled;
    }

    boolean isGenerator() {
        return type.equals("generator");
    }

    boolean isRange() {
        return type.equals("range");
    }

    /** The elements that are always there. */
    List<Object> kept() {
        return source.get();
    }

    /** The elements from here on; of a generator, those not yet taken. */
    Iterator<Object> iterator(Scope scope) {
        if (!isGenerator()) {
            return kept().iterator();
        }
        if (rest == null) {
            // A generator may run over a generator, and so on.
            scope.budget().enter();
            rest = source.get().iterator();
            scope.budget().leave();
        }
        return rest;
    }

    List<Object> elements(Scope scope) {
        if (!isGenerator()) {
            return kept();
        }
        List<Object> elements = new ArrayList<>();
        for (Iterator<Object> each = iterator(scope); each.hasNext(); ) {
            scope.spend(Budget.ELEMENT);
            elements.add(each.next());
        }
        return elements;
    }
}
