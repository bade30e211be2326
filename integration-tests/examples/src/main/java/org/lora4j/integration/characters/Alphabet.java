/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.characters;

/** The symbols that a network reads and writes: printable ASCII and the end of a line, each with a number. */
final class Alphabet {

    private static final char FIRST = ' ';
    private static final char LAST = '~';

    /** The last number is that of the end of a line. */
    static final int SIZE = LAST - FIRST + 2;

    private Alphabet() {}

    /** The numbers of a text's symbols. A tabulator reads as a blank; what is not in the alphabet, as a question mark. */
    static int[] numbers(String text) {
        return text.chars().map(Alphabet::number).toArray();
    }

    private static int number(int symbol) {
        if (symbol == '\n') {
            return SIZE - 1;
        }
        if (symbol == '\t') {
            return 0;
        }
        return (symbol >= FIRST && symbol <= LAST ? symbol : '?') - FIRST;
    }

    static char symbol(int number) {
        return number == SIZE - 1 ? '\n' : (char) (FIRST + number);
    }
}
