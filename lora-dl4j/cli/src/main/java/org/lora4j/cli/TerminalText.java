/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

/**
 * Text of strangers without what a terminal would obey: escape sequences as a whole, and all other characters that are not to be seen.
 * Text may come in pieces, and a sequence in several of them. <b>Threads.</b> For one thread.
 */
final class TerminalText {

    private static final char ESCAPE = '\u001b';
    private static final char BELL = '\u0007';
    private static final char LONG_START = '\u009b';

    /** Where in a sequence the last piece ended. */
    private enum State {
        TEXT,
        AFTER_ESCAPE,
        /** Parameters, up to a letter. */
        CONTROL,
        /** A text for the terminal, such as its title, up to a bell or {@code ESC \}. */
        STRING,
        STRING_ESCAPE
    }

    private State state = State.TEXT;

    /** A whole text. */
    static String of(String text) {
        return new TerminalText().next(text);
    }

    /** A text that must stay on its line. */
    static String line(String text) {
        return of(text).replace('\n', ' ').replace('\t', ' ');
    }

    /** What is to be seen of the next piece. */
    String next(String piece) {
        StringBuilder seen = new StringBuilder(piece.length());
        piece.codePoints().forEach(c -> add(c, seen));
        return seen.toString();
    }

    private void add(int c, StringBuilder seen) {
        switch (state) {
            case TEXT -> {
                if (c == ESCAPE) {
                    state = State.AFTER_ESCAPE;
                } else if (c == LONG_START) {
                    state = State.CONTROL;
                } else if (isVisible(c)) {
                    seen.appendCodePoint(c);
                }
            }
            case AFTER_ESCAPE ->
                state = switch (c) {
                    case '[' -> State.CONTROL;
                    case ']', 'P', '_', '^', 'X' -> State.STRING;
                    default -> State.TEXT;
                };
            case CONTROL -> {
                boolean ends = c >= 0x40 && c <= 0x7e;
                boolean broken = c < 0x20;
                state = ends || broken ? State.TEXT : State.CONTROL;
            }
            case STRING -> state = c == BELL ? State.TEXT : c == ESCAPE ? State.STRING_ESCAPE : State.STRING;
            case STRING_ESCAPE -> state = c == '\\' ? State.TEXT : State.STRING;
        }
    }

    /** Marks of direction are not to be seen either: they turn what stands around them. Joiners belong to scripts and emoji. */
    private static boolean isVisible(int c) {
        if (c == '\n' || c == '\t') {
            return true;
        }
        boolean joins = c == 0x200c || c == 0x200d;
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.SURROGATE, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
                false;
            case Character.FORMAT -> joins;
            default -> true;
        };
    }
}
