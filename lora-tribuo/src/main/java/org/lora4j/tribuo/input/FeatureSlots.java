/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.input;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.tribuo.Example;
import org.tribuo.Feature;
import org.tribuo.ImmutableFeatureMap;
import org.tribuo.VariableIDInfo;
import org.tribuo.VariableInfo;

/**
 * Which slot of the network the features of a domain go to.
 *
 * <p>A name is always looked up in the domain, because the names of a hashed domain are hashes of those of the examples.
 */
final class FeatureSlots {

    private static final int NONE = -1;

    private final String where;
    private final ImmutableFeatureMap domain;
    private final int[] slots;

    private FeatureSlots(String where, ImmutableFeatureMap domain, int[] slots) {
        this.where = where;
        this.domain = domain;
        this.slots = slots;
    }

    /** Slots by name: the place of a name in the list is its slot. */
    static FeatureSlots byName(String where, ImmutableFeatureMap domain, List<String> names) {
        int[] slots = new int[domain.size()];
        Arrays.fill(slots, NONE);
        for (int i = 0; i < names.size(); i++) {
            int id = domain.getID(names.get(i));
            if (id >= 0) {
                slots[id] = i;
            }
        }
        List<String> homeless = new ArrayList<>();
        for (VariableInfo feature : domain) {
            if (slots[((VariableIDInfo) feature).getID()] == NONE) {
                homeless.add(feature.getName());
            }
        }
        if (!homeless.isEmpty() || domain.size() == 0) {
            throw new IllegalArgumentException(where + ": " + homeless.size() + " of " + domain.size()
                    + " features of the domain have no place in the network, " + Problems.quoted(homeless)
                    + "; expected features out of the " + names.size() + " that it has: " + Problems.quoted(names)
                    + ". Rename or remove the features, or list their names in the order of the network's inputs.");
        }
        return new FeatureSlots(where, domain, slots);
    }

    /** Slots by id. */
    static FeatureSlots byId(String where, ImmutableFeatureMap domain, int expected) {
        if (domain.size() != expected) {
            throw new IllegalArgumentException(where + ": the domain has " + domain.size()
                    + " features, the network " + expected + " inputs; expected as many, because features go by id."
                    + " List the names of the inputs instead.");
        }
        int[] slots = new int[expected];
        Arrays.setAll(slots, i -> i);
        return new FeatureSlots(where, domain, slots);
    }

    /** Adds the features of an example to a row of zeros. */
    void fill(Example<?> example, float[] row) {
        int used = 0;
        for (Feature feature : example) {
            int id = domain.getID(feature.getName());
            if (id >= 0) {
                requireFinite(feature, example);
                row[slots[id]] += (float) feature.getValue();
                used++;
            }
        }
        if (used == 0) {
            throw nothingFound(where, example, domain);
        }
    }

    private void requireFinite(Feature feature, Example<?> example) {
        if (!Float.isFinite((float) feature.getValue())) {
            throw new IllegalArgumentException(where + ": feature " + MessageText.name(feature.getName()) + " is "
                    + feature.getValue() + "; expected a finite number of float range. Clean the example "
                    + MessageText.value(example));
        }
    }

    static IllegalArgumentException nothingFound(String where, Example<?> example, ImmutableFeatureMap domain) {
        List<String> own = new ArrayList<>();
        example.forEach(feature -> own.add(feature.getName()));
        List<String> known = new ArrayList<>();
        domain.forEach(info -> known.add(info.getName()));
        return new IllegalArgumentException("No features found in Example " + MessageText.value(example) + ". " + where
                + ": the example has the features " + Problems.quoted(own) + "; expected at least one of "
                + Problems.quoted(known) + ".");
    }

    OptionalInt place(String feature) {
        int id = domain.getID(feature);
        return id >= 0 ? OptionalInt.of(slots[id]) : OptionalInt.empty();
    }

    int used(Example<?> example) {
        int used = 0;
        for (Feature feature : example) {
            used += domain.getID(feature.getName()) >= 0 ? 1 : 0;
        }
        return used;
    }
}
