/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.languagetasks;

import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.lora4j.advice.Suitability;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Draw;
import org.lora4j.examples.Example;
import org.lora4j.examples.VoiceCommand;
import org.lora4j.multitask.LearningTask;
import org.lora4j.multitask.MultiTaskConfig;
import org.lora4j.multitask.MultiTaskModel;
import org.lora4j.multitask.MultiTaskResult;
import org.lora4j.multitask.MultiTaskTrainer;
import org.lora4j.multitask.Task;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.LabeledText;
import org.lora4j.text.LabeledWords;
import org.lora4j.text.Prediction;
import org.lora4j.text.TaggedWords;
import org.lora4j.text.TaskBuilder;
import org.lora4j.text.TaskGroup;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TokenClassifier;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a voice command asks for, and what its words are: two heads over one adapter, beside two adapters of one base. */
final class VoiceCommands {

    private static final int COMMANDS = 2_000;
    private static final int VALIDATED = 300;
    private static final int EPOCHS = 4;
    private static final int RANK = 8;
    private static final double RATE = 2e-3;

    private final Example example;
    private final TextEncoder encoder;
    private final List<VoiceCommand> all;
    private final List<VoiceCommand> test;
    private final Comparison ofIntents;
    private final Comparison ofSlots;
    private final Map<String, Cost> costs = new LinkedHashMap<>();
    private String beforehand = "";
    private TrainingReport page;

    /** What an arm costs: numbers that learned, bytes on disk, seconds to learn. */
    record Cost(long numbers, long bytes, double seconds) {}

    VoiceCommands(Example example, TextEncoder encoder, List<VoiceCommand> train, List<VoiceCommand> test) {
        this.example = example;
        this.encoder = encoder;
        this.test = test;
        Set<String> seen = new HashSet<>();
        test.forEach(command -> seen.add(plain(command)));
        this.all = train.stream().filter(command -> seen.add(plain(command))).toList();
        this.ofIntents = new Comparison("intents of voice commands", "accuracy", example.seed());
        this.ofSlots = new Comparison("slots of voice commands", "entity F1", example.seed());
    }

    private static String plain(VoiceCommand command) {
        return command.intent().text().strip().toLowerCase(Locale.ROOT);
    }

    void run() throws IOException {
        for (long seed : example.seeds()) {
            learn(seed);
        }
        example.table(ofIntents);
        example.table(ofSlots);
        example.page("voice-commands", page.with(ofIntents.advice(beforehand)).with(ofSlots.advice("")));
        example.figure("costs of voice commands", costs);
        costs.forEach((arm, cost) -> example.say(
                "%-24s %,11d numbers learned, %,11d bytes, %4.0f s",
                arm, cost.numbers(), cost.bytes(), cost.seconds()));
    }

    /** Commands to learn from and to choose by; of these, those with tags that can be learned. */
    private record Parts(List<VoiceCommand> train, List<VoiceCommand> validation) {

        static Parts of(List<VoiceCommand> drawn) {
            List<VoiceCommand> train = drawn.subList(VALIDATED, drawn.size());
            Set<String> tags = new HashSet<>();
            train.forEach(command -> tags.addAll(command.slots().tags()));
            return new Parts(
                    train,
                    drawn.subList(0, VALIDATED).stream()
                            .filter(command -> tags.containsAll(command.slots().tags()))
                            .toList());
        }

        static List<LabeledText> intents(List<VoiceCommand> commands) {
            return commands.stream().map(VoiceCommand::intent).toList();
        }

        static List<LabeledWords> slots(List<VoiceCommand> commands) {
            return commands.stream().map(VoiceCommand::slots).toList();
        }
    }

    private void learn(long seed) throws IOException {
        int commands = example.number(0, "language.commands", 1, COMMANDS);
        Parts parts = Parts.of(Draw.some(all, VALIDATED + commands, seed));
        List<LabeledText> intents = Parts.intents(parts.train());
        Suitability forecast =
                Suitability.of(() -> TextClassifier.builder(encoder).seed(seed).quiet(), intents);
        beforehand = "Before training: " + forecast.advice().sentence();
        example.say("voice commands, %d to learn from. %s", intents.size(), beforehand);

        long weights = encoder.weights().tensors().values().stream()
                .mapToLong(INDArray::length)
                .sum();
        long factors;
        long heads;
        double start = System.nanoTime();
        try (TextClassifier classifier =
                        TextClassifier.builder(encoder).headOnly().seed(seed).build();
                TokenClassifier tagger =
                        TokenClassifier.builder(encoder).headOnly().seed(seed).build()) {
            fit(parts, classifier, tagger);
            MultiTaskModel model = joined(seed, classifier, tagger);
            factors = model.parameters().withoutHeads();
            heads = model.parameters().total() - factors;
            measure("frozen encoder, heads alone", classifier, tagger, heads, start);
            start = System.nanoTime();
            MultiTaskResult result = train(seed, parts, model, classifier, tagger);
            classifier.adopt(model.adapter().plain("intents"));
            tagger.adopt(model.adapter().plain("slots"));
            model.adapter().save(example.folder().resolve("two-heads"));
            measure(Comparison.LORA, classifier, tagger, heads + factors, start);
            together(classifier, tagger);
            page = TrainingReport.of(result)
                    .withTitle("Voice commands: intents and slots over one adapter")
                    .with(PredictedLabels.ofTexts(Parts.intents(test), intentsOf(classifier)))
                    .with(tagger.spec().evaluate(Parts.slots(test), slotsOf(tagger)))
                    .with(classifier.adapter().config())
                    .withLicences(Map.of("Snips", "CC0 1.0", "all-MiniLM-L6-v2", "Apache-2.0"));
        }
        apart("an adapter for each task", false, seed, parts, heads + 2 * factors);
        if (example.full()) {
            apart("full fine-tuning for each task", true, seed, parts, heads + 2 * weights);
        }
    }

