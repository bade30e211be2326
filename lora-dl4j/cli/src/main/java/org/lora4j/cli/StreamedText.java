/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

/** A text on standard output that comes in pieces, each shown as soon as it is there. <b>Threads.</b> For one thread. */
final class StreamedText {

    private final Terminal terminal;
    private final boolean stripped;
    private final TerminalText plain = new TerminalText();
    private final StringBuilder blank = new StringBuilder();
    private boolean begun;

    private StreamedText(Terminal terminal, boolean stripped) {
        this.terminal = terminal;
        this.stripped = stripped;
    }

    /** The text as it comes. */
    static StreamedText whole(Terminal terminal) {
        return new StreamedText(terminal, false);
    }

    /** The text without blank characters at its ends: those behind a piece wait for the next one. */
    static StreamedText stripped(Terminal terminal) {
        return new StreamedText(terminal, true);
    }

    void add(String piece) {
        String seen = terminal.isInteractive() ? plain.next(piece) : piece;
        String text = stripped && !begun ? seen.stripLeading() : seen;
        if (!stripped) {
            terminal.printPiece(text);
            return;
        }
        String end = text.stripTrailing();
        if (!end.isEmpty()) {
            begun = true;
            terminal.printPiece(blank + end);
            blank.setLength(0);
        }
        blank.append(text, end.length(), text.length());
    }
}
