/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.Collections;
import java.util.List;

/**
 * How well a model did with each example of a test, so that two models can be compared on the same ones.
 *
 * @param meaning what a mark is; higher is better
 * @param labels for each mark what its example is of; empty where examples have no labels
 * @param marks the marks, in an order that depends on the examples alone
 */
record Marks(String meaning, List<String> labels, List<Double> marks) {

    static Marks withoutLabels(String meaning, List<Double> marks) {
        return new Marks(meaning, List.of(), marks);
    }

    boolean hasLabels() {
        return !labels.isEmpty();
    }

    /** A kind for each mark: its label, or the same for all. */
    List<String> kinds() {
        return hasLabels() ? labels : Collections.nCopies(marks.size(), "all");
    }
}
