/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.pretrained.Pooling;
import org.lora4j.train.EvaluationReport;
import org.lora4j.train.RunListener;
import org.lora4j.train.ScoreInterval;
import org.lora4j.train.StepReport;
import org.lora4j.train.StopReason;
import org.nd4j.linalg.api.buffer.DataType;

class TextClassifierTest {

    private static final TextEncoder ENCODER = TinyEncoder.create();
    private static final List<LabeledText> TRAIN = TinyEncoder.reviews(40, 1);
    private static final List<LabeledText> VALIDATION = TinyEncoder.reviews(20, 2);
    private static final List<LabeledText> TEST = TinyEncoder.reviews(30, 3);

    @TempDir
    Path folder;

    /** Learned once, for tests that only ask them. */
    private static final TextClassifier FITTED = quick().build().fit(TRAIN, VALIDATION);

    private static final TextClassifier HEAD = quick().headOnly().build().fit(TRAIN, VALIDATION);

    private static TextClassifier.Builder quick() {
        return TextClassifier.builder(ENCODER).epochs(4);
    }

    @AfterAll
    static void closeEncoder() {
        ENCODER.close();
    }

    @Test
    void fit_withoutAnyConfiguration_learnsAndPredictsTheUsersLabels() {
        TextClassifier classifier = TextClassifier.builder(ENCODER).build().fit(TRAIN, VALIDATION);

        Prediction prediction = classifier.predict("a very good film");

        assertThat(prediction.label()).isEqualTo("positive");
        assertThat(prediction.labels()).containsExactly("positive");
        assertThat(prediction.scores().values().stream().mapToDouble(s -> s).sum())
                .isCloseTo(1, within(1e-9));
        assertThat(prediction.score()).isEqualTo(prediction.scores().get("positive"));
        assertThat(classifier.evaluate(TEST).accuracy()).isGreaterThan(0.8);
        assertThat(classifier.labels()).containsExactly("negative", "positive");
        assertThat(classifier.report().validated()).isEqualTo(20);
        assertThat(classifier.report().training()).isPresent();
    }

    @Test
    void fit_withoutValidation_keepsAPartBack() {
        TextClassifier classifier = quick().headOnly().build().fit(TRAIN);

        assertThat(classifier.report().trained()).isEqualTo(32);
        assertThat(classifier.report().validated()).isEqualTo(8);
    }

    @Test
    void fit_withoutValidation_ofManyLabels_keepsNoneOfThemBackWhole() {
        List<LabeledText> few = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            few.add(new LabeledText("a film " + i, "label " + i % 40));
        }

        TextClassifier classifier = quick().headOnly().build().fit(few);

