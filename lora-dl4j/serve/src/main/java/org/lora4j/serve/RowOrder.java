/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

/** How the positions of the rows of a batch lie in the input of a module. */
enum RowOrder {
    /** All positions of the first row, then those of the second. */
    ONE_AFTER_THE_OTHER,
    /** The first position of every row, then the second, as preprocessors of Deeplearning4j flatten time series. */
    IN_TURNS,
    /** One position for each row: the other two cannot be told apart. */
    ONE_EACH;

    /** Where the i-th element of a row lies among those of all; each row has {@code length} in lines of {@code width}. */
    int index(int row, int i, int rows, int length, int width) {
        return this == IN_TURNS ? (i / width * rows + row) * width + i % width : row * length + i;
    }

    /** The row of a line. */
    int row(int line, int rows, int lines) {
        return this == IN_TURNS ? line % rows : line / (lines / rows);
    }
}
