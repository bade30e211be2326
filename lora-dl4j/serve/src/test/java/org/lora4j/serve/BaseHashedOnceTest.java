/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.internal.adapter.BaseHashes;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A base is hashed once for all models and servers over it, and again when somebody has written to it. */
class BaseHashedOnceTest {

    private static final int MANY = 50;

    /** A base in the hands of a user. */
    private record Held(
            Function<Adapter, Adapter> host,
            Function<Adapter, Adapter> merging,
            ServerBuilder<?> server,
            INDArray weight) {

        static Held of(SameDiff base) {
            return new Held(
                    adapter -> {
                        AdaptedSameDiff model = AdaptedSameDiff.of(base);
                        model.addAdapter("a", adapter);
                        return model.adapter("a");
                    },
                    adapter -> {
                        AdaptedSameDiff model = AdaptedSameDiff.of(base);
                        model.addAdapter("a", adapter);
                        model.activate("a");
                        model.merge();
                        return model.adapter("a");
                    },
                    AdapterServer.builder(base).outputs(ServedGraph.OUTPUT).example(ServedGraph.example()),
                    base.getVariable("up.weight").getArr());
        }

        static Held of(MultiLayerNetwork base, ServedNetwork kind) {
            return new Held(
                    adapter -> {
                        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(base);
                        model.addAdapter("a", adapter);
                        return model.adapter("a");
                    },
                    adapter -> {
                        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(base);
                        model.addAdapter("a", adapter);
                        model.activate("a");
                        model.merge();
                        return model.adapter("a");
                    },
                    AdapterServer.builder(base).example(kind.inputs(new SplittableRandom(1), 3)),
                    base.getParam("1_W"));
        }
    }

    private enum Base {
        GRAPH {
            @Override
            Held held() {
                return Held.of(ServedGraph.base());
            }

            @Override
            Adapter adapter() {
                return adapter("up", ServedGraph.WIDTH, ServedGraph.INNER);
            }
        },
        NETWORK {
            @Override
            Held held() {
                return Held.of((MultiLayerNetwork) ServedNetwork.LAYERS.network(), ServedNetwork.LAYERS);
            }

            @Override
            Adapter adapter() {
                return adapter("fc2", 6, 5);
            }
        };

        abstract Held held();

        abstract Adapter adapter();

        static Adapter adapter(String module, long in, long out) {
            SplittableRandom random = new SplittableRandom(3);
            return Adapter.of(
                    LoraConfig.builder().rank(2).targetModules(module).build(),
                    Map.of(
                            module,
                            Map.of(
                                    "lora_A.weight", ServedGraph.values(random, 1, 2, in),
                                    "lora_B.weight", ServedGraph.values(random, 1, out, 2))),
                    Map.of());
        }
    }

    @ParameterizedTest
    @EnumSource(Base.class)
    void manyModelsOverABase_hashItOnce(Base kind) {
        Held base = kind.held();
        long before = BaseHashes.computed();
        Adapter adapter = base.host().apply(kind.adapter());
        long once = BaseHashes.computed() - before;

        assertThat(once).isEqualTo(adapter.baseHashes().size()).isPositive();
        for (int i = 0; i < MANY; i++) {
            assertThat(base.host().apply(adapter).baseHashes()).isEqualTo(adapter.baseHashes());
        }
        assertThat(BaseHashes.computed() - before).isEqualTo(once);
    }

    @ParameterizedTest
    @EnumSource(Base.class)
    void manyAdaptersInAServer_haveItsBaseHashedOnce(Base kind) {
        Held base = kind.held();
        Adapter adapter = base.host().apply(kind.adapter());
        try (AdapterServer server = base.server().build()) {
            server.register("first", adapter);
            long before = BaseHashes.computed();

            for (int i = 0; i < MANY; i++) {
                server.register("a" + i, adapter);
            }

            assertThat(BaseHashes.computed()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @EnumSource(Base.class)
    void oneElementOfTheBaseThatChanges_isSeenByModelsAndServers(Base kind) {
        Held base = kind.held();
        Adapter adapter = base.host().apply(kind.adapter());
        try (AdapterServer server = base.server().build()) {
            server.register("before", adapter);
            float value = base.weight().getFloat(3, 1);
            base.weight().putScalar(3, 1, Math.nextUp(value));

            assertThat(base.host().apply(kind.adapter()).baseHashes()).isNotEqualTo(adapter.baseHashes());
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> base.host().apply(adapter))
                    .withMessageContaining("1 of " + adapter.baseHashes().size() + " parameters");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> server.register("after", adapter))
                    .withMessageContaining("are not those that the adapter was trained on");

            base.weight().putScalar(3, 1, value);
            server.register("again", adapter);
            assertThat(base.host().apply(adapter).baseHashes()).isEqualTo(adapter.baseHashes());
        }
    }

    @ParameterizedTest
    @EnumSource(Base.class)
    void mergedModel_hasTheHashesOfItsBase(Base kind) {
        Held base = kind.held();

        assertThat(base.merging().apply(kind.adapter()).baseHashes())
                .isEqualTo(base.host().apply(kind.adapter()).baseHashes());
    }
}
