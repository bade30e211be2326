/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.Lora;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.lora4j.tribuo.output.RegressorConverter;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.Prediction;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.impl.ArrayExample;
import org.tribuo.regression.Regressor;
import org.tribuo.regression.example.RegressionDataGenerator;

class LoraModelTest {

    @TempDir
    private Path folder;

    private static final DenseInputConverter INPUTS = new DenseInputConverter(Bases.FEATURES);
    private static final Dataset<Label> DATA = Data.corners(7, 1, "a", "b", "c");
    private static BaseNetwork base;
    private static LoraModel<Label> model;

    @BeforeAll
    static void train() {
        base = BaseNetwork.of(Bases.mlp(4, 3, 1));
        model = trainer(base).build().train(DATA);
    }

    private static LoraTrainer.Builder<Label> trainer(BaseNetwork on) {
        return LoraTrainer.builder(on, new LabelConverter())
                .inputs(INPUTS)
                .spec(new LoraSpec(2, 4))
                .predictionBatchSize(4)
                .learningRate(0.02)
                .epochs(4);
    }

    private static void assertSame(Model<Label> one, Model<Label> other, Dataset<Label> on, double tolerance) {
        List<Prediction<Label>> expected = one.predict(on);
        List<Prediction<Label>> actual = other.predict(on);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.get(i).distributionEquals(expected.get(i), tolerance))
                    .isTrue();
        }
    }

    @Test
    void predict_ofAllAndOfEach_agrees() {
        List<Prediction<Label>> together = model.predict(DATA);

        assertThat(together).hasSize(21);
        for (Prediction<Label> prediction : together) {
            assertThat(model.predict(prediction.getExample()).distributionEquals(prediction, 1e-5))
                    .isTrue();
        }
    }

    @Test
    void predict_givesProbabilitiesThatAddUp() {
        Prediction<Label> prediction = model.predict(Data.example("a", 1, 2, 3, 4));

        assertThat(prediction.hasProbabilities()).isTrue();
        assertThat(prediction.getNumActiveFeatures()).isEqualTo(4);
        assertThat(prediction.getOutputScores().values().stream()
                        .mapToDouble(Label::getScore)
                        .sum())
                .isEqualTo(1, within(1e-6));
    }

    @Test
    void predict_ofUnknownFeatures_leavesThemOut() {
        var known = new ArrayExample<>(new Label("a"), new String[] {"A"}, new double[] {1});
        var more = new ArrayExample<>(new Label("a"), new String[] {"A", "unknown"}, new double[] {1, 5});

        assertThat(model.predict(more).distributionEquals(model.predict(known), 0))
                .isTrue();
        assertThat(model.predict(more).getNumActiveFeatures()).isEqualTo(1);
    }

    @Test
    void predict_withoutAnyKnownFeature_showsBothSides() {
        assertThatThrownBy(() ->
                        model.predict(new ArrayExample<>(new Label("a"), new String[] {"unknown"}, new double[] {1})))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("No features found in Example")
                .hasMessageContaining("the example has the features \"unknown\"; expected at least one of \"A\"");
    }

    @Test
    void predict_ofAnEmptyExample_isRefused() {
        assertThatThrownBy(() -> model.predict(new ArrayExample<>(new Label("a"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("No features found in Example");
    }

    @Test
    void predict_ofAFeatureThatTheDataNeverShowed_seesIt() {
        MutableDataset<Label> narrow = Data.of();
        narrow.add(new ArrayExample<>(new Label("a"), new String[] {"A", "B", "C"}, new double[] {1, 2, 3}));
        narrow.add(new ArrayExample<>(new Label("b"), new String[] {"A", "B", "C"}, new double[] {-1, 2, 3}));
        LoraModel<Label> wide = trainer(base).build().train(narrow);
        LoraModel<Label> strict = trainer(base).widenDomain(false).build().train(narrow);

        assertThat(wide.predict(Data.example("a", 1, 1, 1, 1)).getNumActiveFeatures())
                .isEqualTo(4);
        assertThat(strict.predict(Data.example("a", 1, 1, 1, 1)).getNumActiveFeatures())
                .isEqualTo(3);
    }

    @Test
    void predict_inSeveralThreads_agrees() throws Exception {
        List<Prediction<Label>> expected = model.predict(DATA);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<List<Prediction<Label>>>> futures = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            futures.add(threads.submit(() -> model.predict(DATA)));
        }
        for (Future<List<Prediction<Label>>> future : futures) {
            for (int i = 0; i < expected.size(); i++) {
                assertThat(future.get().get(i).distributionEquals(expected.get(i), 0))
                        .isTrue();
            }
        }
        threads.shutdown();
    }

    @Test
    void copy_predictsTheSame() {
        Model<Label> copy = model.copy();

        assertThat(copy).isNotSameAs(model).isInstanceOf(LoraModel.class);
        assertSame(model, copy, DATA, 0);
    }

    @Test
    void adapterOnlyFile_isSmallAndLeavesTheBaseOut() throws IOException {
        Path file = folder.resolve("model.tribuo");
        Path whole = folder.resolve("whole.tribuo");

        model.serializeToFile(file);
        model.withFormat(ModelFormat.SELF_CONTAINED).serializeToFile(whole);

        assertThat(Files.size(file)).isLessThan(20_000);
        assertThat(Files.size(whole)).isGreaterThan(Files.size(file) + base.toBytes().length - 1);
    }

    @Test
    void read_withoutItsBase_isDetachedUntilAttached() throws Exception {
        Path file = folder.resolve("model.tribuo");
        MultiLayerNetwork network = Bases.mlp(4, 3, 4711);
        List<Prediction<Label>> expected = savedByAnotherProcess(network, file);

        LoraModel<Label> detached =
                (LoraModel<Label>) Model.deserializeFromFile(file).castModel(Label.class);

        assertThat(detached.isAttached()).isFalse();
        assertThatThrownBy(() -> detached.predict(DATA))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(detached.baseContentHash())
                .hasMessageContaining("Call attach(base)");
        LoraModel<Label> attached = detached.attach(BaseNetwork.of(network));
        assertThat(attached.predict(DATA).get(3).distributionEquals(expected.get(3), 0))
                .isTrue();
        Path again = folder.resolve("again.tribuo");
        detached.serializeToFile(again);
        assertThat(Files.size(again)).isEqualTo(Files.size(file));
    }

    // The base is forgotten once nobody holds it, which another process stands for.
    private List<Prediction<Label>> savedByAnotherProcess(MultiLayerNetwork network, Path file) throws Exception {
        List<Prediction<Label>> predictions = trainAndSave(network, file);
        String hash = BaseNetwork.of(network).contentHash();
        for (int i = 0; i < 50 && isKnown(hash); i++) {
            System.gc();
            Thread.sleep(50);
        }
        return predictions;
    }

    private List<Prediction<Label>> trainAndSave(MultiLayerNetwork network, Path file) throws IOException {
        LoraModel<Label> own = trainer(BaseNetwork.of(network)).build().train(DATA);
        own.serializeToFile(file);
        return own.predict(DATA);
    }

    private boolean isKnown(String hash) throws IOException {
        Path file = folder.resolve("model.tribuo");
        return ((LoraModel<?>) Model.deserializeFromFile(file)).isAttached() && !hash.isEmpty();
    }

    @Test
    void attach_toAnotherBase_saysBothHashes() {
        BaseNetwork other = BaseNetwork.of(Bases.mlp(4, 3, 2));

        assertThatThrownBy(() -> model.attach(other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(other.contentHash())
                .hasMessageContaining(base.contentHash());
    }

    @Test
    void selfContainedFile_sharesTheBaseOfTheProcess() throws Exception {
        Path file = folder.resolve("whole.tribuo");
        model.withFormat(ModelFormat.SELF_CONTAINED).serializeToFile(file);

        LoraModel<Label> read =
                (LoraModel<Label>) Model.deserializeFromFile(file).castModel(Label.class);

        assertThat(read.parts().base()).isSameAs(base);
        assertSame(model, read, DATA, 0);
    }

    @Test
    void exportAdapter_isAPeftDirectoryThatFitsTheBaseWithSuchAHead() throws Exception {
        Path directory = folder.resolve("adapter");
        model.exportAdapter(directory);
        MultiLayerNetwork network = Bases.mlp(4, 3, 1);

        var adapted = Lora.load(network, directory);

        INDArray row = Nd4j.create(new float[][] {{1, 0.5f, -1, 2}});
        INDArray outputs = adapted.network().output(row, false);
        Prediction<Label> prediction = model.predict(Data.example("a", 1, 0.5, -1, 2));
        List<String> rows = model.parts().rows();
        for (int i = 0; i < 3; i++) {
            assertThat(outputs.getDouble(0, i))
                    .isEqualTo(prediction.getOutputScores().get(rows.get(i)).getScore(), within(1e-6));
        }
    }

    /** What a process leaves that is killed right after the commit: the new files are whole, and not yet in their places. */
    @Test
    void exportAdapter_cutShortAfterItsCommit_isReadWhole() throws Exception {
        Path directory = folder.resolve("adapter");
        model.exportAdapter(directory);
        SavedAdapter whole = SavedAdapter.load(directory);
        Path committed = Files.createDirectory(directory.resolve(".lora4j-saved"));
        for (String name : List.of("adapter_config.json", "adapter_model.safetensors", SavedAdapter.FILE)) {
            Files.move(directory.resolve(name), committed.resolve(name));
        }

        assertThat(SavedAdapter.load(directory)).isEqualTo(whole);
        assertThat(whole.rows()).isNotEmpty();
    }

    @Test
    void exportAdapter_whereTheOutputsCannotBeReplaced_changesNothing_andSaysSo() throws Exception {
        Path directory = folder.resolve("adapter");
        Files.createDirectories(directory.resolve(SavedAdapter.FILE));

        assertThatThrownBy(() -> model.exportAdapter(directory))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("what was there before is unchanged");

        assertThat(directory).isDirectoryNotContaining("glob:**adapter_*");
    }

    @Test
    void exportMerged_whereItCannotBeWritten_leavesWhatWasThere() throws Exception {
        Path taken = Files.createDirectory(folder.resolve("taken.zip"));
        Files.writeString(taken.resolve("notes"), "mine");

        assertThatThrownBy(() -> model.exportMerged(taken)).isInstanceOf(IOException.class);

        assertThat(taken.resolve("notes")).hasContent("mine");
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void fromAdapter_predictsAsTheModelThatWroteIt() throws Exception {
        Path directory = folder.resolve("adapter");
        model.exportAdapter(directory);

        LoraModel<Label> read = LoraModel.fromAdapter(
                base,
                directory,
                INPUTS,
                new LabelConverter(),
                new LabelFactory(),
                List.of(new Label("a"), new Label("b"), new Label("c")),
                model.parts().rows());

        assertSame(model, read, DATA, 1e-6);
    }

    @Test
    void fromAdapter_withOtherRows_showsBoth() throws Exception {
        Path directory = folder.resolve("adapter");
        model.exportAdapter(directory);

        assertThatThrownBy(() -> LoraModel.fromAdapter(
                        base,
                        directory,
                        INPUTS,
                        new LabelConverter(),
                        new LabelFactory(),
                        List.of(new Label("a"), new Label("b"), new Label("c")),
                        List.of("a", "b", "x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the output domain has")
                .hasMessageContaining("the head has rows for \"a\", \"b\", \"x\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{}",
                "{\"outputs\": {}}",
                "{\"outputs\": [{\"name\": 1}]}",
                "{\"outputs\": [{\"name\": \"a\", \"mean\": \"x\"}]}",
                "{\"outputs\": [{\"name\": \"a\", \"mean\": 0, \"deviation\": 0}]}"
            })
    void fromAdapter_withDamagedNamesOfRows_saysWhichFile(String json) throws Exception {
        Path directory = folder.resolve("adapter");
        model.exportAdapter(directory);
        Files.writeString(directory.resolve(SavedAdapter.FILE), json);

        assertThatThrownBy(() -> SavedAdapter.load(directory))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageStartingWith(directory.resolve(SavedAdapter.FILE).toString());
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no /dev/zero")
    void fromAdapter_withNamesOfRowsThatNeverEnd_doesNotReadThem() throws Exception {
        Path directory = folder.resolve("adapter");
        model.exportAdapter(directory);
        Files.delete(directory.resolve(SavedAdapter.FILE));
        Files.createSymbolicLink(directory.resolve(SavedAdapter.FILE), Path.of("/dev/zero"));

        assertThatThrownBy(() -> SavedAdapter.load(directory))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("is no regular file");
    }

    @Test
    void javaSerialization_ofADamagedModel_isAnInvalidObject() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(new SerializedModel(new byte[] {1, 2, 3}));
        }

        assertThatThrownBy(() -> new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject())
                .isInstanceOf(InvalidObjectException.class)
                .hasMessageStartingWith("LoraModel: ");
    }

    @Test
    void exportMerged_isAStockNetworkThatComputesTheSame() throws Exception {
        Path file = folder.resolve("merged.zip");

        model.exportMerged(file);

        MultiLayerNetwork plain = ModelSerializer.restoreMultiLayerNetwork(file.toFile());
        OutputLayer output =
                (OutputLayer) plain.getLayerWiseConfigurations().getConf(2).getLayer();
        assertThat(output.getLossFn()).isInstanceOf(LossMCXENT.class);
        INDArray outputs = plain.output(Nd4j.create(new float[][] {{1, 0.5f, -1, 2}}), false);
        Prediction<Label> prediction = model.predict(Data.example("a", 1, 0.5, -1, 2));
        for (int i = 0; i < 3; i++) {
            assertThat(outputs.getDouble(0, i))
                    .isEqualTo(
                            prediction
                                    .getOutputScores()
                                    .get(model.parts().rows().get(i))
                                    .getScore(),
                            within(1e-5));
        }
    }

    @Test
    void exportMerged_ofASameDiffBase_computesTheSame() throws Exception {
        BaseNetwork graph = BaseNetwork.of(Bases.sameDiff(4, 1), "features");
        LoraModel<Label> own = trainer(graph).build().train(DATA);
        Path file = folder.resolve("merged.fb");

        own.exportMerged(file);

        SameDiff plain = SameDiff.load(file.toFile(), false);
        INDArray outputs = plain.output(Map.of("x", Nd4j.create(new float[][] {{1, 0.5f, -1, 2}})), "head/outputs")
                .get("head/outputs");
        Prediction<Label> prediction = own.predict(Data.example("a", 1, 0.5, -1, 2));
        for (int i = 0; i < 3; i++) {
            assertThat(outputs.getDouble(0, i))
                    .isEqualTo(
                            prediction
                                    .getOutputScores()
                                    .get(own.parts().rows().get(i))
                                    .getScore(),
                            within(1e-5));
        }
    }

    @Test
    void everyKindOfBase_trainsAndComesBack() throws Exception {
        List<BaseNetwork> bases =
                List.of(BaseNetwork.of(Bases.graph(4, 3, 1)), BaseNetwork.of(Bases.sameDiff(4, 1), "features"));
        for (BaseNetwork each : bases) {
            LoraModel<Label> own = trainer(each)
                    .modelFormat(ModelFormat.SELF_CONTAINED)
                    .epochs(10)
                    .build()
                    .train(DATA);
            Path file = folder.resolve("model.tribuo");
            own.serializeToFile(file);

            assertSame(own, Model.deserializeFromFile(file).castModel(Label.class), DATA, 0);
        }
    }

    @Test
    void regression_standardizes_soThatUnitsDoNotMatter() {
        Dataset<Regressor> small =
                RegressionDataGenerator.multiDimDenseTrainTest().getA();
        LoraModel<Regressor> regression = LoraTrainer.builder(base, new RegressorConverter())
                .inputs(INPUTS)
                .spec(new LoraSpec(2, 4))
                .build()
                .train(small);

        assertThat(regression.parts().scales().keySet())
                .containsExactlyInAnyOrderElementsOf(regression.parts().rows());
        assertThat(regression.predict(small.getExample(0)).getOutput().size())
                .isEqualTo(small.getOutputs().size());
        assertThat(regression.generatesProbabilities()).isFalse();
    }

    @Test
    void topFeatures_areEmptyByTribuosConvention() {
        assertThat(model.getTopFeatures(3)).isEmpty();
    }
}
