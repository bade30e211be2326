/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.BiFunction;

/**
 * What a message may show of text from outside. Names and values in files come from strangers: they can be a million
 * characters long and hold line ends that forge a log. Here they are cut in the middle, with their length, and control
 * characters are spelled out, so that a message stays below 4 kB and on one line.
 *
 * <p><b>Threads.</b> Safe; there is no state.
 *
 * @apiNote Status: experimental
 */
public final class MessageText {

    /** How many bytes of UTF-8 a whole message has at most. */
    public static final int LONGEST_MESSAGE = 4_000;

    /** How many entries of a list a message shows. */
    public static final int SHOWN = 10;

    private static final int LONGEST_NAME = 240;
    private static final int LONGEST_VALUE = 600;
    private static final int LONGEST_LIST = 800;
    private static final int LONGEST_NUMBERS = 1_000;

    private MessageText() {}

    /**
     * A name, quoted.
     *
     * @param name a name from a user or a file, or null
     * @return {@code "name"}, cut to about {@value #LONGEST_NAME} bytes; {@code null} without quotes if it is null
     */
    public static String name(Object name) {
        return name == null ? "null" : quoted(name, LONGEST_NAME);
    }

    /**
     * A list of names, each quoted.
     *
     * @param names names in the order to show
     * @return {@code "a", "b", "c"}, cut at {@value #SHOWN} with the number left out; {@code none} if empty
     */
    static String names(Collection<?> names) {
        return list(names, MessageText::quoted);
    }

    /**
     * A list of values that are no names, such as placeholders with their shapes.
     *
     * @param values values in the order to show
     * @return {@code a, b, c}, cut at {@value #SHOWN} with the number left out; {@code none} if empty
     */
    public static String values(Collection<?> values) {
        return list(values, (value, bytes) -> cut(String.valueOf(value), bytes));
    }

    /**
     * Numbers of rows or examples, neighbors joined, so that as many as possible can be named.
     *
     * @param ascending the numbers, each once
     * @return {@code 3, 7 to 9, 12}; beyond about {@value #LONGEST_NUMBERS} characters the rest is counted; {@code none} if empty
     */
    public static String numbers(List<Integer> ascending) {
        if (ascending.isEmpty()) {
            return "none";
        }
        StringBuilder text = new StringBuilder();
        int from = 0;
        while (from < ascending.size() && text.length() < LONGEST_NUMBERS) {
            int to = from;
            while (to + 1 < ascending.size() && ascending.get(to + 1) == ascending.get(to) + 1) {
                to++;
            }
            text.append(from == 0 ? "" : ", ").append(ascending.get(from));
            if (to > from) {
                text.append(to > from + 1 ? " to " : ", ").append(ascending.get(to));
            }
            from = to + 1;
        }
        return from < ascending.size() ? text + ", and " + (ascending.size() - from) + " more" : text.toString();
    }

    private static String list(Collection<?> all, BiFunction<Object, Integer, String> word) {
        if (all.isEmpty()) {
            return "none";
        }
        int each = Math.min(LONGEST_NAME, LONGEST_LIST / Math.min(all.size(), SHOWN));
        List<String> first =
                all.stream().limit(SHOWN).map(value -> word.apply(value, each)).toList();
        return joined(first, all.size(), ", ");
    }

    /**
     * A value that is no name (a number of a file, a list, another library's message) as it stands.
     *
     * @param value the value, or null
     * @return its text, cut to about {@value #LONGEST_VALUE} bytes
     */
    public static String value(Object value) {
        return cut(String.valueOf(value), LONGEST_VALUE);
    }

    /**
     * Where a file is.
     *
     * @param path the file or directory
     * @return its path, cut to about {@value #LONGEST_VALUE} bytes
     */
    public static String path(Path path) {
        return cut(path.toString(), LONGEST_VALUE);
    }

    /**
     * A whole message.
     *
     * @param message the text of an exception
     * @return the same if it is short, otherwise without a piece of its middle: where it begins and what it advises stay
     */
    public static String bounded(String message) {
        return message == null ? null : cut(message, LONGEST_MESSAGE);
    }

    /**
     * Several findings as one text.
     *
     * @param findings what was found, in the order to show
     * @param bytes how long the result may be
     * @return the first {@value #SHOWN} findings behind semicolons with the number left out, the long ones cut if together
     *     they have more bytes
     */
    static String findings(List<String> findings, int bytes) {
        List<String> first = findings.subList(0, Math.min(findings.size(), SHOWN));
        int each = bytes / Math.max(1, first.size());
        boolean fit = first.stream().mapToLong(MessageText::bytes).sum() <= bytes;
        List<String> shown =
                first.stream().map(text -> cut(text, fit ? bytes : each)).toList();
        return joined(shown, findings.size(), "; ");
    }

    private static String joined(List<String> first, int size, String separator) {
        String shown = String.join(separator, first);
        return size > first.size() ? shown + separator + "and " + (size - first.size()) + " more" : shown;
    }

    private static String quoted(Object name, int bytes) {
        return "\"" + cut(Objects.toString(name), bytes) + "\"";
    }

    /** The text with its control characters spelled out, without a piece of its middle if it has more bytes. */
    static String cut(String text, int bytes) {
        StringBuilder whole = new StringBuilder();
        if (append(text, 0, bytes, whole) == text.length()) {
            return whole.toString();
        }
        String mark = String.format(Locale.ROOT, "...(%d characters)...", text.length());
        int room = Math.max(0, bytes - mark.length());
        StringBuilder start = new StringBuilder();
        int end = append(text, 0, room - room / 3, start);
        int tail = tail(text, end, room / 3);
        append(text, tail, room / 3, start.append(mark));
        return start.toString();
    }

    /** Appends characters as long as there is room, and returns where it stopped. */
    private static int append(String text, int from, int bytes, StringBuilder to) {
        int at = from;
        int left = bytes;
        while (at < text.length()) {
            int character = text.codePointAt(at);
            String shown = shown(character);
            left -= bytes(shown);
            if (left < 0) {
                break;
            }
            to.append(shown);
            at += Character.charCount(character);
        }
        return at;
    }

    /** Where the longest end of the text begins that fits. */
    private static int tail(String text, int from, int bytes) {
        int at = text.length();
        int left = bytes;
        while (at > from) {
            int character = text.codePointBefore(at);
            left -= bytes(shown(character));
            if (left < 0) {
                break;
            }
            at -= Character.charCount(character);
        }
        return at;
    }

    private static String shown(int character) {
        return switch (character) {
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default ->
                isVisible(character) ? Character.toString(character) : String.format(Locale.ROOT, "\\u%04x", character);
        };
    }

    /** Line separators and marks of direction forge a log as well as control characters do. */
    private static boolean isVisible(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }

    private static int bytes(String text) {
        int bytes = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
        }
        return bytes;
    }
}
