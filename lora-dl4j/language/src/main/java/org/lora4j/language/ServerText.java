/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.lora4j.internal.language.sampling.GenerationState;

/** A text that a server makes: it waits, runs, may lose its cache and wait again. For the thread that generates. */
final class ServerText {

    final LmRequest request;
    /** Its place among the texts of the request. */
    final int index;

    final long arrival;
    final GenerationState state;
    final TokenListener listener;
    /** Tokens that are computed for it at most: the last new one is not. */
    final int mostTokens;

    private final CausalLm.Text text;

    /** Whether it ran before, and lost its cache. */
    boolean hasBegun;
    /** Texts that came later and began before it. */
    int overtaken;
    /** Null until it began; then it keeps them. */
    AdapterShelf.Values adapter;
    /** In the session, while it runs. */
    int sequence;
    /** Tokens that its cache has room for. */
    int room;
    /** Tokens so far. */
    private int length;

    private int last;

    ServerText(LmRequest request, int index, long arrival, CausalLm.Text text, int mostTokens, TokenListener listener) {
        this.request = request;
        this.index = index;
        this.arrival = arrival;
        this.text = text;
        this.state = text.state();
        this.mostTokens = mostTokens;
        this.listener = listener;
        this.length = text.ids().length;
    }

    int length() {
        return length;
    }

    /** The newest token, once there is one. */
    int last() {
        return last;
    }

    /** Takes the logits behind its last token. */
    void accept(float[] logits) {
        last = state.accept(logits);
        length++;
    }

    /** All tokens so far. */
    int[] ids() {
        return IntStream.concat(Arrays.stream(text.ids()), Arrays.stream(state.newIds()))
                .toArray();
    }

    GeneratedToken token() {
        return GeneratedToken.of(text.prompt(), text.number(), last, state);
    }

    @Override
    public String toString() {
        return request.toString();
    }
}
