/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LayerReplication;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.VeraConfig;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.FitReport;
import org.lora4j.train.FittingSign;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.StopReason;
import org.nd4j.linalg.api.ndarray.INDArray;

/** One model speaks for what was trained: it answers so, and is saved and loaded so. */
class TrainedModelTest {

    private static final RunListener QUIET = new RunListener() {};

    private static final List<LmExample> TEXTS = List.of(
            LmExample.text("Tim had a red ball. He ran with the red ball."),
            LmExample.completion("What is red?", " The ball is red."),
            LmExample.completion("Who ran?", " Tim ran."));

    @TempDir
    private Path folder;

    private Path base;

    @BeforeEach
    void writeBase() throws IOException {
        base = SmallCausalLm.write(Files.createDirectories(folder.resolve("models/small")), null);
    }

    private static CausalLmTrainer.Builder trainer(CausalLm model) {
        return CausalLmTrainer.builder(model).epochs(4).listener(QUIET);
    }

    private static LoraConfig rank(int rank) {
        return LoraConfig.builder()
                .rank(rank)
                .alpha(2 * rank)
                .targetModules(ModuleSelector.allLinear())
                .build();
    }

    private static double loss(CausalLm model) {
        return CausalLmTrainer.builder(model).build().evaluate(TEXTS).loss();
    }

    @Test
    void fullFineTuning_turnsTheModel_andSaveAndLoadHoldIt() throws IOException {
        Path saved = folder.resolve("saved");
        double before;
        double after;
        String text;
        FitReport report;
        try (CausalLm model = CausalLm.load(base)) {
            INDArray words = model.weights().array("model.embed_tokens.weight").dup();
            before = loss(model);

            report = trainer(model).fullFineTuning().learningRate(1e-2).build().fit(TEXTS, TEXTS);

            after = loss(model);
            text = model.generate("Who ran?", GenerationConfig.greedy(8)).text();
            assertThat(after).isEqualTo(report.after().orElseThrow()).isLessThan(before - 0.5);
            assertThat(loss(model.base())).isEqualTo(before);
            assertThat(model.base().weights().array("model.embed_tokens.weight"))
                    .isEqualTo(words);
            assertThat(model.report()).isSameAs(report);
            assertThat(model).hasToString("CausalLm[" + model.weights() + ", trained in full]");
            model.save(saved);
            model.save(saved);
        }
        assertThat(saved.resolve("config.json")).exists();
        assertThat(saved.resolve("tokenizer.json")).exists();

        try (CausalLm again = CausalLm.load(saved)) {
            assertThat(loss(again)).isEqualTo(after);
            assertThat(again.generate("Who ran?", GenerationConfig.greedy(8)).text())
                    .isEqualTo(text);
            assertSame(again.report(), report);
            assertThatThrownBy(() -> CausalLm.load(saved, again))
                    .isInstanceOf(IncompatibleBaseException.class)
                    .hasMessageContaining("all weights were trained, and are in this directory");

            trainer(again).fullFineTuning().learningRate(1e-3).epochs(1).build().fit(TEXTS, TEXTS);
            after = loss(again);
            assertThatThrownBy(() -> again.save(saved))
                    .isInstanceOf(FileSystemException.class)
                    .hasMessageContaining("is the directory that the model was read from, which is never written to")
                    .hasMessageContaining("Name another one.");
            again.save(folder.resolve("further"));
        }
        try (CausalLm further = CausalLm.load(folder.resolve("further"))) {
            assertThat(loss(further)).isEqualTo(after);
        }
    }

    private static void assertSame(FitReport found, FitReport expected) {
        assertThat(found.summary()).isEqualTo(expected.summary());
        assertThat(found.json()).isEqualTo(expected.json());
        assertThat(found.stopReason()).isEqualTo(expected.stopReason());
        assertThat(found.bestEpoch()).isEqualTo(expected.bestEpoch());
        assertThat(found.losses()).isEqualTo(expected.losses());
        assertThat(found.toString()).contains("rate up to", "completed after 4 epochs");
    }

