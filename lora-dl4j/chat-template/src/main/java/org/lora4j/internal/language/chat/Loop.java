/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.List;

/** The variable {@code loop}. */
final class Loop {

    private final List<Object> elements;
    private Object changed = this;
    int index;

    Loop(List<Object> elements) {
        this.elements = elements;
    }

    Object attribute(String name) {
        return switch (name) {
            case "index" -> index + 1L;
            case "index0" -> (long) index;
            case "revindex" -> (long) elements.size() - index;
            case "revindex0" -> elements.size() - index - 1L;
            case "first" -> index == 0;
            case "last" -> index == elements.size() - 1;
            case "length" -> (long) elements.size();
            // Only loops called recursive get deeper.
            case "depth" -> 1L;
            case "depth0" -> 0L;
            case "previtem" -> index > 0 ? elements.get(index - 1) : new Undefined("there is no previous item");
            case "nextitem" ->
                index + 1 < elements.size() ? elements.get(index + 1) : new Undefined("there is no next item");
            case "cycle" -> (Callable) (scope, arguments) -> cycled(arguments.positional());
            case "changed" -> (Callable) (scope, arguments) -> isChanged(arguments.positional(), scope);
            default -> Members.ABSENT;
        };
    }

    private Object cycled(List<Object> values) {
        if (values.isEmpty()) {
            throw TemplateFailure.value("no items for cycling given");
        }
        return values.get(index % values.size());
    }

    private boolean isChanged(List<Object> values, Scope scope) {
        boolean same = changed instanceof List<?> before && Values.equal(before, values, scope.budget());
        changed = values;
        return !same;
    }
}
