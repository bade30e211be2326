/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report;

import java.util.Locale;

/**
 * The parts of a report, in their order.
 *
 * @apiNote Status: internal
 */
public enum ReportPart {
    /** Runs beside each other. */
    COMPARISON("Comparison"),
    /** What was asked for. */
    SETTINGS("Settings"),
    /** What was found in the data. */
    DATA("Data"),
    /** Learning rate, rank, and whether the method suits. */
    CHOICES("Learning rate and rank"),
    /** The run. */
    TRAINING("Training"),
    /** How well the result does. */
    EVALUATION("Evaluation"),
    /** What the adapter changed. */
    CHANGES("What changed where"),
    /** Why a model says what it says. */
    WORDS("Words that count"),
    /** What was learned from. */
    INFLUENCE("Influential examples"),
    /** What a language model writes. */
    SAMPLES("Samples"),
    /** What is left of what was known. */
    FORGETTING("What is still known"),
    /** Time and memory. */
    COST("Cost"),
    /** What a run was made of. */
    RECEIPT("Receipt"),
    /** Under which terms. */
    LICENCES("Licences");

    private final String title;

    ReportPart(String title) {
        this.title = title;
    }

    /**
     * What stands above it.
     *
     * @return words
     */
    public String title() {
        return title;
    }

    /**
     * Its name in files and links.
     *
     * @return lower case
     */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }
}
