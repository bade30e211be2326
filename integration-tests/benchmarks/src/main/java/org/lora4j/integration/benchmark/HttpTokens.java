/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.lora4j.export.GgufExport;
import org.lora4j.export.GgufType;
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

    /** What clients call the model without an adapter. */
    static final String BASE = "base";

    private static final double MILLISECOND = 1e-3;

    private HttpTokens() {}

    /** Measures with weights of a type, in a folder for the model, and adds to a report. */
    static void run(Path directory, DType type, int rounds, Summary summary) throws IOException {
        DecoderConfig config = RandomModel.write(directory, RandomModel.SMALL, type);
        RandomModel.writeTokenizer(directory, config);
        List<Double> direct = new ArrayList<>();
        List<Double> http = new ArrayList<>();
        List<Double> first = new ArrayList<>();
        List<Double> alone = new ArrayList<>();
        try (CausalLm model = CausalLm.load(directory);
                CausalLmServer texts =
                        CausalLmServer.builder(model).maxSequences(SEQUENCES).build()) {
            for (int i = 0; i < SEQUENCES; i++) {
                texts.register(name(i), RandomPairs.adapter(config, RandomPairs.RANK, i));
            }
            try (LoraServer server = LoraServer.builder()
                    .port(0)
                    .languageModel(BASE, texts)
                    .accessLog(line -> {})
                    .start()) {
                for (int round = -1; round < rounds; round++) {
                    double inProcess = seconds(texts);
                    Map<String, Double> told = asked(server.uri().toString(), HttpTokensClient.Asked.ADAPTERS);
                    Map<String, Double> ofModel = asked(server.uri().toString(), HttpTokensClient.Asked.MODEL);
                    if (round >= 0) {
                        direct.add(inProcess);
                        http.add(told.get(HttpTokensClient.SECONDS));
                        first.add(told.get(HttpTokensClient.FIRST));
                        alone.add(ofModel.get(HttpTokensClient.SECONDS));
                    }
                }
            }
        }
        List<Double> llama = llama(directory, type, rounds);
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
        summary.note(
                type + ", tokens a second without adapters, beside llama.cpp behind the same layer, median",
                String.format(
                        Locale.ROOT,
                        "%.1f, llama.cpp %.1f",
                        tokens / Timing.of(alone).median(),
                        tokens / Timing.of(llama).median()));
        summary.promise(Promise.atLeast(
                type + ", tokens a second over HTTP / direct",
                Timing.of(direct).median() / Timing.of(http).median(),
                LEAST_SHARE));
    }

    private static Map<String, Double> asked(String server, HttpTokensClient.Asked whom) throws IOException {
        return ChildJava.run(
                HttpTokensClient.class,
                HttpLoadClient.OPTIONS,
                List.of(server, String.valueOf(REQUESTS), String.valueOf(TOKENS), whom.name()),
                Map.of());
    }

    /** The same weights in llama.cpp; it has no bfloat16 of its own here, so half precision stands beside that. */
    private static List<Double> llama(Path directory, DType type, int rounds) throws IOException {
        boolean half = type != DType.F32;
        Path exported = directory.resolveSibling(directory.getFileName() + "-gguf");
        GgufExport.of(directory).type(half ? GgufType.F16 : GgufType.F32).write(exported);
        List<Double> seconds = new ArrayList<>();
        try (LlamaPort port = new LlamaPort(exported.resolve("model.gguf"), half, SEQUENCES, PROMPT + TOKENS)) {
            for (int round = -1; round < rounds; round++) {
                double told = asked(port.url(), HttpTokensClient.Asked.MODEL).get(HttpTokensClient.SECONDS);
                if (round >= 0) {
                    seconds.add(told);
                }
            }
        }
        return seconds;
    }

    static String name(int request) {
        return "a" + request % SEQUENCES;
    }

    /** The prompt of a request, for both. */
    static int[] prompt(int request) {
        return new Random(request).ints(PROMPT, 0, VOCABULARY - 300).toArray();
    }

    /** The same as a text. */
    static String text(int request) {
        return Arrays.stream(prompt(request)).mapToObj(RandomModel::letter).collect(Collectors.joining());
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
