/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.PriorityQueue;

/**
 * The texts that wait, and whose turn it is. Texts of one adapter come first come, first served. Among adapters it is the turn
 * of the one for which the fewest tokens were computed, so who asks a thousand times holds up nobody who asks once. An adapter
 * that asks for nothing gathers no right to be served later: it goes on from where the others are.
 *
 * <p>Source: Sheng et al., 2024, Fairness in Serving Large Language Models, arXiv 2401.00588, with the tokens of prompt and
 * text counting the same.
 *
 * <p><b>Threads.</b> Guarded by the server's lock.
 */
final class WaitingTexts {

    /** Adapters whose tokens are remembered though none waits, before those that are behind are forgotten. */
    private static final int REMEMBERED = 64;

    /** Those of each adapter, the oldest first. */
    private final Map<String, List<ServerText>> texts = new HashMap<>();

    private final Map<String, Long> computed = new HashMap<>();
    /** The tokens of the adapter whose turn it was last, before that. */
    private long now;

    private String last = "";

    private int size;

    /** A place among the texts of one adapter. */
    private static final class Turn {

        private final List<ServerText> texts;
        private long computed;
        private int next;

        Turn(List<ServerText> texts, long computed) {
            this.texts = texts;
            this.computed = computed;
        }

        long computed() {
            return computed;
        }

        long arrival() {
            return texts.get(next).arrival;
        }
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** Takes a text, at the place that its arrival gives it. */
    void add(ServerText text) {
        String adapter = text.request.adapter();
        if (size == 0) {
            now = Math.max(now, computed.getOrDefault(last, 0L));
        }
        List<ServerText> same = texts.computeIfAbsent(adapter, name -> {
            computed.merge(name, now, Math::max);
            return new ArrayList<>();
        });
        int at = same.size();
        while (at > 0 && same.get(at - 1).arrival > text.arrival) {
            at--;
        }
        same.add(at, text);
        size++;
        if (computed.size() > texts.size() + REMEMBERED) {
            computed.entrySet().removeIf(one -> one.getValue() <= now && !texts.containsKey(one.getKey()));
        }
    }

    /** Lets texts go. */
    void removeAll(Collection<ServerText> gone) {
        for (ServerText text : gone) {
            String adapter = text.request.adapter();
            List<ServerText> same = texts.get(adapter);
            if (same != null && same.remove(text)) {
                size--;
                if (same.isEmpty()) {
                    texts.remove(adapter);
                }
            }
        }
    }

    /** All of them, in no order. */
    List<ServerText> all() {
        return texts.values().stream().flatMap(List::stream).toList();
    }

    /** How many adapters it knows something of. */
    int remembered() {
        return computed.size();
    }

    /** Counts tokens that were computed for an adapter. */
    void count(String adapter, long tokens) {
        computed.merge(adapter, tokens, Long::sum);
    }

    /** Counts the prompt of a text that begins, whose turn it was. */
    void begins(ServerText text) {
        String adapter = text.request.adapter();
        now = Math.max(now, computed.getOrDefault(adapter, 0L));
        last = adapter;
        count(adapter, text.length());
    }

    /** The texts in the order of their turns, as if the prompts of all before each were computed. Not to be changed meanwhile. */
    Iterator<ServerText> turns() {
        PriorityQueue<Turn> turns =
                new PriorityQueue<>(Comparator.comparingLong(Turn::computed).thenComparingLong(Turn::arrival));
        texts.forEach((adapter, same) -> turns.add(new Turn(same, computed.getOrDefault(adapter, 0L))));
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return !turns.isEmpty();
            }

            @Override
            public ServerText next() {
                if (turns.isEmpty()) {
                    throw new NoSuchElementException();
                }
                Turn turn = turns.remove();
                ServerText text = turn.texts.get(turn.next++);
                turn.computed += text.length();
                if (turn.next < turn.texts.size()) {
                    turns.add(turn);
                }
                return text;
            }
        };
    }
}
