/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.Lora;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.HraConfig;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.RandLoraConfig;
import org.lora4j.config.VeraConfig;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.ModuleShape;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** A config of some bytes takes no memory that its modules do not call for. */
class FactorMemoryTest {

    /** What every config here targets. */
    private static final String MODULE = "0";

    /** The largest rank that a config may name. */
    private static final int HUGE = 1 << 24;

    static List<AdapterConfig> hugeConfigs() {
        return List.of(
                LoraConfig.builder().rank(HUGE).targetModules(MODULE).build(),
                LoraConfig.builder()
                        .rankPattern(Map.of(MODULE, HUGE))
                        .targetModules(MODULE)
                        .build(),
                AdaLoraConfig.builder()
                        .initialRank(HUGE)
                        .totalSteps(500)
                        .targetModules(MODULE)
                        .build(),
                LohaConfig.builder().rank(HUGE).targetModules(MODULE).build(),
                HraConfig.builder().rank(HUGE).targetModules(MODULE).build(),
                RandLoraConfig.builder().rank(HUGE).targetModules(MODULE).build(),
                VeraConfig.builder().rank(HUGE).targetModules(MODULE).build());
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new OutputLayer.Builder().nIn(5).nOut(5).build())
                .build());
        network.init();
        return network;
    }

    private static SameDiff graph() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 5);
        graph.mmul("y", x, graph.var(MODULE + ".weight", Nd4j.ones(DataType.FLOAT, 5, 5)));
        return graph;
    }

    private static void assertRefused(ThrowingCallable work) {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(work)
                .withMessageMatching(
                        "(?s).*its factors have \\d+ elements for modules of \\d+; expected at most 67108864.*");
    }

    @ParameterizedTest
    @MethodSource("hugeConfigs")
    void rankOfMillions_isRefusedByBothHosts(AdapterConfig config) {
        assertRefused(() -> Lora.inject(network(), config, 1));
        assertRefused(() -> Lora.inject(graph(), config, 1));
    }

    private static void require(AdapterConfig config, Map<String, ModuleShape> modules) {
        FactorMemory.require("a", config, modules, AdapterMethods.shared(config, modules));
    }

    /** A table of 200,000 words and a head over them share a projection of 200,000 by 200,000, and have 3,200,000 weights. */
    @Test
    void projections_thatNoModuleIsAsLargeAs_areRefused() {
        RandLoraConfig config =
                RandLoraConfig.builder().rank(8).targetModules("wide", "tall").build();

        assertRefused(() -> require(
                config, Map.of("wide", ModuleShape.linear(200_000, 8), "tall", ModuleShape.linear(8, 200_000))));
    }

    @Test
    void largeModels_mayHaveLargeFactors() {
        ModuleShape head = ModuleShape.linear(4096, 128_256);
        ModuleShape down = ModuleShape.linear(14_336, 4096);
        Map<String, ModuleShape> modules = Map.of("head", head, "down", down);

        assertThatCode(() -> require(
                        RandLoraConfig.builder()
                                .rank(32)
                                .targetModules("head", "down")
                                .build(),
                        modules))
                .doesNotThrowAnyException();
        assertThatCode(() -> require(
                        LoraConfig.builder()
                                .rank(4096)
                                .targetModules("head", "down")
                                .build(),
                        modules))
                .doesNotThrowAnyException();
        assertThatCode(() -> require(
                        VeraConfig.builder()
                                .rank(4096)
                                .targetModules("head", "down")
                                .build(),
                        modules))
                .doesNotThrowAnyException();
    }
}
