/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderConfigReader;
import org.lora4j.internal.language.DecoderGraph;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.lora4j.language.CausalLm;
import org.lora4j.language.GenerationConfig;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** This library on a decoder of SmolLM-135M's shape: a step of LoRA on all linear layers, its bound, and tokens of a text. */
final class DecoderTeam {

    static final String STEP = "decoder.step";
    static final String BOUND = "decoder.bound";
    static final String TOKEN = "decoder.token";
    static final String TOKEN_BF16 = "decoder.tokenBf16";
    static final String TOKEN_INT8 = "decoder.tokenInt8";

    static final int ROWS = 4;
    static final int TOKENS = 256;

    /** Names the folder with the models that {@link LanguageBenchmark} wrote. */
    static final String MODELS = "benchmark.models";
    /** Names of facts that teams have in common. */
    static final String LOSS = "loss of the batch";

    static final String TEXT = "a text of the model in F32";

    private final AdaptedSameDiff adapted;
    private final Map<String, INDArray> batch;
    private final DecoderConfig config;

    private DecoderTeam() throws IOException {
        config = DecoderConfigReader.read(small(), Integer.MAX_VALUE);
        adapted = AdaptedSameDiff.of(
                DecoderGraph.of(DecoderWeights.read(small(), WeightStorage.AS_STORED), DataType.FLOAT));
        adapted.addAdapter(
                AdaptedSameDiff.DEFAULT_ADAPTER, RandomPairs.adapter(config, 2 * RandomPairs.RANK, MiniLmModels.SEED));
        adapted.activate(AdaptedSameDiff.DEFAULT_ADAPTER);
        adapted.setTrainable(AdaptedSameDiff.DEFAULT_ADAPTER, true);
        batch = LanguageProcess.batch(config, ROWS, TOKENS);
    }

    static Path small() {
        return Path.of(System.getProperty(MODELS), RandomModel.SMALL_F32);
    }

    static Map<String, String> facts() throws IOException {
        Map<String, String> facts = new LinkedHashMap<>(Machine.facts());
        INDArray loss =
                new DecoderTeam().adapted.output(batchOf(), DecoderGraph.LOSS).get(DecoderGraph.LOSS);
        facts.put(LOSS, String.format(Locale.ROOT, "%.6f", loss.getDouble(0)));
        try (CausalLm model = CausalLm.load(small())) {
            // A tokenizer without a decoder puts spaces between tokens.
            String text = model.generate(DecoderTokens.PROMPT, greedy(DecoderTokens.COMPARED))
                    .text();
            facts.put(TEXT, text.replace(" ", ""));
        }
        return facts;
    }

    private static Map<String, INDArray> batchOf() throws IOException {
        return LanguageProcess.batch(DecoderConfigReader.read(small(), Integer.MAX_VALUE), ROWS, TOKENS);
    }

    static List<Contender> contenders(Predicate<String> wanted) throws IOException {
        List<Contender> contenders = new ArrayList<>();
        if (wanted.test(STEP) || wanted.test(BOUND)) {
            DecoderTeam team = new DecoderTeam();
            if (wanted.test(STEP)) {
                contenders.add(TrainingSteps.of(STEP, "LoRA on all linear layers", team.adapted, team.batch, 1));
            }
            if (wanted.test(BOUND)) {
                contenders.add(Contender.timed(BOUND, "bound: products", 1, team.bound()));
            }
        }
        token(contenders, wanted, TOKEN, "a token, F32", small(), CausalLm.Storage.AS_STORED);
        Path half = small().resolveSibling(RandomModel.SMALL_BF16);
        token(contenders, wanted, TOKEN_BF16, "a token, BF16", half, CausalLm.Storage.AS_STORED);
        token(contenders, wanted, TOKEN_INT8, "a token, INT8", small(), CausalLm.Storage.INT8);
        return contenders;
    }

    private Runnable bound() {
        List<LinearShape> shapes = LinearShape.of(config);
        return OneDnn.isAvailable()
                ? new OneDnnProducts(shapes, ROWS * TOKENS, false)::run
                : new LinearProducts(shapes, ROWS * TOKENS)::run;
    }

    private static void token(
            List<Contender> contenders,
            Predicate<String> wanted,
            String key,
            String label,
            Path directory,
            CausalLm.Storage storage)
            throws IOException {
        if (wanted.test(key)) {
            CausalLm model = CausalLm.load(directory, storage);
            contenders.add(new Contender(
                    key,
                    label,
                    () -> List.of(DecoderTokens.turn(count -> model.generate(DecoderTokens.PROMPT, greedy(count))))));
        }
    }

    private static GenerationConfig greedy(int tokens) {
        return GenerationConfig.builder().maxNewTokens(tokens).eosTokenIds().build();
    }
}
