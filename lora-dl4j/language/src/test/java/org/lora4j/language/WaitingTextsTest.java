/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.language.sampling.Candidates;
import org.lora4j.internal.language.sampling.GenerationState;
import org.lora4j.internal.language.sampling.GenerationValues;
import org.lora4j.internal.language.sampling.TextPieces;

class WaitingTextsTest {

    private final WaitingTexts waiting = new WaitingTexts();
    private long arrivals;

    private ServerText add(String adapter, int prompt) {
        int[] ids = new int[prompt];
        GenerationState state =
                new GenerationState(GenerationValues.NONE, ids, 0, 1000, TextPieces.none(), new Candidates());
        ServerText text = new ServerText(
                new LmRequest(arrivals, adapter, 1, () -> {}),
                0,
                arrivals++,
                new CausalLm.Text(0, 0, ids, state),
                100,
                token -> true);
        waiting.add(text);
        return text;
    }

    /** Adapter and arrival of each, in the order of their turns. */
    private List<String> turns() {
        List<String> found = new ArrayList<>();
        waiting.turns().forEachRemaining(text -> found.add(text.request.adapter() + text.arrival));
        return found;
    }

    /** The next one begins, and gets some tokens. */
    private String serve(int newTokens) {
        ServerText text = waiting.turns().next();
        waiting.begins(text);
        waiting.removeAll(List.of(text));
        waiting.count(text.request.adapter(), newTokens);
        return text.request.adapter();
    }

    @Test
    void textsOfOneAdapter_areInTheOrderOfArrival_alsoOneThatComesBack() {
        ServerText first = add("a", 5);
        add("a", 50);
        add("a", 1);
        waiting.removeAll(List.of(first));
        assertThat(turns()).containsExactly("a1", "a2");

        waiting.add(first);

        assertThat(turns()).containsExactly("a0", "a1", "a2");
        assertThat(waiting.size()).isEqualTo(3);
        assertThat(waiting.all()).hasSize(3);
    }

    @Test
    void adapters_takeTurnsByTheTokensOfTheirPrompts() {
        for (int i = 0; i < 4; i++) {
            add("a", 10);
        }
        add("b", 30);
        add("b", 5);
        add("c", 10);

        // a: 0, 10, 20, 30; b: 0, 30; c: 0. The earlier arrival among equals.
        assertThat(turns()).containsExactly("a0", "b4", "c6", "a1", "a2", "a3", "b5");
    }

    @Test
    void newTokens_countLikeThoseOfPrompts() {
        for (int i = 0; i < 3; i++) {
            add("a", 2);
            add("b", 2);
        }

        // a: 2 + 10; b: 2, then 4 + 3, then 9 + 2.
        assertThat(serve(10)).isEqualTo("a");
        assertThat(serve(0)).isEqualTo("b");
        assertThat(serve(3)).isEqualTo("b");
        assertThat(serve(2)).isEqualTo("b");
        assertThat(serve(0)).isEqualTo("a");
    }

    @Test
    void adapterThatWasAway_hasNoClaimToWhatItMissed() {
        for (int i = 0; i < 5; i++) {
            add("a", 10);
            serve(90);
        }
        add("a", 10);
        add("a", 10);
        add("a", 10);
        assertThat(serve(90)).isEqualTo("a");
        add("b", 10);
        add("b", 10);
        add("b", 10);

        // b begins at 500, where a was when its turn came last, not at 0.
        assertThat(serve(90)).isEqualTo("b");
        assertThat(List.of(serve(90), serve(90))).containsExactlyInAnyOrder("a", "b");
        assertThat(List.of(serve(90), serve(90))).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void manyNames_areNotRememberedForEver() {
        for (int i = 0; i < 1000; i++) {
            add("name" + i, 3);
            serve(1);
        }
        add("last", 3);
        add("name5", 1);

        Iterator<ServerText> turns = waiting.turns();
        assertThat(turns.next().request.adapter()).isEqualTo("last");
        assertThat(turns.next().request.adapter()).isEqualTo("name5");
        assertThat(turns.hasNext()).isFalse();
        assertThat(waiting.remembered()).isBetween(2, 70);
        assertThat(waiting.isEmpty()).isFalse();
    }
}
