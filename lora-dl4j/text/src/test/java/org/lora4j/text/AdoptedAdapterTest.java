/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Tasks whose adapter learned elsewhere, from their own batches. */
class AdoptedAdapterTest {

    private static final TextEncoder ENCODER = TinyEncoder.create();
    private static final List<LabeledText> TRAIN = TinyEncoder.reviews(40, 1);
    private static final List<LabeledText> VALIDATION = TinyEncoder.reviews(20, 2);
    private static final List<LabeledText> TEST = TinyEncoder.reviews(30, 3);

    @TempDir
    Path folder;

    @AfterAll
    static void closeEncoder() {
        ENCODER.close();
    }

    private static TextClassifier head() {
        return TextClassifier.builder(ENCODER).headOnly().build().fit(TRAIN, VALIDATION);
    }

    private static LoraConfig.Builder lora() {
        return LoraConfig.builder().rank(4).alpha(8).targetModules(ModuleSelector.allLinear());
    }

    /** A trainer of one's own over the graph of a head alone. */
    private static <E> AdaptedSameDiff trained(TextTask<?, E, ?, ?, ?> task, List<E> train) {
        AdaptedSameDiff model = AdaptedSameDiff.of(task.graph());
        model.addAdapter("own", lora().modulesToSave(EncoderClassifier.HEAD).build(), 1);
        model.activate("own");
        TrainingPlan plan =
                TrainingPlan.builder().epochs(4).optimizer(AdamW.of(2e-3)).build();
        Trainer.builder(model).plan(plan).build().train(task.trainingBatches(train));
        return model;
    }

    @Test
    void trainingBatches_haveEveryExampleOnce_withItsLabel() {
        try (TextClassifier task =
                TextClassifier.builder(ENCODER).headOnly().batchSize(8).build().fit(TRAIN, VALIDATION)) {
            Batches batches = task.trainingBatches(TRAIN);
            List<Batch> epoch = new ArrayList<>();
            batches.epoch(1, 7).forEachRemaining(epoch::add);

            assertThat(batches.batchesPerEpoch()).hasValue(epoch.size());
            assertThat(epoch.stream().mapToInt(Batch::examples)).allMatch(size -> size <= 8);
            assertThat(epoch.stream().mapToInt(Batch::examples).sum()).isEqualTo(40);
            double positive = epoch.stream()
                    .mapToDouble(batch -> batch.placeholders()
                            .get(EncoderClassifier.LABELS)
                            .getColumn(task.labels().indexOf("positive"))
                            .sumNumber()
                            .doubleValue())
                    .sum();
            assertThat(positive).isEqualTo(20);
        }
    }

    @Test
    void adopt_predictsWhatTheModelDoes_andIsSavedAndLoaded() throws IOException {
        TextClassifier task = head();
        List<String> texts = TEST.stream().map(LabeledText::text).toList();
        List<Prediction> before = task.predict(texts);
        AdaptedSameDiff model = trained(task, TRAIN);
        List<INDArray> logits = new ArrayList<>();
        for (Batch batch : task.batches(TEST)) {
            logits.add(
                    model.output(batch.placeholders(), EncoderClassifier.LOGITS).get(EncoderClassifier.LOGITS));
        }

        TextClassifier same = task.adopt(model.adapter("own"));

        assertThat(same).isSameAs(task);
        List<Prediction> after = task.predict(texts);
        assertThat(after).isNotEqualTo(before);
        for (int i = 0; i < after.size(); i++) {
            INDArray expected = Transforms.softmax(logits.get(i));
            for (int label = 0; label < 2; label++) {
                assertThat(after.get(i).scores().get(task.labels().get(label)))
                        .isEqualTo(expected.getDouble(0, label), within(1e-5));
            }
        }
        assertThat(task.receipt()).isEmpty();
        assertThatThrownBy(task::report).hasMessageContaining("the adapter was adopted");

        task.save(folder);
        try (TextClassifier again = TextClassifier.load(folder, ENCODER)) {
            assertThat(again.predict(texts)).isEqualTo(after);
        }
        task.fit(TRAIN, VALIDATION);
        assertThat(task.report()).isNotNull();
        task.close();
    }

    @Test
    void adopt_ofTags_predictsWhatTheModelDoes() {
        List<LabeledWords> train = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            train.add(new LabeledWords(
                    List.of("a", "good", i % 2 == 0 ? "film" : "card", "in", "paris"),
                    List.of("O", "O", i % 2 == 0 ? "B-film" : "B-card", "O", "B-city")));
        }
        try (TokenClassifier task =
                TokenClassifier.builder(ENCODER).headOnly().build().fit(train, train)) {
            AdaptedSameDiff model = trained(task, train);
            task.adopt(model.adapter("own"));

            assertThat(task.evaluate(train).f1()).isEqualTo(1);
            assertThat(task.predict("a good card in paris").tags()).containsExactly("O", "O", "B-card", "O", "B-city");
        }
    }

    @Test
    void adopt_ofAnotherAdapter_isRefused_andWhatWasThereStays() {
        try (TextClassifier task = head();
                TextClassifier three = TextClassifier.builder(ENCODER)
                        .headOnly()
                        .build()
                        .fit(
                                List.of(
                                        new LabeledText("good", "a"),
                                        new LabeledText("bad", "b"),
                                        new LabeledText("film", "c")),
                                List.of(new LabeledText("good film", "a")))) {
            Prediction before = task.predict("a good film");
            AdaptedSameDiff model = AdaptedSameDiff.of(task.graph());
            model.addAdapter("without", lora().build(), 1);
            Adapter withoutHead = model.adapter("without");
            AdaptedSameDiff other = AdaptedSameDiff.of(three.graph());
            other.addAdapter("own", lora().modulesToSave(EncoderClassifier.HEAD).build(), 1);

            assertThatThrownBy(() -> task.adopt(withoutHead))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("the adapter has no \"classifier.weight\"")
                    .hasMessageContaining("modulesToSave");
            assertThatThrownBy(() -> task.adopt(other.adapter("own")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("classifier");
            assertThatThrownBy(() -> task.adopt(null)).hasMessageContaining("TextClassifier.adopt: adapter is null");
            assertThat(task.predict("a good film")).isEqualTo(before);
        }
    }

    @Test
    void nothingLearnedYet_orNoExample_isRefused() {
        try (TextClassifier fresh = TextClassifier.builder(ENCODER).build();
                TextClassifier task = head()) {
            assertThatThrownBy(() -> fresh.trainingBatches(TRAIN))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("nothing was learned yet");
            assertThatThrownBy(() -> task.trainingBatches(List.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("no examples");
            assertThatThrownBy(() -> task.trainingBatches(List.of(new LabeledText("a film", "unknown"))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("unknown");
        }
    }
}
