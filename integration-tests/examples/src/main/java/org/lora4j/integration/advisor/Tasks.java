/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.integration.datasets.Banking77;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.integration.demonstration.Accuracy;
import org.lora4j.integration.digits.DigitTask;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.ParameterGroup;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;
import org.lora4j.train.Warmup;

/** The tasks of the proof, and those on which its rules were chosen. */
final class Tasks {

    private static final double HEAD_RATE = 3e-2;
    private static final int TOKENS = 320;
    private static final int FEW_TOKENS = 160;
    private static final int SHOTS = 10;
    private static final int VALIDATED = 10;
    private static final int DOMAINS = 2;
    private static final int TEXT_EPOCHS = 10;
    private static final int DIGIT_EPOCHS = 6;

    private final Path data;
    private final TextTokenizer tokenizer;

    Tasks(Path data, TextTokenizer tokenizer) {
        this.data = data;
        this.tokenizer = tokenizer;
    }

    /** A draw of a task by its name. */
    Task of(String name, long seed) throws IOException {
        return switch (name) {
            case "banking77" -> banking(seed);
            case "clinc150" -> clinc(seed);
            case "inverted", "rotated" -> digits(name, seed);
            default ->
                throw new IllegalArgumentException(
                        "task = \"" + name + "\"; expected banking77, inverted, clinc150 or rotated");
        };
    }

    private record Texts(List<LabeledText> training, List<LabeledText> validation, List<LabeledText> test) {}

    /** BANKING77: ten questions of each of 77 intents to learn from, ten to choose with, all 3,080 for testing. */
    private Task banking(long seed) throws IOException {
        Banking77 banking = new Banking77(data.resolve("banking77"));
        List<LabeledText> test = banking.test();
        Set<String> tested = new HashSet<>();
        test.forEach(question -> tested.add(question.text()));
        List<LabeledText> pool = banking.train().stream()
                .filter(question -> !tested.contains(question.text()))
                .toList();
        List<LabeledText> training = LabeledText.draw(pool, SHOTS, seed);
        Set<LabeledText> learned = Set.copyOf(training);
        List<LabeledText> rest =
                pool.stream().filter(question -> !learned.contains(question)).toList();
        return texts("banking77", new Texts(training, LabeledText.draw(rest, VALIDATED, seed + 1), test), TOKENS, seed);
    }

    /** CLINC150: ten requests of each of 30 intents, those of two domains, in batches of half the size. */
    private Task clinc(long seed) throws IOException {
        Clinc150 clinc = new Clinc150(data.resolve("clinc150"));
        List<String> domains = clinc.domains().subList(0, DOMAINS);
        return texts(
                "clinc150",
                new Texts(
                        LabeledText.draw(intents(clinc, "train", domains), SHOTS, seed),
                        LabeledText.draw(intents(clinc, "val", domains), VALIDATED, seed + 1),
                        intents(clinc, "test", domains)),
                FEW_TOKENS,
                seed);
    }

    private static List<LabeledText> intents(Clinc150 clinc, String split, List<String> domains) {
        return domains.stream()
                .flatMap(domain -> clinc.intents(split, domain).stream())
                .toList();
    }

    private Task texts(String name, Texts texts, int tokens, long seed) throws IOException {
        Set<String> sorted = new TreeSet<>();
        Stream.of(texts.training(), texts.validation(), texts.test())
                .flatMap(List::stream)
                .forEach(text -> sorted.add(text.labels().first()));
        List<String> labels = List.copyOf(sorted);
        LengthBuckets training = buckets(texts.training(), labels, tokens);
        LengthBuckets validation = buckets(texts.validation(), labels, TOKENS);
        LengthBuckets test = buckets(texts.test(), labels, TOKENS);
        AdaptedSameDiff model =
                AdaptedSameDiff.of(EncoderClassifier.create(MiniLm.weights(), Pooling.MEAN, labels.size(), seed)
                        .graph());
        IntFunction<LoraConfig> config = rank -> LoraConfig.builder()
                .rank(rank)
                .alpha(2 * rank)
                .targetModules(ModuleSelector.allLinear())
                .modulesToSave(EncoderClassifier.HEAD)
                .build();
        TrainingPlan plan = plan(TEXT_EPOCHS, seed)
                .group(ParameterGroup.matchingModule(EncoderClassifier.HEAD).withLearningRate(HEAD_RATE))
                .build();
        return new Task(
                name,
                seed,
                model,
                model,
                config,
                plan,
                (long) TEXT_EPOCHS * training.batchesPerEpoch(),
                training.batches(),
                Validation.higherIsBetter("accuracy", () -> Accuracy.of(model.outputExecutor(), validation)),
                () -> Accuracy.of(model.outputExecutor(), test));
    }

    private LengthBuckets buckets(List<LabeledText> texts, List<String> labels, int tokens) {
        List<TextExample> examples = texts.stream()
                .map(text -> new TextExample(
                        text.text(), labels.indexOf(text.labels().first())))
                .toList();
        return LengthBuckets.of(examples, tokenizer, labels.size(), 1).withTokenBudget(tokens);
    }

    /** The CNN that knows upright digits, and 2,000 digits of another look. */
    private Task digits(String look, long seed) throws IOException {
        DigitTask digits = new DigitTask(data.resolve("mnist-cnn").resolve("pytorch_cnn_mnist.onnx"), look);
        AdaptedNetwork<MultiLayerNetwork> model = digits.model();
        Trainable training = model.trainable(DigitTask.NAMES);
        return new Task(
                look,
                seed,
                model,
                training,
                DigitTask::config,
                plan(DIGIT_EPOCHS, seed).build(),
                DIGIT_EPOCHS * digits.batches().batchesPerEpoch().orElseThrow(),
                digits.batches(),
                Validation.higherIsBetter("accuracy", () -> digits.validation(model.network())),
                () -> digits.test(model.network()));
    }

    private static TrainingPlan.Builder plan(int epochs, long seed) {
        return TrainingPlan.builder()
                .epochs(epochs)
                .optimizer(AdamW.of(1e-3))
                .schedule(LearningRateSchedule.linear(Warmup.fraction(0.06)))
                .seed(seed);
    }
}
