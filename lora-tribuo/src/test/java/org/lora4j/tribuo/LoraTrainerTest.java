/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.oracle.labs.mlrg.olcut.config.ConfigurationManager;
import com.oracle.labs.mlrg.olcut.provenance.ProvenanceUtil;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.input.ImageInputConverter;
import org.lora4j.tribuo.input.TokenInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.lora4j.trust.PreflightRule;
import org.tribuo.Dataset;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.evaluation.LabelEvaluator;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.ModelProvenance;
import org.tribuo.test.Helpers;

class LoraTrainerTest {

    private final BaseNetwork base = BaseNetwork.of(Bases.mlp(4, 3, 1));

    private LoraTrainer.Builder<Label> builder() {
        return LoraTrainer.builder(base, new LabelConverter())
                .inputs(new DenseInputConverter(Bases.FEATURES))
                .spec(new LoraSpec(2, 4))
                .epochs(3)
                .batchSize(4);
    }

    private static Dataset<Label> data() {
        return Data.corners(6, 1, "a", "b", "c");
    }

    @Test
    void train_withEqualSeeds_givesEqualBits() {
        assertThat(builder().build().train(data()).adapter())
                .isEqualTo(builder().build().train(data()).adapter());
    }

    @Test
    void train_withOtherSeeds_givesOtherModels() {
        assertThat(builder().build().train(data()).adapter())
                .isNotEqualTo(builder().seed(7).build().train(data()).adapter());
    }

    @Test
    void train_withDropout_givesEqualBits() {
        LoraSpec spec = LoraSpec.of(LoraConfig.builder()
                .rank(2)
                .alpha(4)
                .dropout(0.4)
                .targetModules("fc1", "fc2")
                .build());

        assertThat(builder().spec(spec).build().train(data()).adapter())
                .isEqualTo(builder().spec(spec).build().train(data()).adapter());
    }

    @Test
    void train_leavesTheGlobalGeneratorAlone() {
        Nd4j.getRandom().setSeed(11);
        double expected = Nd4j.getRandom().nextDouble();
        Nd4j.getRandom().setSeed(11);

        builder().build().train(data());

        assertThat(Nd4j.getRandom().nextDouble()).isEqualTo(expected);
    }

