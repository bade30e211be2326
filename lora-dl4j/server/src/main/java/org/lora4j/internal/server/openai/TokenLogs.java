/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.lora4j.language.GeneratedToken;
import org.lora4j.language.LanguageTokenizer;
import org.lora4j.language.StreamDecoder;

/**
 * The tokens of a text with the place where each begins in it, given out with the text that they are of. So a token that was held
 * back for a stop string comes when its text does, or never.
 *
 * <p><b>Threads.</b> For one at a time.
 */
final class TokenLogs {

    private final LanguageTokenizer tokenizer;
    private final StreamDecoder whole;
    private final Deque<Entry> waiting = new ArrayDeque<>();
    private int length;

    /** A token and the place in the text where it begins. */
    record Entry(GeneratedToken token, int start) {}

    TokenLogs(LanguageTokenizer tokenizer, int[] prompt) {
        this.tokenizer = tokenizer;
        this.whole = tokenizer.streamDecoder(true, prompt);
    }

    void add(GeneratedToken token) {
        waiting.add(new Entry(token, length));
        if (tokenizer.isKnown(token.id())) {
            length += whole.push(token.id()).length();
        }
    }

    /** Those that begin in the text up to a length. */
    List<Entry> upTo(int text) {
        List<Entry> entries = new ArrayList<>();
        while (!waiting.isEmpty() && waiting.peek().start() < text) {
            entries.add(waiting.remove());
        }
        return entries;
    }

    /** All that are left of a text that came to its length. */
    List<Entry> rest() {
        List<Entry> entries = List.copyOf(waiting);
        waiting.clear();
        return entries;
    }
}
