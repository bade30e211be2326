/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.output;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/** The rows of a head by name. */
record HeadRowNames(List<String> names, Map<String, Integer> index) {

    /**
     * Checks that rows and domain are the same names.
     *
     * @throws IllegalArgumentException if they are not
     */
    static HeadRowNames of(String where, List<String> domain, List<String> rows) {
        Map<String, Integer> index = new HashMap<>();
        for (int i = 0; i < rows.size(); i++) {
            index.put(rows.get(i), i);
        }
        Set<String> missing = new LinkedHashSet<>(domain);
        missing.removeAll(index.keySet());
        List<String> extra = new ArrayList<>(rows);
        extra.removeAll(new LinkedHashSet<>(domain));
        if (!missing.isEmpty() || !extra.isEmpty() || index.size() != rows.size()) {
            throw new IllegalArgumentException(where + ": the output domain has " + Problems.quoted(domain)
                    + ", the head has rows for " + Problems.quoted(rows) + "; expected the same names, each once."
                    + " Without a row: " + Problems.quoted(missing) + "; without a place in the domain: "
                    + Problems.quoted(extra) + ".");
        }
        return new HeadRowNames(List.copyOf(rows), index);
    }

    int size() {
        return names.size();
    }

    int of(String where, String name) {
        Integer row = index.get(name);
        if (row == null) {
            throw new IllegalArgumentException(where + ": output " + MessageText.name(name) + " is not one of "
                    + Problems.quoted(names) + "; expected an output that the model was made for.");
        }
        return row;
    }
}
