/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import java.util.List;
import java.util.Optional;
import org.lora4j.language.FinishReason;
import org.lora4j.language.GeneratedToken;

/**
 * A text on its way to the client. Pieces of the model go in; what may be shown comes out, with the tokens that it is of and the
 * calls that were in it. <b>Threads.</b> Guarded by its reply.
 */
final class RunningText {

    final int[] indices;
    final String shown;
    private final Optional<TokenLogs> logs;
    private final Optional<ToolCalls> calls;
    private int heard;
    private boolean begun;
    private long lastToken;

    /**
     * What came last of a text.
     *
     * @param text may be empty
     * @param tokens of this text, if they are wanted
     * @param calls that ended with it
     */
    record Piece(String text, List<TokenLogs.Entry> tokens, List<ToolCalls.Call> calls) {

        boolean hasText() {
            return !text.isEmpty() || !tokens.isEmpty();
        }
    }

    /**
     * A text that has not begun.
     *
     * @param indices its numbers in the answer, several if it is given several times
     * @param shown what stands before it
     */
    RunningText(int[] indices, String shown, Optional<TokenLogs> logs, Optional<ToolCalls> calls) {
        this.indices = indices;
        this.shown = shown;
        this.logs = logs;
        this.calls = calls;
    }

    /** Says when a token came; true if it was the first. */
    boolean begins(long start, ReplyTimes times) {
        long now = System.nanoTime();
        boolean first = !begun;
        if (first) {
            times.firstToken(now - start);
        } else {
            times.nextToken(now - lastToken);
        }
        begun = true;
        lastToken = now;
        return first;
    }

    boolean hasBegun() {
        return begun;
    }

    boolean hasLogs() {
        return logs.isPresent();
    }

    boolean hasCalls() {
        return calls.isPresent() && calls.get().any();
    }

    /** Takes a token of a text that is given when it is complete. */
    void keep(GeneratedToken token) {
        logs.ifPresent(all -> all.add(token));
    }

    /** Takes a token of a text that is given piece by piece. */
    Piece add(GeneratedToken token) {
        heard += token.text().length();
        keep(token);
        return piece(
                calls.map(reader -> reader.accept(token.text())).orElse(token.text()),
                logs.map(all -> all.upTo(heard)).orElse(List.of()));
    }

    /** Takes the end, with the whole text: what was not given until now. */
    Piece end(String all, FinishReason reason) {
        String rest = all.substring(Math.min(heard, all.length()));
        heard = all.length();
        boolean isWhole = reason == FinishReason.LENGTH || reason == FinishReason.CONTEXT_FULL;
        return piece(
                calls.map(reader -> reader.accept(rest) + reader.finish()).orElse(rest),
                logs.map(tokens -> isWhole ? tokens.rest() : tokens.upTo(all.length()))
                        .orElse(List.of()));
    }

    private Piece piece(String text, List<TokenLogs.Entry> tokens) {
        return new Piece(text, tokens, calls.map(ToolCalls::fresh).orElse(List.of()));
    }
}
