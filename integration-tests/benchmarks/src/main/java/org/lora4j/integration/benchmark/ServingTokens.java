/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.lora4j.adapter.Adapter;
import org.lora4j.format.DType;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmServer;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LmRequest;

/**
 * What it costs to make texts with many adapters side by side, and what continuous batching gains, over random weights of
 * SmolLM-135M's shape: 16 texts with 16 adapters beside 16 texts with one, and many requests at once beside one by one.
 */
final class ServingTokens {

    private static final int SEQUENCES = 16;
    private static final int REQUESTS = 32;
    private static final int PROMPT = 16;
    private static final int TOKENS = 48;
    private static final double MOST_ADAPTERS = 1.3;
    private static final double LEAST_BATCHING = 4;

    private final CausalLm model;
    private final List<Adapter> adapters = new ArrayList<>();

    private ServingTokens(CausalLm model, DecoderConfig config) {
        this.model = model;
        for (int i = 0; i < SEQUENCES; i++) {
            adapters.add(RandomPairs.adapter(config, RandomPairs.RANK, i));
        }
    }

    /** Measures with weights of a type, in a folder for the model, and adds to a report. */
    static void run(Path directory, DType type, int rounds, Summary summary) throws IOException {
        DecoderConfig config = RandomModel.write(directory, RandomModel.SMALL, type);
        try (CausalLm model = CausalLm.load(directory)) {
            new ServingTokens(model, config).run(type.name(), rounds, summary);
        }
    }

    private void run(String form, int rounds, Summary summary) {
        List<Double> none = new ArrayList<>();
        List<Double> one = new ArrayList<>();
        List<Double> many = new ArrayList<>();
        List<Double> together = new ArrayList<>();
        List<Double> single = new ArrayList<>();
        try (CausalLmServer wide =
                        CausalLmServer.builder(model).maxSequences(SEQUENCES).build();
                CausalLmServer narrow =
                        CausalLmServer.builder(model).maxSequences(1).build()) {
            for (int i = 0; i < SEQUENCES; i++) {
                wide.register("a" + i, adapters.get(i));
                narrow.register("a" + i, adapters.get(i));
            }
            for (int round = -1; round < rounds; round++) {
                double withNone = perToken(wide, 0);
                double withOne = perToken(wide, 1);
                double withMany = perToken(wide, SEQUENCES);
                double all = rate(wide, REQUESTS);
                double each = rate(narrow, REQUESTS / 8);
                if (round >= 0) {
                    none.add(withNone);
                    one.add(withOne);
                    many.add(withMany);
                    together.add(1 / all);
                    single.add(1 / each);
                }
            }
            summary.note(form + ", memory of 16 caches and rows", wide.metrics().mostBytes() + " bytes");
            summary.note(form + ", memory of 16 adapters", wide.metrics().adapterBytes() + " bytes");
        }
        summary.note(
                form + ", a token of each of 16 texts, best and median",
                String.format(
                        Locale.ROOT,
                        "no adapter %s, one %s, 16 %s",
                        milliseconds(none),
                        milliseconds(one),
                        milliseconds(many)));
        summary.note(
                form + ", tokens a second, best and median",
                String.format(
                        Locale.ROOT,
                        "%d requests at once %s, one by one %s",
                        REQUESTS,
                        rates(together),
                        rates(single)));
        summary.promise(Promise.atMost(
                form + ", 16 texts with 16 adapters / with one",
                Timing.of(many).best() / Timing.of(one).best(),
                MOST_ADAPTERS));
        summary.promise(Promise.atLeast(
                form + ", continuous batching / one by one",
                Timing.of(single).best() / Timing.of(together).best(),
                LEAST_BATCHING));
    }

    private static String milliseconds(List<Double> seconds) {
        Timing timing = Timing.of(seconds);
        return String.format(Locale.ROOT, "%.1f and %.1f ms", 1e3 * timing.best(), 1e3 * timing.median());
    }

    private static String rates(List<Double> secondsOfToken) {
        Timing timing = Timing.of(secondsOfToken);
        return String.format(Locale.ROOT, "%.1f and %.1f", 1 / timing.best(), 1 / timing.median());
    }

    /** Seconds from one token to the next of 16 texts, the quickest of a run. */
    private double perToken(CausalLmServer server, int different) {
        List<LmRequest> requests = new ArrayList<>();
        List<Long> times = new ArrayList<>();
        for (int i = 0; i < SEQUENCES; i++) {
            boolean last = i == SEQUENCES - 1;
            requests.add(server.submit(name(i, different), ids(i, 4), greedy(), token -> {
                if (last) {
                    times.add(System.nanoTime());
                }
                return true;
            }));
        }
        requests.forEach(LmRequest::result);
        List<Double> gaps = new ArrayList<>();
        for (int i = 1; i < times.size(); i++) {
            gaps.add((times.get(i) - times.get(i - 1)) / 1e9);
        }
        return Timing.of(gaps).median();
    }

    private static String name(int i, int different) {
        return different == 0 ? CausalLmServer.BASE : "a" + i % different;
    }

    /** New tokens a second of requests that come at once. */
    private static double rate(CausalLmServer server, int count) {
        List<LmRequest> requests = new ArrayList<>();
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            requests.add(server.submit(name(i, SEQUENCES), ids(i, PROMPT), greedy(), token -> true));
        }
        requests.forEach(LmRequest::result);
        return 1e9 * count * TOKENS / (System.nanoTime() - start);
    }

    private static GenerationConfig greedy() {
        return GenerationConfig.builder().maxNewTokens(TOKENS).eosTokenIds().build();
    }

    private static int[] ids(int seed, int count) {
        return new Random(seed).ints(count, 0, 49_152).toArray();
    }
}
