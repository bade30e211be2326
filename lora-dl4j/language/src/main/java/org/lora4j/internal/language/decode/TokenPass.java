/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.ArrayList;
import java.util.List;

/** The tokens of one forward pass: some of one sequence, then some of the next, a row for each. */
final class TokenPass {

    /**
     * Tokens of one sequence.
     *
     * @param sequence whose
     * @param firstRow the row of the first
     * @param position of the first within the sequence
     * @param count how many
     */
    record Span(SequenceState sequence, int firstRow, int position, int count) {}

    private final List<Span> spans = new ArrayList<>();
    private int rows;

    void clear() {
        spans.clear();
        rows = 0;
    }

    void add(SequenceState sequence, int position, int count) {
        spans.add(new Span(sequence, rows, position, count));
        rows += count;
    }

    List<Span> spans() {
        return spans;
    }

    int rows() {
        return rows;
    }
}