        assertThat(classifier.labels()).hasSize(40);
        assertThat(classifier.report().validated())
                .as("of labels with two texts")
                .isEqualTo(10);
    }

    @Test
    void fit_onEverything_keepsNothingBack_andChoosesTheHeadByCrossValidation() {
        TextClassifier head = quick().headOnly().validationFraction(0).build().fit(TRAIN);
        TextClassifier lora = quick().validationFraction(0).build().fit(TRAIN);

        for (TextClassifier classifier : List.of(head, lora)) {
            assertThat(classifier.report().trained()).isEqualTo(TRAIN.size());
            assertThat(classifier.report().validated()).isZero();
            assertThat(classifier.report().before()).isEmpty();
            assertThat(classifier.report().after()).isEmpty();
            assertThat(classifier.report().cost()).isPositive();
            assertThat(classifier.evaluate(TEST).accuracy()).isGreaterThan(0.8);
        }
        assertThat(lora.report().epochs()).as("no early stop").hasSize(4);
        assertThat(lora.report().bestEpoch()).isEmpty();
    }

    @Test
    void fit_byDefault_runsThreeEpochs_andTellsHowSureItsGainIs() {
        TextClassifier classifier = TextClassifier.builder(ENCODER).build().fit(TRAIN);

        TextFitReport report = classifier.report();
        ScoreInterval gain = report.gain().orElseThrow();

        assertThat(report.epochs()).hasSize(3);
        assertThat(report.startKept())
                .as("of few examples, only what is certain")
                .isEqualTo(gain.low() <= 0);
        assertThat(gain.high() - gain.low())
                .as("of 8 texts, each counts for an eighth")
                .isGreaterThanOrEqualTo(0.25);
        assertThat(report.toString()).contains("95 %");
        assertThat(classifier.evaluate(TEST).accuracy()).isGreaterThan(0.8);
        assertThat(classifier.adapter().savedParameters()).containsKey("classifier.weight");
        assertThat(HEAD.report().gain()).isEmpty();
    }

    @Test
    void report_isTheSameAsJson() throws IOException {
        JsonNode json = new ObjectMapper().readTree(FITTED.report().json());

        assertThat(json.at("/data/train").asInt()).isEqualTo(TRAIN.size());
        assertThat(json.at("/after").asDouble())
                .isEqualTo(FITTED.report().after().orElseThrow());
        assertThat(json.at("/chosen/learning_rate").asDouble()).isEqualTo(2e-3);
        assertThat(json.at("/gain/low").asDouble())
                .isLessThan(json.at("/gain/high").asDouble());
        assertThat(json.at("/training/epochs")).hasSize(FITTED.report().epochs().size());
        assertThat(json.at("/training/losses")).hasSize(FITTED.report().losses().size());
    }

    @Test
    void fit_twiceWithOneSeed_givesTheSameModel() {
        TextClassifier again = quick().build().fit(TRAIN, VALIDATION);

        assertThat(again.predict(texts(TEST))).isEqualTo(FITTED.predict(texts(TEST)));
    }

    @Test
    void load_ofASavedClassifier_predictsTheSame() throws IOException {
        TextClassifier full =
                quick().fullFineTuning().epochs(1).build().fit(TRAIN.subList(0, 16), VALIDATION.subList(0, 4));
        for (TextClassifier classifier : List.of(FITTED, HEAD, full)) {
            Path directory = Files.createTempDirectory(folder, "saved");
            classifier.save(directory);

            TextClassifier again = TextClassifier.load(directory, ENCODER);

            assertThat(again.predict(texts(TEST))).isEqualTo(classifier.predict(texts(TEST)));
            assertThat(again.labels()).isEqualTo(classifier.labels());
        }
    }

    @Test
    void save_withLora_writesAPeftDirectoryWithTheHead() throws IOException {
        FITTED.save(folder);

        Adapter adapter = Adapter.load(folder);

        assertThat(adapter.loraConfig().rank()).isEqualTo(8);
        assertThat(adapter.config().modulesToSave()).containsExactly("classifier");
        assertThat(adapter.config().taskType()).isEqualTo("SEQ_CLS");
        assertThat(adapter.savedParameters()).containsOnlyKeys("classifier.weight", "classifier.bias");
        assertThat(adapter.modules()).containsKey("encoder.layer.0.attention.self.query");
    }

    @Test
    void headOnly_leavesTheEncoderAndSolvesTheHead() {
        assertThat(HEAD.evaluate(TEST).accuracy()).isGreaterThan(0.8);
        assertThat(HEAD.report().training()).isEmpty();
        assertThatThrownBy(HEAD::model)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the head alone was trained");
    }

    @Test
    void severalLabels_givesEachThatReachesTheThreshold() {
        List<LabeledText> texts = new ArrayList<>();
        for (int i = 0; i < 36; i++) {
            List<String> labels = new ArrayList<>();
            String text = "the film";
            if (i % 2 == 0) {
                text += " good";
                labels.add("praise");
            }
            if (i % 3 == 0) {
                text += " card";
                labels.add("money");
            }
            texts.add(new LabeledText(text + " is " + i, labels));
        }
        TextClassifier classifier =
                quick().severalLabels().epochs(4).build().fit(texts.subList(0, 24), texts.subList(24, 36));

        assertThat(classifier.predict("the film good card is 77").labels())
                .containsExactlyInAnyOrder("praise", "money");
        assertThat(classifier.predict("the film is 77").labels()).isEmpty();
        assertThat(classifier.evaluate(texts).f1()).isGreaterThan(0.9);
    }

    @Test
    void model_disabled_isSeenByPredictions() {
        Prediction adapted = FITTED.predict("the film is bad");

        FITTED.model().disable();
        Prediction base = FITTED.predict("the film is bad");
        FITTED.model().enable();

        assertThat(base).isNotEqualTo(adapted);
        assertThat(FITTED.predict("the film is bad")).isEqualTo(adapted);
    }

    @Test
    void fit_withBadExamples_namesAllOfThem() {
        List<LabeledText> train = new ArrayList<>(TRAIN);
        train.set(3, new LabeledText("  ", "positive"));
        train.set(5, null);

        assertThatThrownBy(() -> quick().build().fit(train, VALIDATION))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("train[3] is an empty text")
                .hasMessageContaining("train[5] is null");
    }

    @Test
    void fit_withALabelThatOnlyTheValidationPartHas_saysWhichAndWhere() {
        List<LabeledText> validation = List.of(new LabeledText("the film", "positiv"), VALIDATION.get(0));

        assertThatThrownBy(() -> quick().build().fit(TRAIN, validation))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("validation[0] has the label \"positiv\"")
                .hasMessageContaining("closest: \"positive\"");
    }

    @Test
    void fit_withASingleLabel_isRefused() {
        List<LabeledText> one = TRAIN.stream()
                .filter(text -> text.labels().contains("positive"))
                .toList();

        assertThatThrownBy(() -> quick().build().fit(one, VALIDATION))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a single label, \"positive\"");
    }

    @Test
    void fit_withSeveralLabelsInATextOfOne_saysWhatToCall() {
        List<LabeledText> train = new ArrayList<>(TRAIN);
        train.set(0, new LabeledText("a film", List.of("positive", "negative")));

        assertThatThrownBy(() -> quick().build().fit(train, VALIDATION))
                .hasMessageContaining("train[0] has 2 labels, expected one")
                .hasMessageContaining("severalLabels()");
    }

    @Test
    void fit_withTextsInBothParts_tellsSo() {
        List<LabeledText> validation = new ArrayList<>(VALIDATION);
        validation.set(0, TRAIN.get(2));
        TextClassifier classifier = quick().headOnly().build().fit(TRAIN, validation);

        assertThat(classifier.report().notes())
                .singleElement()
                .asString()
                .contains("1 texts of the validation part are in the training part")
                .contains("train[2] = validation[0]");
    }

    @Test
    void fit_withTextsBeyondTheLimit_countsThem() {
        List<LabeledText> train = new ArrayList<>(TRAIN);
        train.add(new LabeledText("good ".repeat(40), "positive"));
        TextClassifier classifier = quick().headOnly().build().fit(train, VALIDATION);

        assertThat(classifier.report().notes())
                .singleElement()
                .asString()
                .contains("1 of 61 texts are longer than 16 tokens and were cut");
    }

    @Test
    void fit_thatFails_leavesWhatWasLearnedBefore() {
        Prediction before = HEAD.predict("the film is bad");

        assertThatThrownBy(() -> HEAD.fit(List.of(), VALIDATION)).isInstanceOf(IllegalArgumentException.class);

        assertThat(HEAD.predict("the film is bad")).isEqualTo(before);
    }

    @Test
    void predict_ofAnEmptyText_isRefused() {
        assertThatThrownBy(() -> HEAD.predict(List.of("a film", " ")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("input 1 is an empty text");
    }

    @Test
    void predict_beforeFitOrAfterClose_saysWhatIsMissing() {
        TextClassifier fresh = quick().build();
        assertThatThrownBy(() -> fresh.predict("a film")).hasMessageContaining("nothing was learned yet");

        fresh.close();
        assertThatThrownBy(() -> fresh.predict("a film")).hasMessageContaining("it is closed");
    }

    @Test
    void load_withAnotherPooling_namesTheDifference() throws IOException {
        HEAD.save(folder);
        TextEncoder other = TextEncoder.of(TinyEncoder.weights(DataType.FLOAT), ENCODER.tokenizer(), Pooling.MEAN);

        assertThatThrownBy(() -> TextClassifier.load(folder, other))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("pooling of the encoder is \"MEAN\", expected \"NORMALIZED_MEAN\"");
    }

    @Test
    void load_withLabelsThatDoNotFitTheHead_isRefused() throws IOException {
        FITTED.save(folder);
        Path json = folder.resolve("lora4j_text.json");
        Files.writeString(json, Files.readString(json).replace("\"negative\",", "\"negative\", \"other\","));

        assertThatThrownBy(() -> TextClassifier.load(folder, ENCODER))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("has 3 outputs for its labels");
    }

    @Test
    void load_ofWeightsOfAnotherSave_isRefused() throws IOException {
        HEAD.save(folder);
        String labels = Files.readString(folder.resolve("lora4j_text.json"));
        quick().headOnly().build().fit(TRAIN.subList(0, 20), VALIDATION).save(folder);
        Files.writeString(folder.resolve("lora4j_text.json"), labels);

        assertThatThrownBy(() -> TextClassifier.load(folder, ENCODER))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("it was written for weights with sha256");
    }

    @Test
    void balancedLabels_letARareLabelCountAsMuch() {
        List<LabeledText> train = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            train.add(new LabeledText("the film is " + i, i % 10 == 0 ? "rare" : "common"));
        }
        TextClassifier plain = quick().headOnly().build().fit(train, train);
        TextClassifier balanced = quick().headOnly().balancedLabels().build().fit(train, train);

        double before = plain.predict("the film is").scores().get("rare");
        double after = balanced.predict("the film is").scores().get("rare");

        assertThat(before).isCloseTo(0.1, within(0.1));
        assertThat(after).isCloseTo(0.5, within(0.15));
    }

    @Test
    void build_withSettingsOutOfRange_namesAllOfThem() {
        assertThatThrownBy(() -> TextClassifier.builder(ENCODER)
                        .epochs(0)
                        .threshold(1)
                        .learningRate(Double.NaN)
                        .build())
                .hasMessageContaining("3 problems")
                .hasMessageContaining("epochs = 0")
                .hasMessageContaining("threshold = 1.0")
                .hasMessageContaining("learningRate = NaN");
    }

    @Test
    void evaluate_onLabelsNeverSeen_isRefused_withTheirRows() {
        List<LabeledText> test = List.of(
                TEST.get(0),
                new LabeledText("the good film", "positiv"),
                new LabeledText("the bad film", "neutral"),
                new LabeledText("a good film", "positiv"),
                new LabeledText("a very good film", "positiv"));

        assertThatThrownBy(() -> FITTED.evaluate(test))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "TextClassifier.evaluate: 2 problems: examples[1, 3, 4] have the label \"positiv\", which no example"
                                + " to learn from has")
                .hasMessageContaining("closest: \"positive\"")
                .hasMessageContaining("examples[2] has the label \"neutral\"");
        assertThatThrownBy(() -> FITTED.evaluate(Arrays.asList(new LabeledText(" ", "positive"), null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("examples[0] is an empty text")
                .hasMessageContaining("examples[1] is null");
    }

    @Test
    void report_isThereAfterLoad_withAllOfIt() throws IOException {
        TextFitReport before = FITTED.report();
        FITTED.save(folder);

        TextFitReport after = TextClassifier.load(folder, ENCODER).report();

        assertThat(after).isEqualTo(before);
        assertThat(after.training().orElseThrow().highestRate()).isCloseTo(before.learningRate(), within(1e-4));
        assertThat(after.toString())
                .contains("completed after 4 epochs; ")
                .contains("; rate up to ")
                .contains(" examples/s")
                .contains(" s in all");
        HEAD.save(folder);
        assertThat(TextClassifier.load(folder, ENCODER).report()).isEqualTo(HEAD.report());
    }

    @Test
    void report_thatIsDamaged_isRefused_andOneThatIsMissing_isSaid() throws IOException {
        FITTED.save(folder);
        Path json = folder.resolve("lora4j_text.json");
        String text = Files.readString(json);
        Files.writeString(json, text.replace("\"COMPLETED\"", "\"DONE\""));
        assertThatThrownBy(() -> TextClassifier.load(folder, ENCODER))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("report: stop_reason = DONE, expected one of [COMPLETED");

        Files.writeString(json, text.replace("\"report\"", "\"other\""));
        assertThatThrownBy(() -> TextClassifier.load(folder, ENCODER).report())
                .hasMessageContaining("there is none, as the directory");
    }

    @Test
    void fit_thatIsInterrupted_looksInterrupted() {
        TextClassifier classifier = quick().listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        if (report.step() == 4) {
                            Thread.currentThread().interrupt();
                        }
                    }
                })
                .build()
                .fit(TRAIN, VALIDATION);

        assertThat(classifier.report().training().orElseThrow().stopReason()).isEqualTo(StopReason.INTERRUPTED);
        assertThat(classifier.report().toString()).contains("INTERRUPTED after 4 steps, in epoch 1; ");
    }

    @Test
    void evaluateEvery_asksTheValidationPartWithinEpochs() throws IOException {
        TextClassifier classifier =
                quick().batchSize(4).epochs(2).evaluateEvery(3).build().fit(TRAIN, VALIDATION);

        // 40 texts make 10 batches an epoch; those after 10 and 20 are of the epochs.
        assertThat(classifier.report().training().orElseThrow().evaluations())
                .extracting(EvaluationReport::step)
                .containsExactly(3L, 6L, 9L, 12L, 15L, 18L);
        assertThatThrownBy(() -> quick().evaluateEvery(0).build()).hasMessageContaining("evaluateEvery = 0");
    }

    @Test
    void predictions_readWell() {
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put("card_lost", 0.871);
        scores.put("card_stolen", 0.064);
        scores.put("pin_blocked", 0.023);
        scores.put("other", 0.01);

        assertThat(new Prediction(List.of("card_lost"), scores))
                .hasToString("card_lost 0.87; then card_stolen 0.06, pin_blocked 0.02");
        assertThat(new Prediction(List.of(), scores)).hasToString("no label; then card_lost 0.87, card_stolen 0.06");
        assertThat(new TaggedWords(
                        List.of("play", "Björk", "in", "New", "York"),
                        List.of("O", "B-artist", "O", "B-city", "I-city"),
                        List.of(1.0, 1.0, 1.0, 1.0, 1.0),
                        List.of(new Entity("artist", 1, 2), new Entity("city", 3, 5))))
                .hasToString("play [Björk](artist) in [New York](city)");
        assertThat(List.of(new Entity("artist", 1, 2), new Entity("city", 3, 5)))
                .hasToString("[artist (word 1), city (words 3 to 4)]");
        assertThat(new ReRanker.Ranked(4, "Your card is on its way.", 0.9312))
                .hasToString("0.93 [4] Your card is on its way.");
    }

    @Test
    void labels_withWhiteSpaceAround_areThoseWithout_andTheReportSaysSo() {
        List<LabeledText> train = new ArrayList<>(TRAIN);
        train.set(0, new LabeledText(TRAIN.get(0).text(), " positive\u00a0"));
        train.set(3, new LabeledText(TRAIN.get(3).text(), "negative\t"));

        TextClassifier classifier = quick().headOnly().build().fit(train, VALIDATION);

        assertThat(classifier.labels()).containsExactly("negative", "positive");
        assertThat(classifier.report().notes())
                .containsExactly("train[0, 3]: white space around the labels of 2 examples was left out");
        assertThat(classifier.evaluate(List.of(new LabeledText(TEST.get(0).text(), "positive "), TEST.get(1))))
                .isEqualTo(classifier.evaluate(TEST.subList(0, 2)));
    }

    @Test
    void fit_withEmptyLabels_namesAllTheirRows() {
        List<LabeledText> train = new ArrayList<>(TRAIN);
        for (int i = 2; i < 30; i += 2) {
            train.set(i, new LabeledText(TRAIN.get(i).text(), i == 4 ? " " : ""));
        }

        assertThatThrownBy(() -> quick().headOnly().build().fit(train, VALIDATION))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "train[2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28] have an empty label, expected a word");
        assertThatThrownBy(() -> HEAD.evaluate(List.of(new LabeledText("a film", ""))))
                .hasMessageContaining("examples[0] has an empty label");
    }

    @Test
    void emptyTexts_areRefusedTogether_orLeftOutAndNamed() {
        List<LabeledText> train = new ArrayList<>(TRAIN);
        for (int i = 20; i < 33; i++) {
            train.set(i, new LabeledText(" ", TRAIN.get(i).labels()));
        }
        train.set(7, new LabeledText("", "negative"));

        assertThatThrownBy(() -> quick().headOnly().build().fit(train, VALIDATION))
                .hasMessageContaining("train[7, 20 to 32] are 14 empty texts, expected words; skipEmpty()");
        TextClassifier classifier = quick().headOnly().skipEmpty().build().fit(train, VALIDATION);
        assertThat(classifier.report().trained()).isEqualTo(TRAIN.size() - 14);
        assertThat(classifier.report().notes()).containsExactly("train[7, 20 to 32]: 14 empty texts were left out");
        assertThat(classifier
                        .evaluate(List.of(new LabeledText("", "positive"), TEST.get(0)))
                        .examples())
                .isEqualTo(1);
        assertThatThrownBy(() -> classifier.batches(List.of(new LabeledText("", "positive"))))
                .as("there is a batch for each example")
                .hasMessageContaining("examples[0] is an empty text");
        assertThatThrownBy(() -> quick().skipEmpty().build().fit(TRAIN, List.of(new LabeledText("", "positive"))))
                .hasMessageContaining("the validation part is empty");
    }

    @Test
    void save_ofAHeadOverAnAdapter_leavesNoAdapter() throws IOException {
        FITTED.save(folder);
        HEAD.save(folder);

        assertThat(folder.resolve("adapter_config.json")).doesNotExist();
        assertThat(folder.resolve("adapter_model.safetensors")).doesNotExist();
        assertThat(TextClassifier.load(folder, ENCODER).predict(texts(TEST))).isEqualTo(HEAD.predict(texts(TEST)));

        FITTED.save(folder);
        assertThat(folder.resolve("lora4j_text.safetensors")).doesNotExist();
        assertThat(TextClassifier.load(folder, ENCODER).predict(texts(TEST))).isEqualTo(FITTED.predict(texts(TEST)));
    }

    @Test
    void classWeights_letALabelCountForMore_andRefuseWhatTheyDoNotKnow() {
        List<LabeledText> train = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            train.add(new LabeledText("the film is " + i, i % 10 == 0 ? "rare" : "common"));
        }
        // Nine times the weight for a tenth of the examples: as many of both.
        TextClassifier weighed =
                quick().headOnly().classWeights(Map.of("rare", 9.0)).build().fit(train, train);

        assertThat(weighed.predict("the film is").scores().get("rare")).isCloseTo(0.5, within(0.15));
        assertThatThrownBy(
                        () -> quick().classWeights(Map.of("rar", 2.0)).build().fit(train, train))
                .hasMessageContaining("classWeights names \"rar\", which no example to learn from has")
                .hasMessageContaining("closest: \"rare\"");
        assertThatThrownBy(() -> quick().classWeights(Map.of("rare", -1.0, "b", Double.NaN))
                        .balancedLabels()
                        .build())
                .hasMessageContaining("3 problems")
                .hasMessageContaining("classWeights of \"rare\" = -1.0")
                .hasMessageContaining("classWeights with balancedLabels");
    }

    @Test
    void evaluate_countsAsDefined() {
        LabelEvaluation evaluation = LabelEvaluation.of(
                List.of(List.of("a"), List.of("a", "b"), List.of("c")),
                List.of(List.of("a"), List.of("b", "c"), List.of()));

        // Right: a, b; given: a, b, c; true: a, a, b, c.
        assertThat(evaluation.precision()).isCloseTo(2.0 / 3, within(1e-12));
        assertThat(evaluation.recall()).isCloseTo(0.5, within(1e-12));
        assertThat(evaluation.f1()).isCloseTo(4.0 / 7, within(1e-12));
        assertThat(evaluation.accuracy()).isCloseTo(1.0 / 3, within(1e-12));
        assertThat(evaluation.byLabel())
                .containsExactly(
                        Map.entry("a", new LabelEvaluation.OfLabel(1, 0.5, 2.0 / 3, 2)),
                        Map.entry("b", new LabelEvaluation.OfLabel(1, 1, 1, 1)),
                        Map.entry("c", new LabelEvaluation.OfLabel(0, 0, 0, 1)));
    }

    private static List<String> texts(List<LabeledText> examples) {
        return examples.stream().map(LabeledText::text).toList();
    }
}