    /** Each task by itself, as whoever has one would do. */
    private void apart(String arm, boolean full, long seed, Parts parts, long numbers) throws IOException {
        double start = System.nanoTime();
        TextClassifier.Builder intents =
                TextClassifier.builder(encoder).epochs(EPOCHS).seed(seed);
        TaskBuilder<TokenClassifier> slots =
                TokenClassifier.builder(encoder).epochs(EPOCHS).seed(seed);
        if (full) {
            intents.fullFineTuning();
            slots.fullFineTuning();
        }
        try (TextClassifier classifier = intents.build();
                TokenClassifier tagger = slots.build()) {
            fit(parts, classifier, tagger);
            measure(arm, classifier, tagger, numbers, start);
            example.receipt("intents, " + arm, classifier.receipt().orElseThrow());
            example.receipt("slots, " + arm, tagger.receipt().orElseThrow());
        }
    }

    private static void fit(Parts parts, TextClassifier classifier, TokenClassifier tagger) {
        classifier.fit(Parts.intents(parts.train()), Parts.intents(parts.validation()));
        tagger.fit(Parts.slots(parts.train()), Parts.slots(parts.validation()));
    }

    /** Both heads, as they were found on the frozen encoder, over factors that both share. */
    private static MultiTaskModel joined(long seed, TextClassifier classifier, TokenClassifier tagger) {
        LoraConfig lora = LoraConfig.builder()
                .rank(RANK)
                .alpha(2 * RANK)
                .targetModules(ModuleSelector.allLinear())
                .build();
        return MultiTaskModel.create(
                MultiTaskConfig.builder().shared(lora).build(),
                List.of(
                        new Task("intents", classifier.graph(), EncoderClassifier.HEAD),
                        new Task("slots", tagger.graph(), EncoderClassifier.HEAD)),
                seed);
    }

    private MultiTaskResult train(
            long seed, Parts parts, MultiTaskModel model, TextClassifier classifier, TokenClassifier tagger) {
        // The plan of a text task: the same rate, warm-up and stopping as with an adapter for each task.
        TrainingPlan plan = TextClassifier.builder(encoder)
                .learningRate(RATE)
                .epochs(EPOCHS)
                .seed(seed)
                .options()
                .plan(true, own -> own);
        return MultiTaskTrainer.builder()
                .task(new LearningTask(
                        "intents",
                        model.task("intents"),
                        classifier.trainingBatches(Parts.intents(parts.train())),
                        Validation.higherIsBetter(
                                "score",
                                () -> classifier
                                        .adopt(model.adapter().plain("intents"))
                                        .evaluate(Parts.intents(parts.validation()))
                                        .accuracy())))
                .task(new LearningTask(
                        "slots",
                        model.task("slots"),
                        tagger.trainingBatches(Parts.slots(parts.train())),
                        Validation.higherIsBetter(
                                "score",
                                () -> tagger.adopt(model.adapter().plain("slots"))
                                        .evaluate(Parts.slots(parts.validation()))
                                        .f1())))
                .plan(plan)
                .build()
                .train();
    }

    private void measure(String arm, TextClassifier classifier, TokenClassifier tagger, long numbers, double start) {
        costs.put(arm, new Cost(numbers, Float.BYTES * numbers, (System.nanoTime() - start) / 1e9));
        ofIntents.addAnswers(arm, Parts.intents(test), intentsOf(classifier));
        ofSlots.addEntities(arm, Parts.slots(test), slotsOf(tagger));
        example.say("%s: %.0f s to learn", arm, costs.get(arm).seconds());
    }

    /** Both answers to a command from one pass of the encoder. */
    private void together(TextClassifier classifier, TokenClassifier tagger) {
        List<String> texts =
                test.stream().map(command -> command.intent().text()).toList();
        try (TaskGroup both = TaskGroup.of(classifier, tagger)) {
            both.predict(texts);
            double start = System.nanoTime();
            TaskGroup.Answers answers = both.predict(texts);
            double once = (System.nanoTime() - start) / 1e9;
            start = System.nanoTime();
            intentsOf(classifier);
            slotsOf(tagger);
            double twice = (System.nanoTime() - start) / 1e9;
            example.say("both answers to %d commands: %.2f s in one pass, %.2f s in two", texts.size(), once, twice);
            example.say(
                    "such as %s: %s",
                    answers.of(classifier).get(0), answers.of(tagger).get(0));
            example.figure("seconds for both answers", Map.of("one pass", once, "two passes", twice));
        }
    }

    private List<Prediction> intentsOf(TextClassifier classifier) {
        return classifier.predict(
                test.stream().map(command -> command.intent().text()).toList());
    }

    private List<TaggedWords> slotsOf(TokenClassifier tagger) {
        return tagger.predict(
                test.stream().map(command -> command.slots().words()).toList());
    }
}
