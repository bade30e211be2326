/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.serving;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.ServingRequest;
import org.lora4j.serve.ServingResult;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Clients that ask a server at the same time, each a group of questions at a time, and what became of their questions. */
final class ServedTraffic {

    private static final double TOLERANCE = 1e-5;

    private final AdapterServer server;

    /** The versions of an adapter that may answer, by name. */
    private final Map<String, List<Answers>> versions;

    /**
     * What became of the questions of one adapter.
     *
     * @param byVersion how many were answered by each version
     * @param right answers that are right
     * @param rightAlone answers of the same version alone that are right
     * @param other answers of no version
     * @param failed questions without an answer
     */
    record Tally(int[] byVersion, int right, int rightAlone, int other, List<String> failed) {

        int answered() {
            int sum = other;
            for (int count : byVersion) {
                sum += count;
            }
            return sum;
        }
    }

    private final Map<String, Tally> tallies = new TreeMap<>();

    ServedTraffic(AdapterServer server, Map<String, List<Answers>> versions) {
        this.server = server;
        this.versions = versions;
    }

    /**
     * Asks everything.
     *
     * @param clients how many ask at the same time
     * @param progress told after each group how many are done
     * @return tallies by adapter
     */
    Map<String, Tally> run(Traffic traffic, int clients, IntConsumer progress) {
        Queue<List<Question>> waiting = new ConcurrentLinkedQueue<>(traffic.groups());
        AtomicInteger done = new AtomicInteger();
        parallel(clients, client -> {
            for (List<Question> group = waiting.poll(); group != null; group = waiting.poll()) {
                record(group, server.predict(requests(group)));
                progress.accept(done.incrementAndGet());
            }
        });
        return tallies;
    }

    static List<ServingRequest> requests(List<Question> group) {
        return group.stream()
                .map(question -> new ServingRequest(question.adapter(), Question.inputs(List.of(question))))
                .toList();
    }

    static void parallel(int clients, Consumer<Integer> work) {
        ExecutorService pool = Executors.newFixedThreadPool(clients);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                int client = i;
                all.add(pool.submit(() -> work.accept(client)));
            }
            for (Future<?> one : all) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while clients ask; expected to wait for them.", e);
        } finally {
            pool.shutdownNow();
        }
    }

    private synchronized void record(List<Question> group, List<ServingResult> results) {
        for (int i = 0; i < group.size(); i++) {
            Question question = group.get(i);
            List<Answers> possible = versions.getOrDefault(question.adapter(), List.of());
            Tally before = tallies.computeIfAbsent(
                    question.adapter(), name -> new Tally(new int[possible.size()], 0, 0, 0, new ArrayList<>()));
            tallies.put(question.adapter(), counted(before, question, possible, results.get(i)));
        }
    }

    private static Tally counted(Tally before, Question question, List<Answers> possible, ServingResult result) {
        if (result instanceof ServingResult.Failure failure) {
            before.failed().add(failure.reason());
            return before;
        }
        INDArray array = result.outputs().get(EncoderClassifier.LOGITS);
        float[] logits = array.dup('c').data().asFloat();
        int right = before.right() + (Answers.best(logits) == question.label() ? 1 : 0);
        for (int version = 0; version < possible.size(); version++) {
            float[] alone = possible.get(version).known(question);
            if (isClose(logits, alone)) {
                before.byVersion()[version]++;
                int rightAlone = before.rightAlone() + (Answers.best(alone) == question.label() ? 1 : 0);
                return new Tally(before.byVersion(), right, rightAlone, before.other(), before.failed());
            }
        }
        return new Tally(before.byVersion(), right, before.rightAlone(), before.other() + 1, before.failed());
    }

    private static boolean isClose(float[] found, float[] expected) {
        double largest = 1;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < found.length; i++) {
            if (!(Math.abs(found[i] - expected[i]) <= TOLERANCE * largest)) {
                return false;
            }
        }
        return true;
    }
}
