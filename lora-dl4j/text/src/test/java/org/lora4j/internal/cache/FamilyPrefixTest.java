/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderModels;
import org.lora4j.pretrained.Pooling;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.Batches;
import org.lora4j.train.RunListener;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.cache.PrefixCache;
import org.lora4j.train.cache.PrefixReport;
import org.nd4j.autodiff.samediff.SameDiff;

/** What is below the trained layers of an encoder of any family is computed once, and nothing else changes. */
class FamilyPrefixTest {

    private static final int EPOCHS = 3;
    private static final String LAST_LAYER = ".*\\b(layers?|block)\\.1\\..*";
    /** The cut goes through the layer where a part of an attention learns. */
    private static final List<String> LEARNING = List.of(
            LAST_LAYER,
            LAST_LAYER + "\\b(q|query)(_proj|_lin)?\\b.*",
            LAST_LAYER + "\\b(v|value)(_proj|_lin)?\\b.*",
            LAST_LAYER + "\\bpos_.*");

    /** What a run leaves. */
    private record Run(List<Double> losses, List<float[]> values, PrefixReport report) {}

    static List<String> few() {
        return EncoderModels.few();
    }

    static List<String> others() {
        return EncoderModels.others();
    }

    @ParameterizedTest
    @MethodSource("few")
    void cachedPrefix_givesTheBitsOfARunWithoutCache(String model) {
        List<String> weights = TrainableGraph.weights(graph(model));
        List<Supplier<Trainable>> models = new ArrayList<>(List.of(() -> head(model)));
        // The layers of ALBERT are one.
        LEARNING.stream()
                .filter(part -> weights.stream().anyMatch(name -> name.matches(part)))
                .forEach(part -> models.add(() -> adapted(model, part)));
        for (Supplier<Trainable> made : models) {
            Run plain = run(made.get(), Optional.empty());
            Run cached = run(made.get(), Optional.of(PrefixCache.inMemory(1L << 24)));

            assertThat(cached.losses()).isEqualTo(plain.losses());
            assertThat(cached.values()).containsExactlyElementsOf(plain.values());
            assertThat(cached.report().computed()).isEqualTo(Encoders.batches().size());
            assertThat(cached.report().reused())
                    .isEqualTo((EPOCHS - 1) * Encoders.batches().size());
        }
    }

    @Tag("thorough")
    @ParameterizedTest
    @MethodSource("others")
    void cachedPrefix_ofEveryOtherFamily_givesTheBitsOfARunWithoutCache(String model) {
        cachedPrefix_givesTheBitsOfARunWithoutCache(model);
    }

    private static SameDiff graph(String model) {
        try {
            return EncoderClassifier.create(EncoderModels.weights(model), Pooling.MEAN, Encoders.CLASSES, 6)
                    .graph();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Trainable head(String model) {
        return TrainableGraph.of(
                graph(model), List.of(EncoderClassifier.HEAD + ".weight", EncoderClassifier.HEAD + ".bias"));
    }

    private static Trainable adapted(String model, String modules) {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targetModules(ModuleSelector.regex(modules))
                .modulesToSave(EncoderClassifier.HEAD)
                .build();
        return DefaultAdapter.fresh(AdaptedSameDiff.of(graph(model)), config, 7);
    }

    private static Run run(Trainable model, Optional<PrefixCache> cache) {
        PrefixReport[] last = new PrefixReport[1];
        Trainer.Builder trainer = Trainer.builder(model)
                .plan(Encoders.plan(EPOCHS))
                .listener(new RunListener() {
                    @Override
                    public void onFrozenPrefix(PrefixReport now) {
                        last[0] = now;
                    }
                });
        cache.ifPresent(trainer::cacheFrozenPrefix);
        List<Double> losses =
                trainer.build().train(Batches.shuffled(Encoders.batches())).losses();
        List<float[]> values = model.trainableParameters().stream()
                .map(parameter -> parameter.value().dup().data().asFloat())
                .toList();
        return new Run(losses, values, last[0]);
    }
}
