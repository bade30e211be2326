/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.serving;

import java.util.List;
import java.util.function.Consumer;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batches;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Warmup;
import org.lora4j.train.cache.PrefixCache;
import org.lora4j.trust.Preflight;
import org.nd4j.autodiff.samediff.SameDiff;

/** Trains on all-MiniLM-L6-v2, briefly. */
final class TaskTraining {

    /** The upper two of six layers: what lies below is computed once for each text. */
    private static final ModuleSelector UPPER_LAYERS =
            ModuleSelector.regex("encoder\\.layer\\.[45]\\..*(query|key|value|dense)");

    private static final int RANK = 8;
    private static final double RATE = 2e-3;
    private static final double FULL_RATE = 1e-4;
    private static final int BATCH = 32;
    private static final Warmup WARM_UP = Warmup.fraction(0.06);
    private static final PrefixCache CACHE = PrefixCache.inMemory(1L << 29);

    private final EncoderWeights weights;
    private final TextTokenizer tokenizer;
    private final long seed;

    TaskTraining(EncoderWeights weights, TextTokenizer tokenizer, long seed) {
        this.weights = weights;
        this.tokenizer = tokenizer;
        this.seed = seed;
    }

    /** The base of all adapters, with a head that no task uses; every call has its own head, all with the same values. */
    SameDiff base(EncoderWeights of) {
        return EncoderClassifier.create(of, Pooling.MEAN, ServedTask.CLASSES, seed)
                .graph();
    }

    /** An adapter of the upper layers and a head; {@code before} is told what the preflight found. */
    Adapter upperLayers(ServedTask task, int epochs, Consumer<Preflight> before) {
        AdaptedSameDiff model = Lora.inject(base(weights), config(UPPER_LAYERS), seed);
        Trainer trainer = trainer(model, RATE, epochs).cacheFrozenPrefix(CACHE).build();
        before.accept(trainer.preflight());
        trainer.train(batches(task.training()));
        return model.adapter(AdaptedSameDiff.DEFAULT_ADAPTER);
    }

    /** An adapter of all layers and a head. */
    Adapter allLayers(ServedTask task, int epochs) {
        AdaptedSameDiff model = Lora.inject(base(weights), config(ModuleSelector.allLinear()), seed);
        Trainer trainer = trainer(model, RATE, epochs).build();
        trainer.preflight().require("example-serving");
        trainer.train(batches(task.training()));
        return model.adapter(AdaptedSameDiff.DEFAULT_ADAPTER);
    }

    /** Full fine-tuning of a copy of the weights. */
    SameDiff full(ServedTask task, int epochs) {
        SameDiff graph = base(weights.copy());
        trainer(TrainableGraph.of(graph, TrainableGraph.weights(graph)), FULL_RATE, epochs)
                .build()
                .train(batches(task.training()));
        return graph;
    }

    private static LoraConfig config(ModuleSelector targets) {
        return LoraConfig.builder()
                .rank(RANK)
                .alpha(2 * RANK)
                .targetModules(targets)
                .modulesToSave(EncoderClassifier.HEAD)
                .baseModelName(MiniLm.NAME)
                .taskType("SEQ_CLS")
                .build();
    }

    private Trainer.Builder trainer(Trainable model, double rate, int epochs) {
        return Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .epochs(epochs)
                        .optimizer(AdamW.of(rate))
                        .schedule(LearningRateSchedule.linear(WARM_UP))
                        .seed(seed)
                        .build());
    }

    private Batches batches(List<TextExample> texts) {
        return LengthBuckets.of(texts, tokenizer, ServedTask.CLASSES, BATCH).batches();
    }
}
