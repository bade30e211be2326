/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.samediff;

/**
 * Where in the file a table is, for messages.
 *
 * @param parent the table that points at it, or null for the graph itself
 * @param field its number among the parent's fields
 * @param index its number in a list, or -1
 */
record Place(Place parent, int field, int index) {

    private static final String[] LISTS = {"", "variable", "op", "", "", "", "", "", "updater state"};

    @Override
    public String toString() {
        if (parent == null) {
            return "graph";
        }
        if (parent.parent == null) {
            return LISTS[field] + " " + index;
        }
        return parent + ", field " + field + (index < 0 ? "" : "[" + index + "]");
    }
}
