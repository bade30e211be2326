/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.commands;

/**
 * A command, or a part of one, where it stands.
 *
 * @param text what is typed, on one line, without a comment at its end
 * @param document the document, below the root
 * @param line its line there
 * @param heading how many headings stand above it: what has the same number is one story
 * @param form how it stands there
 */
record DocumentedCommand(String text, String document, int line, int heading, Form form) {

    /** How much of a command it is. */
    enum Form {
        /** A line of a block to type. */
        LINE,
        /** A command within a sentence. */
        WORDS,
        /** Options alone, or a command of lora4j without the name of the program. */
        OPTIONS
    }

    String place() {
        return document + ":" + line;
    }
}
