/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.LinkedHashMap;
import java.util.Map;

/** A dictionary while it is made. */
final class Dictionary {

    /**
     * How many keys may be no texts. Texts with one hash are looked for by their order; where they are mixed with numbers of the
     * same hash, those are looked at one by one, for each text that is looked for.
     */
    private static final int MOST_OTHERS = 100;

    private final Map<Object, Object> fields = new LinkedHashMap<>();
    private final Scope scope;
    private int others;

    Dictionary(Scope scope) {
        this.scope = scope;
    }

    void put(Object key, Object value) {
        Values.requireKey(key);
        if (!Values.holds(fields, key, scope.budget()) && !(key instanceof String) && ++others > MOST_OTHERS) {
            throw TemplateFailure.limit("a dictionary has more than " + MOST_OTHERS + " keys that are no texts");
        }
        scope.spend(Budget.ELEMENT);
        fields.put(key, value);
    }

    Map<Object, Object> map() {
        return fields;
    }
}
