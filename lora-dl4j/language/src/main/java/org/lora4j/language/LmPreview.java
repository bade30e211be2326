/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lora4j.error.Arguments;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.internal.language.training.TokenRow;
import org.lora4j.trust.ExamplePreview;

/**
 * What a training would learn of its first examples: each as the model sees it, special tokens included, with the learned part
 * marked. Immutable.
 *
 * @param sequences the sequences, in the order of the examples; a long text is several
 * @param examples number of all examples
 * @apiNote Status: stable
 */
public record LmPreview(List<Sequence> sequences, int examples) {

    /** What stands before and behind a learned part in texts. */
    private static final String BEGIN = "\u27EA";

    private static final String END = "\u27EB";

    /**
     * A part of a sequence.
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
            Arguments.required(text, "LmPreview.Part: text", "a text");
        }
    }

    /**
     * An example, or a piece of a long text, in tokens.
     *
     * @param parts its text in order
     * @param tokens number of its tokens
     * @param learned number of those that are learned
     * @apiNote Status: stable
     */
    public record Sequence(List<Part> parts, int tokens, int learned) {

        /**
         * Copies the list.
         *
         * @param parts as in the record
         * @param tokens as in the record
         * @param learned as in the record
         */
        public Sequence {
            parts = List.copyOf(Arguments.allRequired(parts, "LmPreview.Sequence: parts", "a part"));
        }

        /**
         * The text that is learned.
         *
         * @return the learned parts, one after the other
         */
        public String learnedText() {
            StringBuilder text = new StringBuilder();
            parts.stream().filter(Part::learned).forEach(part -> text.append(part.text()));
            return text.toString();
        }

        /** The text with the learned parts between double angle brackets. */
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            for (Part part : parts) {
                text.append(part.learned() ? BEGIN + part.text() + END : part.text());
            }
            return text + "\n(" + tokens + " tokens, " + learned + " of them learned)";
        }
    }

    /**
     * Copies the list.
     *
     * @param sequences as in the record
     * @param examples as in the record
     */
    public LmPreview {
        sequences = List.copyOf(Arguments.allRequired(sequences, "LmPreview: sequences", "a sequence"));
    }

    static LmPreview of(LanguageTokenizer tokenizer, List<TokenRow> rows, int examples) {
        return new LmPreview(rows.stream().map(row -> sequence(tokenizer, row)).toList(), examples);
    }

    private static Sequence sequence(LanguageTokenizer tokenizer, TokenRow row) {
        String whole = tokenizer.decode(row.ids(), false);
        List<Part> parts = new ArrayList<>();
        int from = 0;
        for (int i = 1; i <= row.length(); i++) {
            boolean learned = isLearned(row, i - 1);
            if (i == row.length() || isLearned(row, i) != learned) {
                int to = i == row.length() ? whole.length() : textBefore(tokenizer, row, i, whole);
                if (to > from) {
                    parts.add(new Part(whole.substring(from, to), learned));
                    from = to;
                }
            }
        }
        return new Sequence(parts, row.length(), row.targets());
    }

    private static boolean isLearned(TokenRow row, int at) {
        return row.labels()[at] != DecoderInputs.IGNORED;
    }

    /** How much of the text the tokens before one are: a character of which bytes are missing is none of theirs. */
    private static int textBefore(LanguageTokenizer tokenizer, TokenRow row, int at, String whole) {
        String text = tokenizer.decode(Arrays.copyOf(row.ids(), at), false);
        int length = Math.min(text.length(), whole.length());
        int same = 0;
        while (same < length && text.charAt(same) == whole.charAt(same)) {
            same++;
        }
        return same;
    }

    /**
     * For a terminal: what is learned is bold and green, what is read is dim. Control characters of the texts are spelled out.
     *
     * @return several lines
     */
    public String terminal() {
        return shown().terminal();
    }

    /**
     * As a page of HTML without scripts or links: what is learned stands in {@code mark}.
     *
     * @return the page
     */
    public String html() {
        return shown().html();
    }

    private ExamplePreview shown() {
        return new ExamplePreview(
                sequences.stream()
                        .map(sequence -> new ExamplePreview.Example(
                                sequence.parts().stream()
                                        .map(part -> new ExamplePreview.Part(part.text(), part.learned()))
                                        .toList(),
                                "",
                                sequence.tokens(),
                                sequence.learned()))
                        .toList(),
                examples);
    }

    /** The sequences, the learned parts between double angle brackets. */
    @Override
    public String toString() {
        StringBuilder all = new StringBuilder(sequences.size() + " sequences of " + examples
                + " examples; what stands between " + BEGIN + " and " + END + " is learned");
        for (int i = 0; i < sequences.size(); i++) {
            all.append("\n\n").append(i + 1).append(": ").append(sequences.get(i));
        }
        return all.toString();
    }
}
