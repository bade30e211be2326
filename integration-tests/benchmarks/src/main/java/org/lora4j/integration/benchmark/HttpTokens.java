/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.lora4j.format.DType;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmServer;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LmRequest;
import org.lora4j.server.LoraServer;

/**
 * What HTTP costs texts of a language model: tokens a second of streams that another process reads, beside those of the same
 * requests to the {@link CausalLmServer} itself, with 16 adapters over random weights of SmolLM-135M's shape.
 */
final class HttpTokens {

    /** Texts side by side; as many wait behind them. */
    private static final int SEQUENCES = 16;

    private static final int REQUESTS = 2 * SEQUENCES;
    private static final int PROMPT = 16;
    private static final int TOKENS = 48;
    private static final int VOCABULARY = 49_152;
    private static final double LEAST_SHARE = 0.95;
    private static final double MILLISECOND = 1e-3;

    private HttpTokens() {}

    /** Measures with weights of a type, in a folder for the model, and adds to a report. */
    static void run(Path directory, DType type, int rounds, Summary summary) throws IOException {
        DecoderConfig config = RandomModel.write(directory, RandomModel.SMALL, type);
        RandomModel.writeTokenizer(directory, config);
        List<Double> direct = new ArrayList<>();
        List<Double> http = new ArrayList<>();
        List<Double> first = new ArrayList<>();
        try (CausalLm model = CausalLm.load(directory);
                CausalLmServer texts =
                        CausalLmServer.builder(model).maxSequences(SEQUENCES).build()) {
            for (int i = 0; i < SEQUENCES; i++) {
                texts.register(name(i), RandomPairs.adapter(config, RandomPairs.RANK, i));
            }
            try (LoraServer server = LoraServer.builder()
                    .port(0)
                    .languageModel("base", texts)
                    .accessLog(line -> {})
                    .start()) {
                for (int round = -1; round < rounds; round++) {
                    double alone = seconds(texts);
                    Map<String, Double> told = ChildJava.run(
                            HttpTokensClient.class,
                            List.of(),
                            List.of(server.uri().toString(), String.valueOf(REQUESTS), String.valueOf(TOKENS)),
                            Map.of());
                    if (round >= 0) {
                        direct.add(alone);
                        http.add(told.get(HttpTokensClient.SECONDS));
                        first.add(told.get(HttpTokensClient.FIRST));
                    }
                }
            }
        }
        double tokens = REQUESTS * TOKENS;
        summary.note(
                type + ", tokens a second of " + REQUESTS + " texts with 16 adapters, median",
                String.format(
                        Locale.ROOT,
                        "direct %.1f, over HTTP %.1f",
                        tokens / Timing.of(direct).median(),
                        tokens / Timing.of(http).median()));
        summary.note(
                type + ", first token over HTTP with " + REQUESTS + " requests at once, median",
                String.format(Locale.ROOT, "%.0f ms", Timing.of(first).median() / MILLISECOND));
        summary.promise(Promise.atLeast(
                type + ", tokens a second over HTTP / direct",
                Timing.of(direct).median() / Timing.of(http).median(),
                LEAST_SHARE));
    }

    static String name(int request) {
        return "a" + request % SEQUENCES;
    }

    /** The prompt of a request, for both. */
    static int[] prompt(int request) {
        return new Random(request).ints(PROMPT, 0, VOCABULARY - 300).toArray();
    }

    private static double seconds(CausalLmServer server) {
        GenerationConfig config =
                GenerationConfig.builder().maxNewTokens(TOKENS).eosTokenIds().build();
        List<LmRequest> requests = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        long start = System.nanoTime();
        for (int i = 0; i < REQUESTS; i++) {
            requests.add(server.submit(name(i), prompt(i), config, token -> {
                text.append(token.text());
                return true;
            }));
        }
        requests.forEach(LmRequest::result);
        return (System.nanoTime() - start) / 1e9;
    }
}
