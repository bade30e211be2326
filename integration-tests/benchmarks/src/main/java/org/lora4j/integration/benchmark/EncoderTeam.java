/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.NativeThreads;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.MathMode;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.parts.ParallelExecutor;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.Trainable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** This library on MiniLM: ways to train, and outputs; products by oneDNN on packed weights, if nothing is said. */
final class EncoderTeam {

    static final String ALL = "lora4j.all";
    static final String ALL_ND4J = "lora4j.allNd4j";
    static final String ALL_PLAIN = "lora4j.allPlain";
    static final String ALL_BF16 = "lora4j.allBf16";
    static final String ALL_RECOMPUTED = "lora4j.allRecomputed";
    static final String QUERY_VALUE = "lora4j.queryValue";
    static final String TOP_TWO = "lora4j.topTwo";
    static final String HEAD = "lora4j.head";
    static final String FULL = "lora4j.full";
    static final String BASE_OUTPUT = "lora4j.baseOutput";
    static final String BASE_OUTPUT_BF16 = "lora4j.baseOutputBf16";
    static final String UNMERGED_OUTPUT = "lora4j.unmergedOutput";
    static final String MERGED_OUTPUT = "lora4j.mergedOutput";

    private static final int STEPS = 2;

    private final MiniLmModels models = new MiniLmModels();
    private final Map<String, INDArray> batch = models.batch();
    private final SameDiff base = models.shared();
    private final Multiplier products = products();

    private EncoderTeam() throws IOException {}

    /** The fastest there is here. */
    static Multiplier products() {
        return OneDnn.isAvailable() ? OneDnn.packedProducts() : Multiplier.nd4j();
    }

    static List<Contender> contenders(Predicate<String> wanted) throws IOException {
        EncoderTeam team = new EncoderTeam();
        Map<String, Supplier<Contender>> makers = new LinkedHashMap<>();
        makers.put(ALL, () -> team.lora(ALL, "LoRA on all linear layers", MiniLmModels.ALL_LINEAR));
        makers.put(ALL_ND4J, () -> team.all(ALL_ND4J, "products by ND4J", Multiplier.nd4j()));
        makers.put(
                ALL_PLAIN, () -> team.all(ALL_PLAIN, "weights where they lie", OneDnn.products(MathMode.STRICT_F32)));
        makers.put(ALL_BF16, () -> team.all(ALL_BF16, "BF16 products", OneDnn.products(MathMode.BF16)));
        makers.put(
                ALL_RECOMPUTED,
                () -> team.step(
                        ALL_RECOMPUTED,
                        "the same, activations computed again",
                        MiniLmModels.adapted(team.base, MiniLmModels.ALL_LINEAR).recomputingActivations()));
        makers.put(QUERY_VALUE, () -> team.lora(QUERY_VALUE, "LoRA on query and value", MiniLmModels.QUERY_VALUE));
        makers.put(TOP_TWO, () -> team.lora(TOP_TWO, "LoRA on the top two blocks", MiniLmModels.top(2)));
        makers.put(HEAD, () -> team.step(HEAD, "head only", TrainableGraph.of(team.base, MiniLmModels.HEAD)));
        makers.put(FULL, team::full);
        makers.put(BASE_OUTPUT, () -> team.output(BASE_OUTPUT, "base, output", team.base));
        makers.put(
                BASE_OUTPUT_BF16,
                () -> team.output(
                        BASE_OUTPUT_BF16, "base, output, BF16 products", team.base, OneDnn.products(MathMode.BF16)));
        makers.put(
                UNMERGED_OUTPUT,
                () -> team.output(
                        UNMERGED_OUTPUT,
                        "LoRA unmerged, output",
                        MiniLmModels.adapted(team.base, MiniLmModels.ALL_LINEAR).graph()));
        makers.put(MERGED_OUTPUT, team::merged);
        List<Contender> contenders = new ArrayList<>();
        makers.forEach((key, maker) -> {
            if (wanted.test(key)) {
                add(key, maker, contenders);
            }
        });
        return contenders;
    }

    // oneDNN's library is there for one system only, and BF16 not on every processor; the rest can be timed without.
    private static void add(String key, Supplier<Contender> maker, List<Contender> contenders) {
        try {
            contenders.add(maker.get());
        } catch (LinkageError | IllegalStateException e) {
            System.out.printf(Locale.ROOT, "%s takes no part: %s%n", key, e);
        }
    }

    private Contender step(String key, String label, Trainable model) {
        return step(key, label, model, products);
    }

    private Contender all(String key, String difference, Multiplier multiplier) {
        return step(key, "the same, " + difference, MiniLmModels.adapted(base, MiniLmModels.ALL_LINEAR), multiplier);
    }

    private Contender step(String key, String label, Trainable model, Multiplier multiplier) {
        return TrainingSteps.of(key, label, model.multipliedBy(multiplier), batch, STEPS);
    }

    private Contender lora(String key, String label, ModuleSelector targets) {
        return step(key, label, MiniLmModels.adapted(base, targets));
    }

    private Contender full() {
        SameDiff own = models.own();
        return step(FULL, "full fine-tuning", TrainableGraph.of(own, TrainableGraph.weights(own)));
    }

    private Contender merged() {
        AdaptedSameDiff adapted = MiniLmModels.adapted(base, MiniLmModels.ALL_LINEAR);
        adapted.merge();
        return output(MERGED_OUTPUT, "LoRA merged, output", adapted.graph());
    }

    private Contender output(String key, String label, SameDiff graph) {
        return output(key, label, graph, products);
    }

    private Contender output(String key, String label, SameDiff graph, Multiplier multiplier) {
        return output(key, label, graph, batch, multiplier);
    }

    static Contender output(
            String key, String label, SameDiff graph, Map<String, INDArray> batch, Multiplier multiplier) {
        GraphExecutor executor =
                ParallelExecutor.of(SameDiffExecutor.forInference(graph).withProducts(multiplier), Turn.THREADS);
        return new Contender(key, label, () -> {
            List<Turn> turns = new ArrayList<>();
            NativeThreads.one(() -> {
                for (int i = 0; i < STEPS; i++) {
                    turns.add(Turn.of(() -> executor.output(batch, List.of(EncoderClassifier.LOGITS))
                            .values()
                            .forEach(INDArray::close)));
                }
            });
            return turns;
        });
    }
}
