/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.samediff;

import java.nio.charset.StandardCharsets;
import org.lora4j.error.ModelFormatException;

/**
 * A table whose own bytes, vectors and texts are known to lie within the file, field by field.
 *
 * @param position where the table begins
 * @param vtable where the list of its fields' offsets begins
 * @param place for messages
 */
record TableView(FlatBytes bytes, int position, int vtable, Place place) {

    private static final int VARIABLE_TYPES = 5;
    private static final int LONGEST_NAME_SHOWN = 100;

    /** Where a field begins, or 0 if the table does not have it. */
    int field(int number) {
        int slot = 4 + 2 * number;
        int offset = slot < bytes.shortAt(vtable) ? bytes.shortAt(vtable + slot) : 0;
        return offset == 0 ? 0 : position + offset;
    }

    boolean has(int number) {
        return field(number) != 0;
    }

    byte byteOf(int number) {
        return has(number) ? bytes.byteAt(field(number)) : 0;
    }

    /** Elements of a vector; 0 if the table does not have it. */
    int length(int number) {
        return has(number) ? bytes.intAt(target(number)) : 0;
    }

    int intAt(int number, int index) {
        return bytes.intAt(target(number) + 4 + 4 * index);
    }

    long longAt(int number, int index) {
        return bytes.longAt(target(number) + 4 + 8 * index);
    }

    /** A text, or null if the table does not have it. */
    String text(int number) {
        return has(number) ? new String(bytes.array(target(number) + 4, length(number)), StandardCharsets.UTF_8) : null;
    }

    private int target(int number) {
        int field = field(number);
        return field + bytes.intAt(field);
    }

    ModelFormatException corrupt(String what) {
        return bytes.corrupt(place + ": " + what);
    }

    static void nothing(TableView view) {
        // Bounds are all that can be wrong with it.
    }

    // The stock reader makes nested arrays of the sizes in "shape" before it fills them.
    static void property(TableView view) throws ModelFormatException {
        view.require(0, "name");
        int sizes = view.length(7);
        int elements = 0;
        for (int list : new int[] {1, 3, 2, 5, 6, 4}) {
            elements = elements == 0 ? view.length(list) : elements;
        }
        long product = 1;
        for (int i = 0; i < sizes && elements > 0; i++) {
            long size = view.intAt(7, i);
            product = size < 0 || product > elements ? -1 : product * size;
        }
        if (sizes > 0 && elements > 0 && product != elements) {
            throw view.corrupt(
                    "the shape of the property " + shown(view.text(0)) + " does not hold its " + elements + " values");
        }
    }

    static void variable(TableView view) throws ModelFormatException {
        view.require(0, "id");
        view.require(1, "name");
        int type = view.byteOf(6);
        if (type < 0 || type >= VARIABLE_TYPES) {
            throw view.corrupt("the variable " + shown(view.text(1)) + " is of type " + type
                    + "; expected a number from 0 to " + (VARIABLE_TYPES - 1));
        }
    }

    static void node(TableView view) throws ModelFormatException {
        view.require(1, "name");
        view.require(16, "kind");
    }

    static void updater(TableView view) throws ModelFormatException {
        view.require(0, "parameter name");
        if (view.length(1) != view.length(2)) {
            throw view.corrupt(view.length(1) + " names of " + view.length(2) + " arrays");
        }
    }

    private void require(int number, String what) throws ModelFormatException {
        if (!has(number)) {
            throw corrupt("has no " + what);
        }
    }

    private static String shown(String name) {
        return "\"" + name.substring(0, Math.min(name.length(), LONGEST_NAME_SHOWN)) + "\"";
    }
}
