/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.error.CapturedLog;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.internal.host.HostedModel;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class AdaptedNetworkTest {

    private static final long SEED = 42;

    /** Sums of few numbers of order 1 in double precision. */
    private static final double ROUNDED = 1e-10;

    private DataType typeBefore;

    @BeforeEach
    void computeInDouble() {
        typeBefore = Nd4j.dataType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    }

    @AfterEach
    void restoreType() {
        Nd4j.setDefaultDataTypes(typeBefore, typeBefore);
    }

    private static LoraConfig targets(String... names) {
        return LoraConfig.builder().rank(2).alpha(3).targetModules(names).build();
    }

    private static void fit(MultiLayerNetwork network, int steps) {
        for (int i = 0; i < steps; i++) {
            network.fit(normal(6, 4), classes(6, 3));
        }
    }

    private static void fit(ComputationGraph network, int steps) {
        for (int i = 0; i < steps; i++) {
            network.fit(new INDArray[] {normal(6, 4)}, new INDArray[] {classes(6, 3)});
        }
    }

    private static Map<String, double[]> parameters(MultiLayerNetwork network) {
        Map<String, double[]> copies = new LinkedHashMap<>();
        network.paramTable().forEach((name, value) -> copies.put(name, values(value)));
        return copies;
    }

    private static double[] output(MultiLayerNetwork network) {
        return values(network.output(normal(6, 4)));
    }

    @Test
    void inject_givesTheOutputOfTheBaseInEveryValue_andLeavesTheBaseAlone() {
        MultiLayerNetwork base = Networks.mlp();
        fit(base, 3);
        String configuration = base.getLayerWiseConfigurations().toJson();
        double[] parameters = values(base.params());
        double[] memory = values(base.getUpdater().getStateViewArray());
        double[] before = output(base);

        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("fc1", "fc2"), SEED);

        assertThat(output(model.network())).isEqualTo(before);
        fit(model.network(), 3);
        assertThat(output(model.network())).isNotEqualTo(before);
        assertThat(base.getLayerWiseConfigurations().toJson()).isEqualTo(configuration);
        assertThat(values(base.params())).isEqualTo(parameters);
        assertThat(values(base.getUpdater().getStateViewArray())).isEqualTo(memory);
        assertThat(model.unload()).isSameAs(base);
    }

    @Test
    void training_movesFactorsOnly_andTheAdapterHasThem() {
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1", "fc2"), SEED);
        Map<String, double[]> before = parameters(model.network());

        fit(model.network(), 3);

        Map<String, double[]> after = parameters(model.network());
        assertThat(after.keySet())
                .containsExactlyInAnyOrder(
                        "0_W", "0_b", "0_WA0", "0_WB0", "1_W", "1_b", "1_WA0", "1_WB0", "2_W", "2_b");
        after.forEach((name, value) -> {
            if (name.contains("A") || name.contains("B")) {
                assertThat(value).as(name).isNotEqualTo(before.get(name));
            } else {
                assertThat(value).as(name).isEqualTo(before.get(name));
            }
        });
        assertThat(values(model.adapter("default").modules().get("fc1").get("lora_B.weight")))
                .isEqualTo(after.get("0_WB0"));
    }

    @Test
    void modules_withoutNames_goByTheirIndex() {
        NetworkModules modules = NetworkModules.find(Networks.cnn());

        assertThat(modules.modules()).extracting(NetworkModule::path).containsExactly("0", "2", "3", "4");
        assertThat(modules.heads()).containsExactly("4");
        assertThat(modules.toString())
                .contains("0: convolution [3, 1, 3, 3] (ConvolutionLayer, parameter \"0_W\")")
                .contains("4: linear [3, 6] (OutputLayer, parameter \"4_W\") (output head)");
    }

    @Test
    void allLinear_leavesOutTheHeadAndConvolutions() {
        LoraConfig config =
                LoraConfig.builder().targetModules(ModuleSelector.allLinear()).build();

        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(Networks.cnn());
        String log = CapturedLog.of(HostedModel.class, () -> model.addAdapter("first", config, SEED));

        assertThat(model.adapter("first").modules().keySet()).containsExactly("3");
        assertThat(log).doesNotContain("output head");
    }

    @Test
    void allLinear_adaptsTheHead_whereNothingElseIsLinear_andSaysSo() {
        MultiLayerNetwork base = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new ConvolutionLayer.Builder(2, 2).nOut(2).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .nOut(2)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.convolutional(3, 3, 1))
                .build());
        base.init();
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .targetModules(ModuleSelector.allLinear())
                .build();

        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(base);
        String log = CapturedLog.of(HostedModel.class, () -> model.addAdapter("first", config, SEED));

        assertThat(model.networkModules().heads()).containsExactly("1");
        assertThat(model.adapter("first").modules().keySet()).containsExactly("1");
        assertThat(log)
                .containsOnlyOnce("adapter \"first\": every linear module of this model is an output head")
                .contains("it adapts \"1\" here");
    }

    @Test
    void convolutions_learn() {
        MultiLayerNetwork base = Networks.cnn();
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("0", "2", "3"), SEED);
        INDArray images = normal(5, 1, 8, 8);
        double[] before = values(base.output(images));
        assertThat(values(model.network().output(images))).isEqualTo(before);
        double first = model.network().score(new org.nd4j.linalg.dataset.DataSet(images, classes(5, 3)));

        for (int i = 0; i < 30; i++) {
            model.network().fit(images, classes(5, 3));
        }

        assertThat(model.network().score(new org.nd4j.linalg.dataset.DataSet(images, classes(5, 3))))
                .isLessThan(first);
        assertThat(values(base.output(images))).isEqualTo(before);
        assertThat(values(model.mergeAndUnload().output(images)))
                .containsExactly(values(model.network().output(images)), offset(ROUNDED));
    }

    @Test
    void targetThatMatchesNothing_isNamedWithTheClosestAndTheReason() {
        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1", "cf2"), SEED))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("targetModules \"cf2\" matches no module; closest: \"fc2\"")
                .hasMessageContaining("Lora.modules(network) lists the 3 adaptable modules");
        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(Networks.coder()), targets("coder"), SEED))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("\"coder\" cannot be adapted, layers of kind AutoEncoder have no adapters")
                .hasMessageContaining("DenseLayer");
    }

    @Test
    void networkThatIsAdaptedAlready_isRefused() {
        MultiLayerNetwork adapted = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1"), SEED)
                .network();

        assertThatThrownBy(() -> AdaptedNetwork.of(adapted))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer \"fc1\" is adapted already");
    }

    @Test
    void networkWithoutInit_isRefused() {
        MultiLayerNetwork raw = new MultiLayerNetwork(Networks.mlp().getLayerWiseConfigurations());

        assertThatThrownBy(() -> AdaptedNetwork.of(raw))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("init() was not called");
    }

    @Test
    void adapterOfAnotherNetwork_isRefusedWithEveryProblem() {
        AdaptedNetwork<MultiLayerNetwork> foreign =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.cnn()), targets("0", "3"), SEED);
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(Networks.mlp());

        assertThatThrownBy(() -> model.addAdapter("x", foreign.adapter("default")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("module \"0\" of the adapter is not in the network")
                .hasMessageContaining("module \"3\" of the adapter is not in the network");
        assertThat(model.adapterNames()).isEmpty();
    }

    @Test
    void modulesToSave_trainTheHead_withItsUpdaterHistory() {
        MultiLayerNetwork base = Networks.mlp();
        fit(base, 3);
        LoraConfig config = targets("fc1").toBuilder().modulesToSave("head").build();
        MultiLayerNetwork reference = base.clone();

        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base), config, SEED);
        MultiLayerNetwork network = model.network();
        Map<String, List<INDArray>> memory =
                UpdaterHistory.read(new MultiLayerAccess().updater(network, false), new MultiLayerAccess()::key);
        Map<String, List<INDArray>> known =
                UpdaterHistory.read(new MultiLayerAccess().updater(reference, false), new MultiLayerAccess()::key);

        assertThat(network.getIterationCount()).isEqualTo(3);
        assertThat(memory.get("2/W")).hasSize(2);
        for (int i = 0; i < 2; i++) {
            assertThat(values(memory.get("2/W").get(i)))
                    .isEqualTo(values(known.get("2/W").get(i)));
            assertThat(values(memory.get("0/WA0").get(i))).containsOnly(0);
        }
        double[] head = values(base.getParam("2_W"));
        fit(network, 2);
        assertThat(values(network.getParam("2_W"))).isNotEqualTo(head);
        assertThat(values(base.getParam("2_W"))).isEqualTo(head);
        assertThat(model.adapter("default").savedParameters()).containsOnlyKeys("head.weight", "head.bias");
    }

    @Test
    void newHead_withAnotherNumberOfClasses_isTrainedAndSaved() {
        MultiLayerNetwork base = new TransferLearning.Builder(Networks.mlp())
                .fineTuneConfiguration(
                        new FineTuneConfiguration.Builder().seed(4).build())
                .nOutReplace(2, 5, WeightInit.XAVIER)
                .build();
        LoraConfig config =
                targets("fc1", "fc2").toBuilder().modulesToSave("head").build();

        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base), config, SEED);
        model.network().fit(normal(6, 4), classes(6, 5));

        assertThat(model.adapter("default").savedParameters().get("head.weight").shape())
                .containsExactly(5, 5);
        assertThat(model.network().output(normal(2, 4)).shape()).containsExactly(2, 5);
    }

    @Test
    void biasTraining_movesTheBiasesAskedFor() {
        LoraConfig config =
                targets("fc1").toBuilder().bias(BiasTraining.ADAPTED_ONLY).build();
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), config, SEED);
        Map<String, double[]> before = parameters(model.network());

        fit(model.network(), 2);

        Map<String, double[]> after = parameters(model.network());
        assertThat(after.get("0_b")).isNotEqualTo(before.get("0_b"));
        assertThat(after.get("1_b")).isEqualTo(before.get("1_b"));
        assertThat(after.get("0_W")).isEqualTo(before.get("0_W"));
        assertThat(model.adapter("default").savedParameters()).containsOnlyKeys("fc1.bias");
    }

    @Test
    void layersThatAreNoTargets_areFrozen_andLetGradientsThrough() {
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.recurrent()), targets("below"), SEED);
        MultiLayerNetwork network = model.network();
        Map<String, double[]> before = parameters(network);
        INDArray labels = classes(10, 3).reshape(2, 5, 3).permute(0, 2, 1).dup('c');

        for (int i = 0; i < 3; i++) {
            network.fit(normal(2, 3, 5), labels);
        }

        Map<String, double[]> after = parameters(network);
        for (String name : List.of("1_W", "1_RW", "1_b", "2_W", "2_b", "0_W", "0_b")) {
            assertThat(after.get(name)).as(name).isEqualTo(before.get(name));
        }
        assertThat(after.get("0_WA0")).isNotEqualTo(before.get("0_WA0"));
        assertThat(after.get("0_WB0")).isNotEqualTo(before.get("0_WB0"));
    }

    @Test
    void gradients_throughFrozenLayers_areThoseOfDifferences() {
        LoraConfig config = targets("below").toBuilder()
                .initialization(Initialization.RANDOM)
                .build();
        MultiLayerNetwork base = new TransferLearning.Builder(Networks.recurrent())
                .fineTuneConfiguration(
                        new FineTuneConfiguration.Builder().updater(new NoOp()).build())
                .build();
        MultiLayerNetwork network =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), config, SEED).network();

        boolean holds = GradientCheckUtil.checkGradients(new GradientCheckUtil.MLNConfig()
                .net(network)
                .input(normal(2, 3, 5))
                .labels(classes(10, 3).reshape(2, 5, 3).permute(0, 2, 1).dup('c'))
                .excludeParams(new HashSet<>(List.of("0_W", "0_b", "1_W", "1_RW", "1_b", "2_W", "2_b")))
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-8)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));

        assertThat(holds).isTrue();
    }

    @Test
    void batchNormalization_isFrozen_andUsesTheStatisticsOfTheBaseInTraining() {
        MultiLayerNetwork network = DefaultAdapter.fresh(
                        AdaptedNetwork.of(Networks.normalized()),
                        targets("conv").toBuilder().bias(BiasTraining.ALL).build(),
                        SEED)
                .network();
        INDArray images = normal(6, 2, 5, 5);
        Map<String, double[]> before = parameters(network);

        assertThat(values(network.output(images, true))).isEqualTo(values(network.output(images, false)));
        network.fit(images, classes(6, 3));

        Map<String, double[]> after = parameters(network);
        for (String layer : List.of("1_", "3_")) {
            for (String name : List.of("gamma", "mean", "log10stdev")) {
                assertThat(after.get(layer + name)).as(layer + name).isEqualTo(before.get(layer + name));
            }
            assertThat(after.get(layer + "beta")).isNotEqualTo(before.get(layer + "beta"));
        }
    }

    @Test
    void gradients_throughBatchNormalization_areThoseOfDifferences() {
        MultiLayerNetwork base = new TransferLearning.Builder(Networks.normalized())
                .fineTuneConfiguration(
                        new FineTuneConfiguration.Builder().updater(new NoOp()).build())
                .build();
        LoraConfig config = targets("conv", "fc").toBuilder()
                .initialization(Initialization.RANDOM)
                .bias(BiasTraining.ALL)
                .build();
        MultiLayerNetwork network =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), config, SEED).network();
        Set<String> frozen = new HashSet<>(network.paramTable().keySet());
        frozen.removeIf(
                name -> name.contains("A0") || name.contains("B0") || name.endsWith("_b") || name.endsWith("beta"));
        // PEFT leaves the biases of adapted modules alone.
        frozen.addAll(List.of("0_b", "2_b"));

        boolean holds = GradientCheckUtil.checkGradients(new GradientCheckUtil.MLNConfig()
                .net(network)
                .input(normal(4, 2, 5, 5))
                .labels(classes(4, 3))
                .excludeParams(frozen)
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-8)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));

        assertThat(holds).isTrue();
    }

    @Test
    void rnnTimeStep_throughAFrozenLayer_keepsItsState() {
        MultiLayerNetwork base = Networks.recurrent();
        MultiLayerNetwork network = DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("below"), SEED)
                .network();
        INDArray first = normal(1, 3, 1);
        INDArray second = normal(1, 3, 2)
                .get(
                        org.nd4j.linalg.indexing.NDArrayIndex.all(),
                        org.nd4j.linalg.indexing.NDArrayIndex.all(),
                        org.nd4j.linalg.indexing.NDArrayIndex.interval(1, 2))
                .dup('c');

        base.rnnTimeStep(first);
        network.rnnTimeStep(first);

        assertThat(values(network.rnnTimeStep(second))).isEqualTo(values(base.rnnTimeStep(second)));
    }

    @Test
    void backwardPass_stopsBelowTheLowestAdapter() {
        MultiLayerNetwork network = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc2"), SEED)
                .network();

        assertThat(network.getLayer(0)).isInstanceOf(FrozenLayer.class);
        assertThat(((LoraLayer) network.getLayerWiseConfigurations().getConf(1).getLayer())
                        .lora()
                        .lowest())
                .isTrue();
        fit(network, 2);
        assertThat(values(network.getParam("1_WB0"))).doesNotContain(0.0);
    }

    @Test
    void layerThatIsRandomInTraining_isNotRunAsInInference() {
        MultiLayerNetwork base = PrefixNetworks.mlp(
                PrefixNetworks.conf().activation(Activation.RRELU),
                new DenseLayer.Builder().name("fc3").nOut(7));

        MultiLayerNetwork series = PrefixNetworks.layers(
                PrefixNetworks.conf(),
                InputType.recurrent(4, 6),
                new TimeDistributed(
                        new DenseLayer.Builder().nOut(5).dropOut(0.5).build()),
                new RnnOutputLayer.Builder(LossFunction.MSE)
                        .name("head")
                        .nOut(3)
                        .build());

        MultiLayerNetwork overRandomSlopes = DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("fc3"), SEED)
                .network();
        MultiLayerNetwork overDropout = DefaultAdapter.fresh(AdaptedNetwork.of(series), targets("head"), SEED)
                .network();

        assertThat(overRandomSlopes.getLayer(1)).isNotInstanceOf(FrozenLayer.class);
        assertThat(overDropout.getLayer(0)).isNotInstanceOf(FrozenLayer.class);
    }

    @Test
    void stateChanges_keepValuesUpdaterHistoryCountsAndListeners() {
        CollectScoresListener listener = new CollectScoresListener(1);
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1"), SEED);
        model.addAdapter("other", targets("fc2"), 7);
        MultiLayerNetwork straight = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1"), SEED)
                .network();
        model.network().setListeners(listener);
        fit(model.network(), 3);

        model.activate("other");
        model.network();
        model.disable();
        model.enable();
        model.activate("default");
        fit(model.network(), 2);
        fit(straight, 5);

        assertThat(values(model.network().params())).isEqualTo(values(straight.params()));
        assertThat(model.network().getIterationCount()).isEqualTo(5);
        assertThat(model.network().getListeners()).containsExactly(listener);
    }

    @Test
    void network_isTheSameObject_untilTheStateChanges() {
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1"), SEED);
        MultiLayerNetwork network = model.network();
        fit(network, 1);

        model.addAdapter("other", targets("fc2"), 7);

        assertThat(model.network()).isSameAs(network);
        model.activate("default", "other");
        assertThat(model.network()).isNotSameAs(network);
    }

    @Test
    void setTrainable_false_freezesTheFactors() {
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1"), SEED);
        model.addAdapter("other", targets("fc2"), 7);
        model.activate("default", "other");
        model.setTrainable("default", false);
        Map<String, double[]> before = parameters(model.network());

        fit(model.network(), 2);

        Map<String, double[]> after = parameters(model.network());
        assertThat(after.get("0_WB0")).isEqualTo(before.get("0_WB0"));
        assertThat(after.get("0_WA0")).isEqualTo(before.get("0_WA0"));
        assertThat(after.get("1_WB1")).isNotEqualTo(before.get("1_WB1"));
    }

    @Test
    void savedNetwork_resumesAndIsAdopted() throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1", "fc2"), SEED);
        fit(model.network(), 3);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelSerializer.writeModel(model.network(), bytes, true);
        MultiLayerNetwork restored =
                ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(bytes.toByteArray()), true);
        fit(model.network(), 2);
        AdaptedNetwork<MultiLayerNetwork> other =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1", "fc2"), SEED);

        other.adopt(restored);
        fit(other.network(), 2);

        assertThat(values(other.network().params()))
                .isEqualTo(values(model.network().params()));
        assertThat(other.adapter("default")).isEqualTo(model.adapter("default"));
    }

    @Test
    void adopt_ofAnotherStructure_isRefused() {
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1"), SEED);
        MultiLayerNetwork other = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc2"), SEED)
                .network();

        assertThatThrownBy(() -> model.adopt(other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("configuration");
    }

    @Test
    void mergeAndUnload_givesStockLayers() {
        LoraConfig config =
                targets("fc1").toBuilder().modulesToSave("head").loraBias(true).build();
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), config, SEED);
        fit(model.network(), 3);

        MultiLayerNetwork plain = model.mergeAndUnload();

        assertThat(plain.getLayerWiseConfigurations().toJson()).doesNotContain("lora4j");
        assertThat(output(plain)).containsExactly(output(model.network()), offset(ROUNDED));
    }

    @Test
    void nOutReplace_onAnAdaptedLayer_isRefused() {
        MultiLayerNetwork network = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc2"), SEED)
                .network();

        assertThatThrownBy(() -> new TransferLearning.Builder(network)
                        .fineTuneConfiguration(new FineTuneConfiguration.Builder().build())
                        .nOutReplace(1, 9, WeightInit.XAVIER)
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("layer \"fc2\": nOut = 9; expected 5")
                .hasMessageContaining("Unload the adapters");
    }

    @Test
    void fineTuneConfiguration_doesNotThawTheBase() {
        MultiLayerNetwork network = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1"), SEED)
                .network();
        MultiLayerNetwork tuned = new TransferLearning.Builder(network)
                .fineTuneConfiguration(new FineTuneConfiguration.Builder()
                        .updater(new Sgd(0.5))
                        .l2(0.2)
                        .build())
                .build();
        double[] weight = values(tuned.getParam("0_W"));

        fit(tuned, 3);

        assertThat(values(tuned.getParam("0_W"))).isEqualTo(weight);
        assertThat(values(tuned.getParam("0_WB0"))).doesNotContain(0.0);
    }

    @Test
    void graph_trainsFactorsOnly_andMerges() {
        ComputationGraph base = Networks.graph();
        fit(base, 2);
        double[] before = values(base.params());
        AdaptedNetwork<ComputationGraph> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("fc1", "fc2"), SEED);
        assertThat(values(model.network().output(normal(6, 4))[0])).isEqualTo(values(base.output(normal(6, 4))[0]));
        Map<String, double[]> frozen = new LinkedHashMap<>();
        model.network().paramTable().forEach((name, value) -> frozen.put(name, values(value)));

        fit(model.network(), 4);

        for (String layer : List.of("enc.fc1", "enc.fc2", "head")) {
            Layer running = model.network().getLayer(layer);
            assertThat(values(running.getParam("W"))).as(layer).isEqualTo(frozen.get(layer + "_W"));
            assertThat(values(running.getParam("b"))).as(layer).isEqualTo(frozen.get(layer + "_b"));
        }
        assertThat(values(model.network().getLayer("enc.fc1").getParam("WB0"))).doesNotContain(0.0);
        assertThat(values(base.params())).isEqualTo(before);
        assertThat(model.network().getIterationCount()).isEqualTo(6);
        assertThat(values(model.mergeAndUnload().output(normal(6, 4))[0]))
                .containsExactly(values(model.network().output(normal(6, 4))[0]), offset(ROUNDED));
    }

    @Test
    void graph_stopsBelowTheLowestAdapter_onlyWhereNothingElseNeedsTheGradient() {
        ComputationGraph upper = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.graph()), targets("fc2"), SEED)
                .network();
        ComputationGraph lower = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.graph()), targets("fc1"), SEED)
                .network();

        // enc.fc1 feeds the sum as well: both consumers may leave it without gradient, as it is stopped.
        assertThat(upper.getLayer("enc.fc1")).isInstanceOf(FrozenLayer.class);
        assertThat(lower.getLayer("enc.fc1")).isNotInstanceOf(FrozenLayer.class);
        fit(upper, 2);
        fit(lower, 2);
        assertThat(values(upper.getLayer("enc.fc2").getParam("WB0"))).doesNotContain(0.0);
        assertThat(values(lower.getLayer("enc.fc1").getParam("WB0"))).doesNotContain(0.0);
    }

    @Test
    void graph_clonedAndSaved_computesAndTrainsTheSame() throws IOException {
        ComputationGraph network = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.graph()), targets("fc2"), SEED)
                .network();
        fit(network, 2);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelSerializer.writeModel(network, bytes, true);
        ComputationGraph restored =
                ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(bytes.toByteArray()), true);
        ComputationGraph clone = network.clone();
        // Stock clones of graphs start counting at 0, which Adam notices.
        clone.getConfiguration().setIterationCount(network.getConfiguration().getIterationCount());

        fit(network, 2);
        fit(restored, 2);
        fit(clone, 2);

        assertThat(values(restored.params())).isEqualTo(values(network.params()));
        assertThat(values(clone.params())).isEqualTo(values(network.params()));
    }
}
