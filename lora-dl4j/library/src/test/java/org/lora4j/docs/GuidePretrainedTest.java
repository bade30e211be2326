/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.OnnxInitializers;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedEncoder;
import org.lora4j.pretrained.TextExample;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batches;
import org.lora4j.train.ClassificationMetrics;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Warmup;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/guide-samediff.md on pretrained encoders, over the files of a tiny one. */
class GuidePretrainedTest {

    private static final Logger log = LoggerFactory.getLogger(GuidePretrainedTest.class);

    private final List<TextExample> examples = List.of(
            new TextExample("a very good film", 0),
            new TextExample("good", 0),
            new TextExample("a bad film", 1),
            new TextExample("very very bad", 1));

    @Test
    void encoder_isFineTuned(@TempDir Path folder) throws IOException {
        Path onnxFile = TinyModelFiles.writeOnnx(folder);
        Path tokenizerFile = TinyModelFiles.writeTokenizer(folder);
        int heads = TinyModelFiles.HEADS;

        EncoderWeights weights = EncoderWeights.fromOnnx(OnnxInitializers.read(onnxFile), heads);
        EncoderClassifier classifier = EncoderClassifier.create(weights, Pooling.MEAN, 2, 42);

        LengthBuckets training;
        try (HuggingFaceTextTokenizer tokenizer = HuggingFaceTextTokenizer.load(tokenizerFile, 16)) {
            training = LengthBuckets.of(examples, tokenizer, 2, 32)
                    .withTokenBudget(640)
                    .requireFits(weights.config());
        }
        Batches batches = training.batches();

        LoraConfig config = LoraConfig.builder()
                .rank(8)
                .alpha(16)
                .targetModules(ModuleSelector.allLinear())
                .modulesToSave(EncoderClassifier.HEAD)
                .taskType("SEQ_CLS")
                .build();
        AdaptedSameDiff model = Lora.inject(classifier.graph(), config, 42);
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(4)
                .optimizer(AdamW.of(2e-3))
                .schedule(LearningRateSchedule.linear(Warmup.fraction(0.06)))
                .build();
        TrainingResult result = Trainer.builder(model).plan(plan).build().train(batches);

        ClassificationMetrics found = ClassificationMetrics.of(
                model.outputExecutor(), batches, EncoderClassifier.LOGITS, EncoderClassifier.LABELS);
        log.info("{}", found);

        EncodedBatch batch = training.inOrder().next();
        INDArray logits =
                model.output(batch.placeholders(), EncoderClassifier.LOGITS).get(EncoderClassifier.LOGITS);
        int firstExample = batch.exampleIndices()[0];

        assertThat(result.epochs().get(3).meanLoss())
                .isLessThan(result.epochs().get(0).meanLoss());
        assertThat(model.adapter("default").modules()).hasSize(12);
        assertThat(found.examples()).isEqualTo(examples.size());
        assertThat(logits.shape()).containsExactly(batch.size(), 2);
        // The shortest text comes first.
        assertThat(firstExample).isEqualTo(1);
    }

    @Test
    void adapterTrainedInPython_meetsItsBase(@TempDir Path folder) throws IOException {
        Path modelDirectory = TinyModelFiles.writeDirectory(folder.resolve("model"));
        Path adapterDirectory = folder.resolve("adapter");
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targetModules("query", "value")
                .modulesToSave(EncoderClassifier.HEAD)
                .initialization(Initialization.RANDOM)
                .build();
        AdaptedSameDiff saved =
                Lora.inject(PretrainedEncoder.load(modelDirectory).classifier().graph(), config, 3);
        saved.adapter("default").save(adapterDirectory);

        PretrainedEncoder pretrained = PretrainedEncoder.load(modelDirectory);
        EncoderClassifier classifier = pretrained.classifier();
        AdaptedSameDiff model = Lora.load(classifier.graph(), adapterDirectory);

        LengthBuckets texts;
        try (HuggingFaceTextTokenizer tokenizer = pretrained.tokenizer(16)) {
            texts = LengthBuckets.of(examples, tokenizer, 2, 32).requireFits(pretrained.config());
        }

        EncoderGraph encoder = pretrained.encoder(Pooling.MEAN);
        EncoderClassifier freshHead = pretrained.classifier(2, 42);

        EncodedBatch batch = texts.inOrder().next();
        assertThat(model.output(batch.placeholders(), EncoderClassifier.LOGITS).get(EncoderClassifier.LOGITS))
                .isEqualTo(saved.output(batch.placeholders(), EncoderClassifier.LOGITS)
                        .get(EncoderClassifier.LOGITS));
        assertThat(model.adapter("default").modules()).containsKey("bert.encoder.layer.1.attention.self.value");
        assertThat(encoder.graph().hasVariable("encoder.layer.1.attention.self.value.weight"))
                .isTrue();
        assertThat(freshHead.graph().getVariable("classifier.weight").getArr())
                .isNotEqualTo(
                        classifier.graph().getVariable("classifier.weight").getArr());
    }

    @Test
    void fullFineTuning_needsACopyOfTheWeights(@TempDir Path folder) throws IOException {
        EncoderWeights weights =
                EncoderWeights.fromOnnx(OnnxInitializers.read(TinyModelFiles.writeOnnx(folder)), TinyModelFiles.HEADS);

        SameDiff full =
                EncoderClassifier.create(weights.copy(), Pooling.MEAN, 2, 42).graph();
        TrainableGraph everything = TrainableGraph.of(full, TrainableGraph.weights(full));

        assertThat(everything.trainableParameters()).hasSize(weights.tensors().size() + 2);
        assertThat(full.getVariable("embeddings.word_embeddings.weight").getArr())
                .isNotSameAs(weights.tensor("embeddings.word_embeddings.weight"));
    }
}