    @Test
    void adaptersAndTheirBase_areFoundBelowAFolder_orGiven() throws IOException {
        Path saved = folder.resolve("adapters");
        double after;
        FitReport report;
        try (CausalLm model = CausalLm.load(base)) {
            report = trainer(model).build().fit(TEXTS, TEXTS);
            after = loss(model);
            model.model().addAdapter("second", rank(2), 7);
            model.save(saved);
        }
        assertThat(saved.resolve("adapter_config.json")).exists();
        assertThat(saved.resolve("second/adapter_config.json")).exists();
        assertThat(saved.resolve("model.safetensors")).doesNotExist();

        assertThatThrownBy(() -> CausalLm.load(saved))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("CausalLm.load(directory, folder)");
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThatThrownBy(() -> CausalLm.load(saved, empty)).hasMessageContaining("is not below");
        try (CausalLm found = CausalLm.load(saved, folder.resolve("models"))) {
            assertThat(loss(found)).isEqualTo(after);
            assertThat(found.model().adapterNames()).containsExactlyInAnyOrder("default", "second");
            assertThat(found.model().activeAdapters()).containsExactly("default");
            assertSame(found.report(), report);
            found.save(saved);
        }
        try (CausalLm given = CausalLm.load(base);
                CausalLm found = CausalLm.load(saved, given)) {
            assertThat(loss(found)).isEqualTo(after);
            assertThat(given.model().adapterNames()).isEmpty();
            assertThatIllegalStateException().isThrownBy(given::report).withMessageContaining("nothing was trained");
        }
    }

    @Test
    void directoryOfPeft_isLoadedOverABase() throws IOException {
        Path saved = folder.resolve("peft");
        double after;
        try (CausalLm model = CausalLm.load(base)) {
            trainer(model).build().fit(TEXTS, TEXTS);
            after = loss(model);
            model.model().adapter("default").save(saved);
        }

        try (CausalLm given = CausalLm.load(base);
                CausalLm found = CausalLm.load(saved, given)) {
            assertThat(loss(found)).isEqualTo(after);
        }
    }

    @Test
    void adaptersOverTrainedWeights_areSavedWithThem() throws IOException {
        Path saved = folder.resolve("both");
        double after;
        try (CausalLm model = CausalLm.load(base)) {
            trainer(model).fullFineTuning().build().fit(TEXTS, TEXTS);
            trainer(model).adapter(rank(2)).build().fit(TEXTS, TEXTS);
            after = loss(model);
            model.save(saved);
        }

        try (CausalLm again = CausalLm.load(saved)) {
            assertThat(loss(again)).isEqualTo(after);
            assertThat(again.model().activeAdapters()).containsExactly("default");
        }
    }

