/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.service;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.lora4j.serve.UnknownAdapterException;
import org.lora4j.serve.text.ClassScores;
import org.lora4j.serve.text.TextAnswer;
import org.lora4j.serve.text.TextInput;
import org.lora4j.serve.text.TextServer;
import org.lora4j.text.Prediction;

/**
 * Asks a server without an end, from a thread of its own: one request after the other, half of them for the newest domain. Each
 * answer has to come, to name an adapter of the domain that was asked for, and to be what this adapter says alone. One request in
 * fifty names an adapter that was retired, and has to be refused.
 */
final class Client implements AutoCloseable {

    private static final int PAUSE_MILLIS = 10;
    private static final int FOR_RETIRED = 50;

    /** Answers of a server agree with those of the adapter alone within 1e-5 of the largest logit. */
    private static final double TOLERANCE = 1e-4;

    private final TextServer server;
    private final SplittableRandom random;
    private final Thread thread = new Thread(this::ask, "client");
    private final Map<String, Map<String, Prediction>> alone = new ConcurrentHashMap<>();
    private final List<Domain> domains = new CopyOnWriteArrayList<>();
    private final List<String> retired = new CopyOnWriteArrayList<>();
    private final Map<String, AtomicLong> answers = new ConcurrentSkipListMap<>();
    private final AtomicLong refused = new AtomicLong();
    private final List<String> wrong = new CopyOnWriteArrayList<>();
    private volatile boolean stopped;

    Client(TextServer server, long seed) {
        this.server = server;
        this.random = new SplittableRandom(seed);
        thread.start();
    }

    /** What an adapter says alone; to be told before it answers. */
    void expect(String adapter, List<String> texts, List<Prediction> predictions) {
        Map<String, Prediction> own = new ConcurrentHashMap<>();
        for (int i = 0; i < texts.size(); i++) {
            own.put(texts.get(i), predictions.get(i));
        }
        answers.put(adapter, new AtomicLong());
        alone.put(adapter, own);
    }

    /** Asks for a domain from now on. */
    void askFor(Domain domain) {
        domains.add(domain);
    }

    void retire(String adapter) {
        retired.add(adapter);
    }

    private void ask() {
        try {
            while (!stopped) {
                if (!retired.isEmpty() && random.nextInt(FOR_RETIRED) == 0) {
                    askRetired(retired.get(random.nextInt(retired.size())));
                } else if (!domains.isEmpty()) {
                    int newest = domains.size() - 1;
                    ask(domains.get(random.nextBoolean() ? newest : random.nextInt(domains.size())));
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException | RuntimeException e) {
            wrong.add("a request is lost: " + e);
        }
    }

    private void ask(Domain domain) {
        String text = domain.test().get(random.nextInt(domain.test().size())).text();
        TextAnswer<ClassScores> answer =
                server.classify(domain.name(), List.of(TextInput.of(text))).join();
        String by = answer.by().adapter();
        Prediction given = answer.results().get(0).prediction();
        boolean ofDomain =
                answer.alias().filter(domain.name()::equals).isPresent() && by.startsWith(domain.name() + "-");
        if (!ofDomain || !same(alone.get(by).get(text), given)) {
            wrong.add("\"" + text + "\" of " + domain.name() + " was answered by " + by + ": " + given);
        }
        answers.get(by).incrementAndGet();
    }

    /** Whether two say the same but for the last digits, which other texts of a batch change. */
    static boolean same(Prediction first, Prediction second) {
        return first.scores().keySet().equals(second.scores().keySet())
                && first.scores().keySet().stream()
                        .allMatch(label -> Math.abs(first.scores().get(label)
                                        - second.scores().get(label))
                                < TOLERANCE);
    }

    private void askRetired(String adapter) {
        try {
            server.classify(adapter, List.of(TextInput.of("is it still there"))).join();
            wrong.add("asked for " + adapter + ", which is retired, and was answered");
        } catch (UnknownAdapterException e) {
            refused.incrementAndGet();
        }
    }

    /** Answers by adapter. */
    Map<String, AtomicLong> answers() {
        return answers;
    }

    long refused() {
        return refused.get();
    }

    /** What went wrong: nothing may. */
    List<String> wrong() {
        return wrong;
    }

    /** Waits for the last answer. */
    @Override
    public void close() {
        stopped = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
