/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.CacheType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** llama.cpp through its Java binding, on files of GGUF that {@link LanguageBenchmark} exported of the models of {@link DecoderTeam}. */
final class LlamaTeam {

    static final String TOKEN = "llama.token";
    static final String TOKEN_F16 = "llama.tokenF16";
    static final String TOKEN_Q8 = "llama.tokenQ8";

    /** Type of the matrices by contender; a folder has its name. */
    static final Map<String, String> TYPES;

    static {
        Map<String, String> types = new LinkedHashMap<>();
        types.put(TOKEN, "F32");
        types.put(TOKEN_F16, "F16");
        types.put(TOKEN_Q8, "Q8_0");
        TYPES = types;
    }

    private LlamaTeam() {}

    static Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("llama.cpp", "de.kherud:llama:4.2.0, whose native build has AVX2 and no AVX-512");
        try (LlamaModel model = load("F32", CacheType.F32)) {
            facts.put(DecoderTeam.TEXT, generate(model, DecoderTokens.COMPARED));
        }
        return facts;
    }

    static List<Contender> contenders(Predicate<String> wanted) {
        List<Contender> contenders = new ArrayList<>();
        TYPES.forEach((key, type) -> {
            if (wanted.test(key)) {
                LlamaModel model = load(type, type.equals("F32") ? CacheType.F32 : CacheType.F16);
                contenders.add(new Contender(
                        key,
                        "llama.cpp, a token, " + type,
                        () -> List.of(DecoderTokens.turn(count -> generate(model, count)))));
            }
        });
        return contenders;
    }

    private static LlamaModel load(String type, CacheType caches) {
        Path file = Path.of(System.getProperty(DecoderTeam.MODELS), type, "model.gguf");
        return new LlamaModel(new ModelParameters()
                .setModel(file.toString())
                .setThreads(Turn.THREADS)
                .setThreadsBatch(Turn.THREADS)
                .setCtxSize(512)
                .setCacheTypeK(caches)
                .setCacheTypeV(caches)
                .setSeed(1)
                .skipWarmup()
                .disableLog());
    }

    private static String generate(LlamaModel model, int count) {
        return model.complete(new InferenceParameters(DecoderTokens.PROMPT)
                .setNPredict(count)
                .setTemperature(0)
                .setTopK(1)
                .setRepeatPenalty(1)
                .setIgnoreEos(true)
                .setCachePrompt(false));
    }
}
