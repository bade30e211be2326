/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.fit;

import java.util.Iterator;
import java.util.List;
import java.util.TreeSet;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.TextExample;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.AdamW;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Warmup;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * LoRA as one would write it by hand: three epochs of batches of 32 texts, one rate for adapter and head that falls to 0 in a line,
 * a head from scratch, all examples learned from, nothing chosen.
 */
final class PlainLora {

    static final double RATE = 2e-3;

    private static final int EPOCHS = 3;
    private static final int BATCH = 32;
    private static final int RANK = 8;
    private static final double ALPHA = 16;

    private final TextEncoder encoder;
    private final double rate;

    PlainLora(TextEncoder encoder, double rate) {
        this.encoder = encoder;
        this.rate = rate;
    }

    Learned fit(List<LabeledText> train, long seed) {
        TreeSet<String> distinct = new TreeSet<>();
        train.forEach(text -> distinct.add(text.labels().get(0)));
        List<String> labels = List.copyOf(distinct);
        AdaptedSameDiff model = Lora.inject(
                EncoderClassifier.create(encoder.weights(), encoder.pooling(), labels.size(), seed)
                        .graph(),
                LoraConfig.builder()
                        .rank(RANK)
                        .alpha(ALPHA)
                        .targetModules(ModuleSelector.allLinear())
                        .modulesToSave(EncoderClassifier.HEAD)
                        .build(),
                seed);
        List<TextExample> examples = train.stream()
                .map(text -> new TextExample(
                        text.text(), labels.indexOf(text.labels().get(0))))
                .toList();
        Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .epochs(EPOCHS)
                        .optimizer(AdamW.of(rate))
                        .schedule(LearningRateSchedule.linear(Warmup.none()))
                        .seed(seed)
                        .build())
                .build()
                .train(buckets(examples, labels.size()).batches());
        return new Learned(texts -> predicted(model, texts, labels), "");
    }

    private LengthBuckets buckets(List<TextExample> examples, int classes) {
        return LengthBuckets.of(examples, encoder.tokenizer(), classes, BATCH);
    }

    private List<String> predicted(AdaptedSameDiff model, List<String> texts, List<String> labels) {
        String[] found = new String[texts.size()];
        // The label of a text to tell is not known; every batch has one.
        List<TextExample> unknown =
                texts.stream().map(text -> new TextExample(text, 0)).toList();
        for (Iterator<EncodedBatch> batches = buckets(unknown, labels.size()).inOrder(); batches.hasNext(); ) {
            EncodedBatch batch = batches.next();
            INDArray logits = model.outputExecutor()
                    .output(batch.placeholders(), List.of(EncoderClassifier.LOGITS))
                    .get(EncoderClassifier.LOGITS);
            int[] best = logits.argMax(1).toIntVector();
            for (int row = 0; row < best.length; row++) {
                found[batch.exampleIndices()[row]] = labels.get(best[row]);
            }
        }
        return List.of(found);
    }
}
