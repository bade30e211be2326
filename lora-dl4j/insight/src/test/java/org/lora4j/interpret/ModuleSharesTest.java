/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.Initialization;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.model.AdaptedModel;
import org.lora4j.random.RandomStreams;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.ExpertGate;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class ModuleSharesTest {

    private static final INDArray X = RandomStreams.normal(new SplittableRandom(4), 1, DataType.DOUBLE, 5, 4);

    /** Three linear layers with tanh between them: fc1, fc2 and head. */
    enum Host {
        SAME_DIFF {
            @Override
            AdaptedModel model() {
                SplittableRandom random = new SplittableRandom(3);
                SameDiff sd = SameDiff.create();
                SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 4);
                SDVariable first = sd.math.tanh(linear(sd, random, x, "fc1", 4, 6));
                SDVariable second = sd.math.tanh(linear(sd, random, first, "fc2", 6, 5));
                linear(sd, random, second, "head", 5, 3).rename("y");
                return AdaptedSameDiff.of(sd);
            }

            @Override
            INDArray output(AdaptedModel model) {
                return ((AdaptedSameDiff) model).output(Map.of("x", X), "y").get("y");
            }
        },
        DEEPLEARNING4J {
            @Override
            AdaptedModel model() {
                return AdaptedNetwork.of(network());
            }

            @Override
            INDArray output(AdaptedModel model) {
                return ((MultiLayerNetwork) ((AdaptedNetwork<?>) model).network()).output(X);
            }
        };

        abstract AdaptedModel model();

        abstract INDArray output(AdaptedModel model);

        /** More is better, and every output counts. */
        double metric(AdaptedModel model) {
            return -output(model).norm2Number().doubleValue();
        }
    }

    private static SDVariable linear(
            SameDiff sd, SplittableRandom random, SDVariable x, String name, int inputs, int outputs) {
        SDVariable w = sd.var(name + ".weight", RandomStreams.normal(random, 0.5, DataType.DOUBLE, inputs, outputs));
        SDVariable b = sd.var(name + ".bias", RandomStreams.normal(random, 0.5, DataType.DOUBLE, outputs));
        return x.mmul(w).add(b);
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(11)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.02))
                .activation(Activation.TANH)
                .list()
                .layer(new DenseLayer.Builder().name("fc1").nIn(4).nOut(6).build())
                .layer(new DenseLayer.Builder().name("fc2").nIn(6).nOut(5).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .name("head")
                        .activation(Activation.IDENTITY)
                        .nIn(5)
                        .nOut(3)
                        .build())
                .build());
        network.init();
        return network;
    }

    private static LoraConfig.Builder lora() {
        return LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .targetModules("fc1", "fc2", "head")
                .initialization(Initialization.RANDOM);
    }

    private static AdaptedModel with(Host host, AdapterConfig config) {
        AdaptedModel model = host.model();
        model.addAdapter("a", config, 1);
        model.activate("a");
        return model;
    }

    /** The same model with B = 0 in some modules: the independent way to switch an update of LoRA off. */
    private static double withZeroB(Host host, AdaptedModel model, List<String> off) {
        Adapter whole = model.adapter("a");
        Map<String, Map<String, INDArray>> modules = new TreeMap<>();
        whole.modules().forEach((path, tensors) -> {
            Map<String, INDArray> copy = new HashMap<>(tensors);
            copy.computeIfPresent("lora_B.weight", (suffix, b) -> off.contains(path) ? b.mul(0) : b);
            modules.put(path, copy);
        });
        AdaptedModel other = host.model();
        other.addAdapter("a", Adapter.of(whole.config(), modules, whole.savedParameters()));
        other.activate("a");
        return host.metric(other);
    }

    @ParameterizedTest
    @EnumSource(Host.class)
    void of_aModel_measuresEachModuleOffAndAlone(Host host) throws Exception {
        AdaptedModel model = with(host, lora().build());

        ModuleShares shares = ModuleShares.of(model, "a", host::metric);

        assertThat(shares.all()).isEqualTo(host.metric(model));
        assertThat(shares.none()).isEqualTo(host.metric(host.model()));
        assertThat(shares.modules()).extracting(ModuleShare::name).containsExactly("fc1", "fc2", "head");
        for (ModuleShare share : shares.modules()) {
            List<String> others = Stream.of("fc1", "fc2", "head")
                    .filter(path -> !path.equals(share.name()))
                    .toList();
            assertThat(share.without()).as(share.name()).isEqualTo(withZeroB(host, model, List.of(share.name())));
            assertThat(share.alone()).as(share.name()).isEqualTo(withZeroB(host, model, others));
        }
        assertThat(shares.byLoss()).isSortedAccordingTo((a, b) -> Double.compare(a.without(), b.without()));
        assertThat(shares.toString()).contains("fc1", "without it", "alone");
        assertThat(JsonObjects.read("shares", shares.json())).containsOnlyKeys("all", "none", "modules");
    }

    @ParameterizedTest
    @EnumSource(Host.class)
    void of_aModel_restoresItToTheBit(Host host) {
        AdaptedModel model = with(host, lora().build());
        model.addAdapter("first", lora().build(), 2);
        model.addAdapter("idle", lora().build(), 3);
        model.activate("first", "a");
        model.setTrainable("first", false);
        State before = State.of(host, model);

        ModuleShares shares = ModuleShares.of(model, "a", host::metric);

        assertThat(State.of(host, model)).isEqualTo(before);
        model.activate("first");
        assertThat(shares.none()).isEqualTo(host.metric(model));
    }

    @ParameterizedTest
    @EnumSource(Host.class)
    void of_aMetricThatThrows_restoresTheModelToTheBit(Host host) {
        for (int good = 0; good < 6; good++) {
            AdaptedModel model = with(host, lora().build());
            State before = State.of(host, model);
            int[] left = {good};

            assertThatThrownBy(() -> ModuleShares.of(model, "a", adapted -> {
                        if (left[0]-- == 0) {
                            throw new IllegalStateException("no more");
                        }
                        return host.metric(adapted);
                    }))
                    .hasMessage("no more");

            assertThat(State.of(host, model)).isEqualTo(before);
        }
    }

    private record State(
            List<String> names,
            List<String> active,
            List<Boolean> trainable,
            Map<String, Adapter> values,
            double[] output) {

        static State of(Host host, AdaptedModel model) {
            List<String> names = model.adapterNames();
            return new State(
                    names,
                    model.activeAdapters(),
                    names.stream().map(model::isTrainable).toList(),
                    names.stream().collect(Collectors.toMap(Function.identity(), model::adapter)),
                    host.output(model).dup('c').data().asDouble());
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof State that
                    && names.equals(that.names)
                    && active.equals(that.active)
                    && trainable.equals(that.trainable)
                    && values.equals(that.values)
                    && java.util.Arrays.equals(output, that.output);
        }

        @Override
        public int hashCode() {
            return names.hashCode();
        }
    }

    /** A head and biases trained in full; of other methods, and starts that move the base. */
    @ParameterizedTest
    @EnumSource(Host.class)
    void of_anyConfig_switchesEveryModule(Host host) {
        List<AdapterConfig> configs = List.of(
                lora().targetModules("fc1", "fc2").modulesToSave("head").build(),
                lora().bias(BiasTraining.ADAPTED_ONLY).build(),
                lora().bias(BiasTraining.ALL).build(),
                lora().targetModules("fc1", "fc2")
                        .modulesToSave("head")
                        .bias(BiasTraining.ALL)
                        .build(),
                lora().dora(true).build(),
                lora().initialization(Initialization.PISSA).build(),
                lora().rankPattern(Map.of("fc1", 1)).build(),
                LohaConfig.builder()
                        .rank(2)
                        .alpha(2)
                        .targetModules("fc1", "fc2")
                        .build(),
                Ia3Config.builder()
                        .targetModules("fc1", "fc2")
                        .feedforwardModules("fc2")
                        .build());
        for (AdapterConfig config : configs) {
            AdaptedModel model = with(host, config);
            State before = State.of(host, model);

            ModuleShares shares = ModuleShares.of(model, "a", host::metric);

            assertThat(State.of(host, model)).as(config.toString()).isEqualTo(before);
            assertThat(shares.modules()).as(config.toString()).hasSizeBetween(2, 3);
            // Two modules: without the one is the other alone.
            if (shares.modules().size() == 2) {
                assertThat(shares.modules().get(0).without())
                        .isEqualTo(shares.modules().get(1).alone());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Host.class)
    void of_groups_switchesTheirModulesTogether(Host host) {
        AdaptedModel model = with(host, lora().build());

        ModuleShares shares = ModuleShares.of(model, "a", host::metric, path -> path.startsWith("fc") ? "body" : "top");

        assertThat(shares.modules()).extracting(ModuleShare::name).containsExactly("body", "top");
        assertThat(shares.modules()).extracting(ModuleShare::modules).containsExactly(2, 1);
        assertThat(shares.modules().get(0).without()).isEqualTo(withZeroB(host, model, List.of("fc1", "fc2")));
    }

    /** Training goes on as if nobody had measured: values, and the updater's memory. */
    @Test
    void of_aNetworkInTraining_leavesWhatTrainingKnows() {
        INDArray labels = RandomStreams.normal(new SplittableRandom(8), 1, DataType.DOUBLE, 5, 3);
        List<Adapter> trained = new ArrayList<>();
        for (boolean measured : new boolean[] {false, true}) {
            AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(network());
            model.addAdapter("a", lora().build(), 1);
            model.activate("a");
            for (int i = 0; i < 4; i++) {
                if (i == 2 && measured) {
                    ModuleShares.of(model, "a", Host.DEEPLEARNING4J::metric);
                }
                model.network().fit(new DataSet(X, labels));
            }
            trained.add(model.adapter("a"));
        }

        assertThat(trained.get(1)).isEqualTo(trained.get(0));
    }

    @Test
    void of_badInputs_saysSo() {
        Host host = Host.SAME_DIFF;
        AdaptedModel model = with(host, lora().build());
        model.addAdapter("idle", lora().build(), 3);
        int[] calls = {0};

        assertThatThrownBy(() -> ModuleShares.of(model, "b", host::metric))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no adapter \"b\"");
        assertThatThrownBy(() -> ModuleShares.of(model, "idle", host::metric))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("\"idle\" is not active");
        assertThatThrownBy(() -> ModuleShares.of(model, "a", adapted -> Double.NaN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ModuleShares: the metric with all modules is NaN, expected a finite number");
        assertThatThrownBy(() -> ModuleShares.of(model, "a", adapted -> calls[0]++ < 2 ? 1 : Double.NaN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("6 problems")
                .hasMessageContaining("all but fc1");
        model.merge();
        assertThatThrownBy(() -> ModuleShares.of(model, "a", host::metric))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("unmerge()");
        model.unmerge();
        model.disable();
        assertThatThrownBy(() -> ModuleShares.of(model, "a", host::metric))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("enable()");
    }

    /** A part of the adapter would act without the gate, and the figures would be wrong. */
    @Test
    void of_anAdapterWithAGate_refuses() {
        AdaptedSameDiff model = (AdaptedSameDiff) Host.SAME_DIFF.model();
        model.addAdapter("a", lora().build(), 1);
        model.setGate("a", ExpertGate.fresh(2, ExpertGate.Input.values()[0]));
        model.activate("a");

        assertThatThrownBy(() -> ModuleShares.of(model, "a", Host.SAME_DIFF::metric))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("\"a\" has a gate");
    }
}