    @Test
    void save_writesOverNothingButAnEarlierSave() throws IOException {
        Path notes = Files.createDirectory(folder.resolve("notes"));
        Files.writeString(notes.resolve("notes.txt"), "mine");
        try (CausalLm model = CausalLm.load(base)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> model.save(folder.resolve("new")))
                    .withMessageContaining("nothing was trained, and there is no adapter");
            trainer(model).epochs(1).build().fit(TEXTS, TEXTS);

            assertThatThrownBy(() -> model.save(base)).hasMessageContaining("which is never written to");
            assertThatThrownBy(() -> model.save(notes))
                    .hasMessageContaining("holds \"notes.txt\", which no save wrote")
                    .hasMessageContaining("Name another one");
            assertThat(notes.resolve("notes.txt")).hasContent("mine");
            model.model().addAdapter("README.md", rank(2), 7);
            assertThatThrownBy(() -> model.save(folder.resolve("new")))
                    .hasMessageContaining("adapter \"README.md\" is kept in a folder of its name");
            assertThat(folder.resolve("new")).doesNotExist();
        }
    }

    @Test
    void anotherBaseAndADamagedDescription_areRefused() throws IOException {
        Path saved = folder.resolve("saved");
        try (CausalLm model = CausalLm.load(base)) {
            trainer(model).epochs(1).build().fit(TEXTS, TEXTS);
            model.save(saved);
        }
        Path config = base.resolve("config.json");
        String before = Files.readString(config);
        Files.writeString(config, before.replace("1e-5", "1e-6"));

        assertThatThrownBy(() -> CausalLm.load(saved, folder.resolve("models")))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("sha256 of config.json")
                .hasMessageContaining("another base than the one it was trained on");

        Files.writeString(config, before);
        Path description = saved.resolve("lora4j_language.json");
        String good = Files.readString(description);
        for (String[] change : new String[][] {
            {"\"default\" : \"\"", "\"default\" : \"../default\""},
            {"\"active\" : [ \"default\" ]", "\"active\" : [ \"other\" ]"},
            {"\"stop_reason\" : \"COMPLETED\"", "\"stop_reason\" : \"BORED\""},
            {"\"version\" : 1", "\"version\" : 2"}
        }) {
            assertThat(good).contains(change[0]);
            Files.writeString(description, good.replace(change[0], change[1]));
            assertThatThrownBy(() -> CausalLm.load(saved, folder.resolve("models")))
                    .as(change[1])
                    .isInstanceOfAny(CorruptAdapterException.class, UnsupportedAdapterVersionException.class)
                    .hasMessageContaining("lora4j_language.json");
        }
    }

    @Test
    void secondExperiment_isRefused_replaces_orGoesOn() throws IOException {
        try (CausalLm model = CausalLm.load(base)) {
            trainer(model).adapter(rank(2)).epochs(1).build().fit(TEXTS, TEXTS);

            assertThatIllegalStateException()
                    .isThrownBy(() -> trainer(model).adapter(rank(16)).build().fit(TEXTS, TEXTS))
                    .withMessageContaining(
                            "adapter \"default\" with another config: rank is 16 in the config that was asked"
                                    + " for, 2 in the adapter")
                    .withMessageContaining("adapterName(...)")
                    .withMessageContaining("replaceAdapter()");
            assertThatIllegalStateException()
                    .isThrownBy(() -> trainer(model)
                            .adapter(VeraConfig.builder()
                                    .targetModules("q_proj", "o_proj")
                                    .build())
                            .build()
                            .fit(TEXTS, TEXTS))
                    .withMessageContaining(
                            "method is VeraConfig in the config that was asked for, LoraConfig in the adapter");
            model.model().adapter("default").save(folder.resolve("listed"));
            model.model().activate();
            model.model().removeAdapter("default");
            model.model().addAdapter("default", Adapter.load(folder.resolve("listed")));
            model.model().activate("default");
            assertThatIllegalStateException()
                    .isThrownBy(() -> trainer(model)
                            .adapter(rank(2).toBuilder().targetModules("q_proj").build())
                            .build()
                            .fit(TEXTS, TEXTS))
                    .withMessageContaining("targetModules is [q_proj] in the config that was asked for, ")
                    .withMessageContaining(" modules by their paths, which end in \"down_proj\", ");
            assertThat(model.model().activeAdapters()).containsExactly("default");

            LmFitReport same = trainer(model).adapter(rank(2)).epochs(1).build().fit(TEXTS, TEXTS);
            LmFitReport unnamed = trainer(model).epochs(1).build().fit(TEXTS, TEXTS);
            assertThat(same.notes()).contains("the adapter \"default\" was there and goes on learning");
            assertThat(unnamed.notes()).contains("the adapter \"default\" was there and goes on learning");
            assertThat(same.before()).isNotEqualTo(unnamed.before());

            trainer(model).adapter(rank(16)).replaceAdapter().epochs(1).build().fit(TEXTS, TEXTS);
            assertThat(((LoraConfig) model.model().adapter("default").config()).rank())
                    .isEqualTo(16);
        }
    }

    @Test
    void sameConfig_goesOnWithAnAdapterFromAFile_whichListsItsModules() throws IOException {
        Path saved = folder.resolve("saved");
        try (CausalLm model = CausalLm.load(base)) {
            trainer(model).adapter(rank(2)).epochs(1).build().fit(TEXTS, TEXTS);
            model.save(saved);
        }

        try (CausalLm again = CausalLm.load(saved, folder)) {
            LmFitReport report =
                    trainer(again).adapter(rank(2)).epochs(1).build().fit(TEXTS, TEXTS);

            assertThat(report.notes()).contains("the adapter \"default\" was there and goes on learning");
            assertThat(again.model().adapterNames()).containsExactly("default");
        }
    }

    @Test
    void failedReplacement_leavesTheOldAdapter() throws IOException {
        try (CausalLm model = CausalLm.load(base)) {
            trainer(model).adapter(rank(2)).epochs(1).build().fit(TEXTS, TEXTS);
            double before = loss(model);
            RunListener failing = new RunListener() {
                @Override
                public void onStep(StepReport report) {
                    throw new IllegalStateException("stop");
                }
            };

            assertThatThrownBy(() -> CausalLmTrainer.builder(model)
                            .adapter(rank(16))
                            .replaceAdapter()
                            .listener(failing)
                            .build()
                            .fit(TEXTS, TEXTS))
                    .hasMessageContaining("stop");

            assertThat(loss(model)).isEqualTo(before);
        }
    }

    @Test
    void allWeightsBelowAdapters_areRefused() throws IOException {
        try (CausalLm model = CausalLm.load(base)) {
            trainer(model).epochs(1).build().fit(TEXTS, TEXTS);

            assertThatIllegalStateException()
                    .isThrownBy(() -> trainer(model).fullFineTuning().build().fit(TEXTS, TEXTS))
                    .withMessageContaining("the model has the adapters \"default\"")
                    .withMessageContaining("model.base()");
        }
    }

    @Test
    void divergence_isTheEnd_inWordsAndInTheResult() throws IOException {
        try (CausalLm model = CausalLm.load(base)) {
            trainer(model)
                    .fullFineTuning()
                    .learningRate(1e-2)
                    .epochs(20)
                    .build()
                    .fit(TEXTS, TEXTS);

            LmFitReport report =
                    trainer(model).fullFineTuning().learningRate(1).build().fit(TEXTS, TEXTS);

            assertThat(report.stopReason()).contains(StopReason.DIVERGED);
            assertThat(report.signs()).extracting(FittingSign::kind).contains(FittingSign.Kind.DIVERGENCE);
            assertThat(report.toString())
                    .contains("DIVERGED: The mean training loss of epoch", "The learning rate is too high")
                    .contains("no epoch was better than the start, which was kept")
                    .doesNotContain("was best", "overfitting");
            assertThat(report.json()).doesNotContain("best_metric", "best_epoch");
        }
    }

    @Test
    void interruptedRun_looksSo_alsoOnceItIsLoaded() throws IOException {
        Path saved = folder.resolve("saved");
        try (CausalLm model = CausalLm.load(base)) {
            CausalLmTrainer.builder(model)
                    .epochs(9)
                    .listener(new RunListener() {
                        @Override
                        public void onStep(StepReport report) {
                            if (report.step() == 2) {
                                Thread.currentThread().interrupt();
                            }
                        }
                    })
                    .build()
                    .fit(TEXTS, TEXTS);
            model.save(saved);
        }

        try (CausalLm again = CausalLm.load(saved, folder)) {
            assertThat(again.report().stopReason()).contains(StopReason.INTERRUPTED);
            assertThat(again.report().toString()).contains("INTERRUPTED after 2 steps");
        }
    }

    @Test
    void resume_refusesWhatFitDoes_andSaysThatItStartsAnew() throws IOException {
        try (CausalLm model = CausalLm.load(base)) {
            CausalLmTrainer without = trainer(model).build();
            assertThatIllegalStateException()
                    .isThrownBy(() -> without.resume(TEXTS))
                    .withMessageContaining("CausalLmTrainer.resume: there are no checkpoints");
            CausalLmTrainer trainer = trainer(model)
                    .epochs(1)
                    .checkpoints(Checkpoints.in(folder.resolve("run")))
                    .build();
            assertThatThrownBy(() -> trainer.fit(TEXTS, List.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("CausalLmTrainer.fit: validation has no examples, expected one or more");
            assertThatThrownBy(() -> trainer.resume(TEXTS, List.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("CausalLmTrainer.resume: validation has no examples, expected one or more");

            LmFitReport report = trainer.resume(TEXTS, TEXTS);

            assertThat(report.notes())
                    .anySatisfy(note -> assertThat(note)
                            .startsWith("there was no checkpoint in")
                            .endsWith("so the run started at its beginning"));
        }
    }

    @Test
    void closedModel_answersNothing() throws IOException {
        CausalLm model = CausalLm.load(base);
        int[] ids = {1, 5, 7};
        CausalLmTrainer trainer = trainer(model).build();
        model.close();

        assertThatIllegalStateException()
                .isThrownBy(() -> model.logProbabilities(ids))
                .withMessageContaining("the model is closed");
        assertThatIllegalStateException()
                .isThrownBy(() -> model.generateIds(List.of(ids), GenerationConfig.greedy(2), token -> true));
        assertThatIllegalStateException()
                .isThrownBy(() -> trainer.fit(TEXTS))
                .withMessageContaining("CausalLmTrainer.fit");
        assertThatIllegalStateException().isThrownBy(() -> model.save(folder.resolve("x")));
        assertThatIllegalStateException().isThrownBy(() -> model.export(folder.resolve("x")));
    }

    @Test
    void replicatedLayers_areNotSavedAsAModel() throws IOException {
        try (CausalLm model = CausalLm.load(base).replicated(LayerReplication.of(0, 1, 0, 1))) {
            trainer(model).epochs(1).build().fit(TEXTS, TEXTS);

            assertThatIllegalStateException()
                    .isThrownBy(() -> model.save(folder.resolve("x")))
                    .withMessageContaining("the layers are replicated");
        }
    }
}