    @Test
    void train_inSeveralThreadsWithOneTrainer_givesTheSequentialModels() throws Exception {
        LoraTrainer<Label> sequential = builder().build();
        List<Object> expected = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            expected.add(sequential.train(data()).adapter());
        }
        LoraTrainer<Label> shared = builder().build();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<LoraModel<Label>>> futures = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            futures.add(threads.submit(() -> shared.train(data())));
        }

        for (Future<LoraModel<Label>> future : futures) {
            LoraModel<Label> model = future.get();
            int count = count(model);
            assertThat(model.adapter()).isEqualTo(expected.get(count));
        }
        threads.shutdown();
        assertThat(shared.getInvocationCount()).isEqualTo(4);
    }

    @Test
    void train_inSeveralThreadsOnOneGraph_givesTheSequentialModels() throws Exception {
        BaseNetwork graph = BaseNetwork.of(Bases.sameDiff(4, 1), "features");
        LoraTrainer<Label> shared = LoraTrainer.builder(graph, new LabelConverter())
                .inputs(new DenseInputConverter(Bases.FEATURES))
                .epochs(2)
                .build();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<LoraModel<Label>>> futures = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            futures.add(threads.submit(() -> shared.train(data())));
        }

        for (Future<LoraModel<Label>> future : futures) {
            LoraModel<Label> model = future.get();
            LoraModel<Label> alone = shared.toBuilder().build().train(data(), Map.of(), count(model));
            assertThat(model.adapter()).isEqualTo(alone.adapter());
        }
        threads.shutdown();
    }

    private static int count(LoraModel<Label> model) {
        return (Integer) model.getProvenance()
                .getTrainerProvenance()
                .getInstanceValues()
                .get("train-invocation-count")
                .getValue();
    }

    @Test
    void setInvocationCount_repeatsThatCall() {
        LoraTrainer<Label> trainer = builder().build();
        trainer.train(data());
        LoraModel<Label> second = trainer.train(data());

        LoraModel<Label> again = builder().build().train(data(), Map.of(), 1);

        assertThat(count(second)).isEqualTo(1);
        assertThat(again.adapter()).isEqualTo(second.adapter());
    }

    @Test
    void setInvocationCount_belowZero_isRefused() {
        assertThatThrownBy(() -> builder().build().setInvocationCount(-5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("The supplied invocationCount is less than zero.");
    }

    /** With one batch of plain SGD, (2 l1 + l2) / 2 at a rate of 0.2 moves as (l1 + l1 + l2) / 3 at a rate of 0.3. */
    @Test
    void train_withAWeightOfTwo_movesAsTheExampleTwice() {
        var weighted = Data.example("a", 1, 0.5, -1, 2);
        weighted.setWeight(2);
        MutableDataset<Label> once = Data.of(weighted, Data.example("b", -1, 0.3, 0.2, 1));
        MutableDataset<Label> twice = Data.of(
                Data.example("a", 1, 0.5, -1, 2), Data.example("a", 1, 0.5, -1, 2), Data.example("b", -1, 0.3, 0.2, 1));

        LoraModel<Label> one =
                builder().optimiser(Optimiser.SGD).learningRate(0.2).build().train(once);
        LoraModel<Label> other =
                builder().optimiser(Optimiser.SGD).learningRate(0.3).build().train(twice);

        assertClose(one, other, 1e-6);
    }

    private static void assertClose(LoraModel<Label> one, LoraModel<Label> other, double tolerance) {
        one.adapter()
                .modules()
                .forEach((path, tensors) -> tensors.forEach((name, array) -> assertThat(distance(
                                array, other.adapter().modules().get(path).get(name)))
                        .isLessThan(tolerance)));
        one.adapter()
                .savedParameters()
                .forEach((path, array) -> assertThat(distance(
                                array, other.adapter().savedParameters().get(path)))
                        .isLessThan(tolerance));
    }

    private static double distance(INDArray a, INDArray b) {
        return a.distance2(b);
    }

    /** Factors at a rate that a float cannot hold stay where they start; the head moves. */
    @Test
    void train_withARateForTheHead_movesTheHeadByIt() {
        LoraTrainer.Builder<Label> still = builder().optimiser(Optimiser.SGD).learningRate(1e-30);

        LoraModel<Label> start = still.build().train(data());
        LoraModel<Label> moved = still.headLearningRate(0.1).build().train(data());

        assertThat(moved.adapter().modules().keySet())
                .isEqualTo(start.adapter().modules().keySet());
        moved.adapter()
                .modules()
                .forEach((path, tensors) -> tensors.forEach((name, array) -> assertThat(distance(
                                array, start.adapter().modules().get(path).get(name)))
                        .isLessThan(1e-9)));
        assertThat(distance(
                        moved.adapter().savedParameters().get("out.weight"),
                        start.adapter().savedParameters().get("out.weight")))
                .isGreaterThan(1e-3);
    }

    @Test
    void train_keepsTheBaseAsItIs() {
        String before = base.contentHash();
        var network = Bases.mlp(4, 3, 1);
        INDArray values = network.params().dup();
        LoraTrainer.builder(BaseNetwork.of(network), new LabelConverter())
                .inputs(new DenseInputConverter(Bases.FEATURES))
                .build()
                .train(data());

        assertThat(network.params()).isEqualTo(values);
        assertThat(BaseNetwork.of(network).contentHash()).isEqualTo(before);
    }

    @Test
    void train_withPatience_keepsTheBestEpoch() {
        LoraModel<Label> model = builder()
                .validationFraction(0.3)
                .patience(2)
                .epochs(40)
                .learningRate(0.01)
                .build()
                .train(Data.corners(20, 1, "a", "b", "c"));

        assertThat(new LabelEvaluator()
                        .evaluate(model, Data.corners(20, 2, "a", "b", "c"))
                        .accuracy())
                .isGreaterThan(0.9);
    }

    @Test
    void train_withAValidationFractionThatTakesNothing_saysSo() {
        assertThatThrownBy(() -> builder().validationFraction(0.01).build().train(Data.corners(2, 1, "a", "b")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("validationFraction = 0.01 of 4 examples are 0");
    }

    @Test
    void train_onNothingButZeros_namesTheFeaturesAndTheInputs() {
        MutableDataset<Label> zeros = Data.of(Data.example("a", 0, 0, 0, 0), Data.example("b", 0, 0, 0, 0));

        assertThatThrownBy(() -> builder().build().train(zeros))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("every value of all 2 examples is 0, those of the features \"A\", \"B\", \"C\"")
                .hasMessageContaining("expected some that are not, for DenseInputConverter");
    }

    @Test
    void train_onAnEmptyDataSet_isRefused() {
        assertThatThrownBy(() -> builder().build().train(Data.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the data set is empty; expected one example or more");
    }

    @Test
    void train_onUnknownOutputs_isRefusedInTribuosWords() {
        MutableDataset<Label> data = Data.of(Data.example("a", 1, 1, 1, 1));
        data.add(new ArrayExample<>(LabelFactory.UNKNOWN_LABEL, new String[] {"A"}, new double[] {1}));

        assertThatThrownBy(() -> builder().build().train(data))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The supplied Dataset contained unknown Outputs, and this Trainer is supervised.");
    }

    @Test
    void train_onInfiniteFeatures_namesTheFeature() {
        MutableDataset<Label> data = Data.of(Data.example("a", 1, Double.POSITIVE_INFINITY, 1, 1));

        assertThatThrownBy(() -> builder().build().train(data))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("feature \"B\" is Infinity; expected a finite number");
    }

    @Test
    void train_onFeaturesThatTheNetworkLacks_showsBothSides() {
        MutableDataset<Label> data = Data.of();
        data.add(new ArrayExample<>(new Label("a"), new String[] {"A", "Z"}, new double[] {1, 2}));

        assertThatThrownBy(() -> builder().build().train(data))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 of 5 features of the domain have no place in the network, \"Z\"")
                .hasMessageContaining("\"A\", \"B\", \"C\", \"D\"");
    }

    @Test
    void train_withTooFewFeatureNames_showsBothNumbers() {
        assertThatThrownBy(() -> builder()
                        .inputs(new DenseInputConverter(List.of("A", "B")))
                        .build()
                        .train(data()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 feature names, \"A\", \"B\"")
                .hasMessageContaining("expected 4 names");
    }

    @Test
    void train_withWeightsOfZeroOnly_isRefused() {
        var example = Data.example("a", 1, 1, 1, 1);
        example.setWeight(0);

        assertThatThrownBy(() -> builder().build().train(Data.of(example)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("all 1 examples have the weight 0");
    }

    @Test
    void train_onATargetThatMatchesNothing_offersTheClosest() {
        LoraSpec spec = LoraSpec.of(LoraConfig.builder().targetModules("fc9").build());

        assertThatThrownBy(() -> builder().spec(spec).build().train(data()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("fc9")
                .hasMessageContaining("fc1");
    }

    @Test
    void train_onPictures_learnsWhereTheyAreBright() {
        MutableDataset<Label> pictures = Data.of();
        for (int i = 0; i < 16; i++) {
            String[] names = {String.valueOf(i), String.valueOf((i + 1) % 16)};
            pictures.add(new ArrayExample<>(new Label(i < 8 ? "top" : "bottom"), names, new double[] {1, 0.5}));
        }
        LoraModel<Label> model = LoraTrainer.builder(BaseNetwork.of(Bases.convolution(2, 1)), new LabelConverter())
                .inputs(new ImageInputConverter(4, 4, 1, ImageInputConverter.Layout.NCHW))
                .spec(LoraSpec.of(
                        LoraConfig.builder().rank(2).targetModules("conv").build()))
                .learningRate(0.05)
                .epochs(20)
                .build()
                .train(pictures);

        assertThat(new LabelEvaluator().evaluate(model, pictures).accuracy()).isGreaterThan(0.9);
        assertThat(model.adapter().modules()).containsOnlyKeys("conv");
    }

    @Test
    void train_onTokensWithoutAMask_predictsTogetherAsAlone() {
        MutableDataset<Label> texts = Data.of();
        texts.add(tokens("a", 3, 4, 3));
        texts.add(tokens("a", 4));
        texts.add(tokens("b", 7, 8));
        texts.add(tokens("b", 8, 7, 8, 8));
        LoraModel<Label> model = LoraTrainer.builder(BaseNetwork.of(Bases.bagOfTokens(10, 2, 1)), new LabelConverter())
                .inputs(new TokenInputConverter(5))
                .spec(LoraSpec.of(
                        LoraConfig.builder().rank(2).targetModules("tokens").build()))
                .build()
                .train(texts);

        model.predict(texts)
                .forEach(together -> assertThat(
                                model.predict(together.getExample()).distributionEquals(together, 1e-5))
                        .isTrue());
    }

    private static ArrayExample<Label> tokens(String label, int... ids) {
        ArrayExample<Label> example = new ArrayExample<>(new Label(label));
        for (int i = 0; i < ids.length; i++) {
            example.add(TokenInputConverter.featureName(TokenInputConverter.DEFAULT_PREFIX, i), ids[i] + 1);
        }
        return example;
    }

    @Test
    void train_onOneClass_predictsIt() {
        LoraModel<Label> model = builder().build().train(Data.corners(4, 1, "a"));

        assertThat(model.predict(Data.example("a", 1, 1, 1, 1)).getOutput().getLabel())
                .isEqualTo("a");
    }

    @Test
    void build_withEverythingWrong_saysAllOfIt() {
        assertThatThrownBy(() -> LoraTrainer.builder(null, new LabelConverter())
                        .epochs(0)
                        .batchSize(0)
                        .learningRate(-1)
                        .warmupFraction(1)
                        .patience(3)
                        .loggingInterval(-1)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("LoraTrainer: 8 problems")
                .hasMessageContaining("epochs = 0")
                .hasMessageContaining("batchSize = 0")
                .hasMessageContaining("learningRate = -1")
                .hasMessageContaining("warmupFraction = 1.0, expected from 0 to below 1")
                .hasMessageContaining("patience = 3 with validationFraction = 0")
                .hasMessageContaining("loggingInterval = -1")
                .hasMessageContaining("base = null")
                .hasMessageContaining("inputs = null");
    }

    @Test
    void train_withTheBasesOwnHead_trainsFactorsOnly() {
        // The base was never trained, and that head least of all.
        assertThatThrownBy(() ->
                        builder().reuseHead(List.of("c", "a", "b")).build().train(data()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("LoraTrainer.train: preflight: the output head")
                .hasMessageContaining("allow(PreflightRule.FRESH_HEAD)");
        LoraModel<Label> model = builder()
                .reuseHead(List.of("c", "a", "b"))
                .allow(PreflightRule.FRESH_HEAD)
                .learningRate(0.05)
                .epochs(30)
                .build()
                .train(data());

        assertThat(model.adapter().savedParameters()).isEmpty();
        assertThat(new LabelEvaluator().evaluate(model, data()).accuracy()).isGreaterThan(0.9);
        Helpers.testModelProtoSerialization(model, Label.class, data());
    }

    @Test
    void train_withOtherNamesThanTheBasesOwnHead_showsBoth() {
        assertThatThrownBy(() ->
                        builder().reuseHead(List.of("x", "a", "b")).build().train(data()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the head has rows for \"x\", \"a\", \"b\"")
                .hasMessageContaining("Without a row: \"c\"");
    }

    @Test
    void train_withBiasesOfTheBase_trainsThem() {
        LoraSpec spec = LoraSpec.of(LoraConfig.builder()
                .targetModules("fc1")
                .bias(BiasTraining.ADAPTED_ONLY)
                .build());

        LoraModel<Label> model = builder().spec(spec).build().train(data());

        assertThat(model.adapter().savedParameters()).containsOnlyKeys("fc1.bias", "out.weight", "out.bias");
        Helpers.testModelProtoSerialization(model, Label.class, data());
    }

    @Test
    void incrementalTrain_withNewClasses_keepsTheOldRowsAndKnowsBoth() {
        LoraTrainer<Label> trainer = builder().epochs(30).learningRate(0.02).build();
        LoraModel<Label> old = trainer.train(Data.corners(10, 1, "a", "b"));
        var before = old.adapter();

        LoraModel<Label> grown = trainer.incrementalTrain(Data.corners(10, 2, "a", "b", "c"), old);

        assertThat(grown.getOutputIDInfo().getDomain())
                .extracting(Label::getLabel)
                .containsExactlyInAnyOrder("a", "b", "c");
        assertThat(new LabelEvaluator().evaluate(grown, data()).accuracy()).isGreaterThan(0.9);
        assertThat(old.adapter()).isSameAs(before);
        assertThat(grown.getProvenance().getInstanceProvenance().getMap().get(LoraTrainer.PARENT))
                .isEqualTo(old.getProvenance());
        Helpers.testModelProtoSerialization(grown, Label.class, data());
    }

    /** At a rate that changes nothing that a float can hold, the model that goes on is the one it came from. */
    @Test
    void incrementalTrain_atAVanishingRate_predictsForOldClassesAsBefore() {
        LoraModel<Label> old = builder().build().train(Data.corners(10, 1, "a", "b"));

        LoraModel<Label> same = builder()
                .learningRate(1e-30)
                .optimiser(Optimiser.SGD)
                .build()
                .incrementalTrain(Data.corners(4, 2, "a"), old);

        assertThat(same.predict(Data.example("a", 1, 0.2, 1, -1))
                        .distributionEquals(old.predict(Data.example("a", 1, 0.2, 1, -1)), 1e-6))
                .isTrue();
    }

    @Test
    void incrementalTrain_ofAModelOfAnotherBase_saysBoth() {
        LoraModel<Label> other = LoraTrainer.builder(BaseNetwork.of(Bases.mlp(4, 3, 9)), new LabelConverter())
                .inputs(new DenseInputConverter(Bases.FEATURES))
                .build()
                .train(data());

        assertThatThrownBy(() -> builder().build().incrementalTrain(data(), other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(other.baseContentHash())
                .hasMessageContaining(base.contentHash());
    }

    @Test
    void train_fromASavedAdapter_startsWhereItEnded(@TempDir Path folder) throws Exception {
        LoraModel<Label> first = builder().build().train(data());
        first.exportAdapter(folder.resolve("adapter"));

        LoraModel<Label> second = builder()
                .initialAdapter(folder.resolve("adapter"))
                .optimiser(Optimiser.SGD)
                .learningRate(1e-30)
                .build()
                .train(data());

        assertClose(first, second, 1e-6);
    }

    @Test
    void train_fromASavedAdapterWithoutTheNamesOfItsRows_saysWhatIsMissing(@TempDir Path folder) throws Exception {
        Path directory = folder.resolve("adapter");
        builder().build().train(data()).exportAdapter(directory);
        Files.delete(directory.resolve("tribuo_outputs.json"));

        assertThatThrownBy(() -> builder().initialAdapter(directory).build().train(data()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the adapter holds a head \"out\" of 3 rows, and there are 0 names")
                .hasMessageContaining("tribuo_outputs.json");
    }

    @Test
    void train_fromAFolderWithoutAnAdapter_saysSo(@TempDir Path folder) {
        assertThatThrownBy(() -> builder().initialAdapter(folder).build().train(data()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("LoraTrainer: initialAdapter: ")
                .hasMessageContaining("adapter_config.json");
    }

    @Test
    void provenance_rebuildsTheTrainerAndTheModel(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("base.zip");
        ModelSerializer.writeModel(Bases.mlp(4, 3, 1), file.toFile(), false);
        LoraTrainer<Label> trainer = LoraTrainer.builder(new BaseNetwork(file), new LabelConverter())
                .inputs(new DenseInputConverter(Bases.FEATURES))
                .spec(LoraSpec.of(LoraConfig.builder()
                        .rank(2)
                        .targetModules("fc1")
                        .rankPattern(Map.of("fc1", 3))
                        .build()))
                .build();
        trainer.train(data());
        LoraModel<Label> second = trainer.train(data());

        LoraModel<Label> again = Rebuilt.trainer(second.getProvenance()).train(data(), Map.of(), count(second));

        assertThat(again.adapter()).isEqualTo(second.adapter());
        Helpers.testProvenanceMarshalling(trainer.getProvenance());
        Helpers.testConfigurableRoundtrip(trainer);
        assertThat(ProvenanceUtil.formattedProvenanceString(second.getProvenance()))
                .contains(new BaseNetwork(file).contentHash());
    }

    /** A trainer out of a model's provenance, by OLCUT's own means. */
    private static final class Rebuilt {

        @SuppressWarnings("unchecked")
        static LoraTrainer<Label> trainer(ModelProvenance provenance) {
            var manager = new ConfigurationManager();
            manager.addConfiguration(ProvenanceUtil.extractConfiguration(provenance.getTrainerProvenance()));
            return (LoraTrainer<Label>) manager.lookupAll(LoraTrainer.class).get(0);
        }
    }

    @Test
    void logging_doesNotChangeTheModel() {
        assertThat(builder().loggingInterval(2).build().train(data()).adapter())
                .isEqualTo(builder().build().train(data()).adapter());
    }

    @Test
    void toBuilder_givesAnEqualTrainer() {
        LoraTrainer<Label> trainer = builder().seed(9).learningRate(0.3).build();

        assertThat(trainer.toBuilder().build()).hasToString(trainer.toString());
        assertThat(trainer.train(data()).adapterParameterCount()).isEqualTo(2 * (4 + 16) + 2 * (16 + 12) + 3 * 12 + 3);
    }
}
