/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * Makes text of ids as they come. A piece holds what no later id can change: not a character of which bytes are missing, and
 * not the bytes of a tokenizer with byte fallback before something else than a byte follows. All pieces together are what
 * {@link LanguageTokenizer#decode} makes of all ids.
 *
 * <p><i>State.</i> The ids that may still matter. <i>Threads.</i> For one thread at a time.
 *
 * @apiNote Status: stable
 */
public final class StreamDecoder {

    /** A byte as tokenizers with byte fallback spell it; one that is no UTF-8 spoils all bytes beside it. */
    private static final Pattern BYTE = Pattern.compile("<0x[0-9A-Fa-f]{2}>");

    private static final char REPLACEMENT = '\uFFFD';

    /** From how many ids on the first ones are let go. */
    private static final int WINDOW = 16;

    /** Ids of a text before that are enough to know what follows one. */
    private static final int BEFORE = 2 * WINDOW;

    private final LanguageTokenizer tokenizer;
    private final boolean skipSpecialTokens;
    private boolean finished;

    /**
     * The last ids. What decoding makes of an id depends on those before it by whether there are any and by the bytes of an
     * unfinished character, so that the first ones can go when what stays begins and ends with whole characters.
     */
    private int[] window = new int[0];

    /** How much of the window's text was given. */
    private int given;

    /** Where in the window a whole character ended last. */
    private int whole;

    StreamDecoder(LanguageTokenizer tokenizer, boolean skipSpecialTokens) {
        this.tokenizer = tokenizer;
        this.skipSpecialTokens = skipSpecialTokens;
    }

    /** Takes the end of the ids that stand before the first one, whose text was given. */
    void follow(int[] before) {
        int from = Math.max(0, before.length - BEFORE);
        while (from > 0 && isByte(before[from])) {
            from--;
        }
        pushAll(before, from);
        if (window.length == 0 || textLength() == 0) {
            // Special tokens alone, or blanks that nothing is made of: words may stand before them.
            window = new int[0];
            given = 0;
            whole = 0;
            pushAll(before, 0);
        }
        // Bytes are held back until another token follows, but whole characters of them belong to what is before.
        given = Math.max(given, textLength());
    }

    /** How much of the window's text is whole characters. */
    private int textLength() {
        return wholeCharacters(tokenizer.decode(window, skipSpecialTokens));
    }

    private int wholeCharacters(String text) {
        int end = text.length();
        while (end > given && text.charAt(end - 1) == REPLACEMENT) {
            end--;
        }
        return end;
    }

    private void pushAll(int[] ids, int from) {
        for (int i = from; i < ids.length; i++) {
            // A model may have more ids than its tokenizer.
            if (tokenizer.isKnown(ids[i])) {
                push(ids[i]);
            }
        }
    }

    private boolean isByte(int id) {
        return tokenizer.isKnown(id) && BYTE.matcher(tokenizer.token(id)).matches();
    }

    /**
     * Takes the next id.
     *
     * @param id an id of the vocabulary
     * @return the text that is complete now, often one word or a part of it, perhaps empty
     * @throws IllegalArgumentException if the vocabulary has no token of this id; the decoder stays as it was
     * @throws IllegalStateException after {@link #finish}
     */
    public String push(int id) {
        requireOpen();
        if (tokenizer.isSpecial(id) && skipSpecialTokens) {
            return "";
        }
        boolean isByte = isByte(id);
        window = Arrays.copyOf(window, window.length + 1);
        window[window.length - 1] = id;
        if (isByte) {
            return "";
        }
        String text = tokenizer.decode(window, skipSpecialTokens);
        int end = wholeCharacters(text);
        String piece = text.substring(Math.min(given, end), end);
        given = Math.max(given, end);
        if (end == text.length() && !text.isEmpty()) {
            shorten();
        }
        return piece;
    }

    /** All is given up to a whole character: what was there at the last such place is not needed any more. */
    private void shorten() {
        if (window.length > WINDOW && whole > 0) {
            int[] rest = Arrays.copyOfRange(window, whole, window.length);
            String text = tokenizer.decode(rest, skipSpecialTokens);
            // Where nothing is left of it, its first blank was taken for one before the whole text.
            if (!text.isEmpty()) {
                window = rest;
                given = text.length();
            }
        }
        whole = window.length;
    }

    /**
     * Ends the stream.
     *
     * @return the text that was held back
     * @throws IllegalStateException after {@code finish}
     */
    public String finish() {
        requireOpen();
        finished = true;
        String text = tokenizer.decode(window, skipSpecialTokens);
        return text.substring(Math.min(given, text.length()));
    }

    private void requireOpen() {
        if (finished) {
            throw new IllegalStateException(
                    "StreamDecoder: the stream is finished; expected one that goes on. Take a new one for the next text.");
        }
    }
}
