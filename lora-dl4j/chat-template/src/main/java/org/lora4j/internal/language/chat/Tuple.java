/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;

/** A list that is spelled in parentheses, and equal to no list spelled in brackets. */
final class Tuple extends AbstractList<Object> {

    private final List<Object> elements;

    Tuple(List<Object> elements) {
        this.elements = elements;
    }

    static Tuple of(Object first, Object second) {
        return new Tuple(Arrays.asList(first, second));
    }

    @Override
    public Object get(int index) {
        return elements.get(index);
    }

    @Override
    public int size() {
        return elements.size();
    }
}
