/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import java.util.List;
import java.util.Locale;
import org.lora4j.error.Arguments;

/**
 * The first examples of a training as the model gets them: what is learned is told from what is only read. Immutable.
 *
 * @param examples the first examples, in their order
 * @param of number of all examples
 * @apiNote Status: stable
 */
public record ExamplePreview(List<Example> examples, int of) {

    private static final String BEGIN = "\u27EA";
    private static final String END = "\u27EB";
    private static final String LEARNED = "\u001b[1;32m";
    private static final String READ = "\u001b[2m";
    private static final String PLAIN = "\u001b[0m";

    /**
     * A part of an example.
     *
     * @param text its text
     * @param learned whether its tokens are learned, or only read
     * @apiNote Status: stable
     */
    public record Part(String text, boolean learned) {

        /**
         * Checks the text.
         *
         * @param text as in the record
         * @param learned as in the record
         */
        public Part {
            Arguments.required(text, "ExamplePreview.Part: text", "a text");
        }
    }

    /**
     * An example.
     *
     * @param parts its text in order
     * @param target what is learned beside it, such as its label; empty if the text itself is learned
     * @param tokens number of its tokens
     * @param learned number of tokens that are learned, or of labels
     * @apiNote Status: stable
     */
    public record Example(List<Part> parts, String target, int tokens, int learned) {

        /**
         * Copies the list.
         *
         * @param parts as in the record
         * @param target as in the record
         * @param tokens as in the record
         * @param learned as in the record
         */
        public Example {
            parts = List.copyOf(Arguments.allRequired(parts, "ExamplePreview.Example: parts", "a part"));
            Arguments.required(target, "ExamplePreview.Example: target", "a text, empty for none");
        }

        private String counts() {
            return "(" + tokens + " tokens, " + learned + (target.isEmpty() ? " of them" : "") + " learned)";
        }

        /** The text with the learned parts between double angle brackets, on one line or more as the text has it. */
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            for (Part part : parts) {
                text.append(part.learned() ? BEGIN + part.text() + END : part.text());
            }
            return text + (target.isEmpty() ? "" : " -> " + BEGIN + target + END) + " " + counts();
        }
    }

    /**
     * Copies the list.
     *
     * @param examples as in the record
     * @param of as in the record
     */
    public ExamplePreview {
        examples = List.copyOf(Arguments.allRequired(examples, "ExamplePreview: examples", "an example"));
    }

    /**
     * For a terminal: what is learned is bold and green, what is read is dim. Control characters of the texts are spelled out.
     *
     * @return several lines
     */
    public String terminal() {
        StringBuilder text = new StringBuilder(examples.size() + " of " + of + " examples; " + LEARNED + "learned"
                + PLAIN + ", " + READ + "only read" + PLAIN);
        for (Example example : examples) {
            text.append("\n\n");
            for (Part part : example.parts()) {
                text.append(part.learned() ? LEARNED : READ)
                        .append(printable(part.text()))
                        .append(PLAIN);
            }
            if (!example.target().isEmpty()) {
                text.append(" -> ")
                        .append(LEARNED)
                        .append(printable(example.target()))
                        .append(PLAIN);
            }
            text.append("\n").append(example.counts());
        }
        return text.append("\n").toString();
    }

    /**
     * As a page of HTML without scripts or links: what is learned stands in {@code mark}.
     *
     * @return the page
     */
    public String html() {
        StringBuilder text = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
                + "<title>Preview of examples</title>\n<style>body{font-family:sans-serif;margin:2em}"
                + "pre{white-space:pre-wrap;border:1px solid #ccc;padding:1em;color:#555}"
                + "mark{background:#b6f0b6;color:#000}</style></head>\n<body>\n<p>"
                + examples.size() + " of " + of + " examples; <mark>learned</mark>, the rest is only read</p>\n");
        for (Example example : examples) {
            text.append("<pre>");
            for (Part part : example.parts()) {
                String words = escaped(printable(part.text()));
                text.append(part.learned() ? "<mark>" + words + "</mark>" : words);
            }
            if (!example.target().isEmpty()) {
                text.append(" &rarr; <mark>")
                        .append(escaped(printable(example.target())))
                        .append("</mark>");
            }
            text.append("</pre>\n<p>").append(escaped(example.counts())).append("</p>\n");
        }
        return text.append("</body>\n</html>\n").toString();
    }

    /** Nothing that moves a cursor, turns the direction of writing or ends a line otherwise than by a line feed. */
    private static String printable(String text) {
        StringBuilder printable = new StringBuilder();
        text.codePoints().forEach(point -> {
            int type = Character.getType(point);
            boolean hidden = type == Character.CONTROL && point != '\n' && point != '\t'
                    || type == Character.FORMAT
                    || type == Character.SURROGATE
                    || type == Character.LINE_SEPARATOR
                    || type == Character.PARAGRAPH_SEPARATOR;
            if (hidden) {
                printable.append(String.format(Locale.ROOT, "\\u%04x", point));
            } else {
                printable.appendCodePoint(point);
            }
        });
        return printable.toString();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    /** The examples, learned parts between double angle brackets. */
    @Override
    public String toString() {
        StringBuilder all = new StringBuilder(examples.size() + " of " + of + " examples; what stands between " + BEGIN
                + " and " + END + " is learned");
        for (int i = 0; i < examples.size(); i++) {
            all.append("\n\n").append(i + 1).append(": ").append(examples.get(i));
        }
        return all.toString();
    }
}
