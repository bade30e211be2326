/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.AdapterAlgebra;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.model.AdaptedModel;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The states of adapted models of both kinds. */
class RetentionOfHostsTest {

    private static final int WIDTH = 6;

    private final SplittableRandom random = new SplittableRandom(3);
    private final INDArray examples = values(8, 4);
    private final Adapter adapter = Adapter.of(
            LoraConfig.builder().rank(2).alpha(2).targetModules("enc").build(),
            Map.of("enc", Map.of("lora_A.weight", values(2, 4), "lora_B.weight", values(WIDTH, 2))),
            Map.of());

    private INDArray values(long... shape) {
        INDArray values = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < values.length(); i++) {
            values.putScalar(i, 2 * random.nextDouble() - 1);
        }
        return values;
    }

    private void check(AdaptedModel model, Supplier<INDArray> features) {
        RetentionProbe probe =
                RetentionProbe.builder(features.get()).neighbors(3).build();
        model.addAdapter("whole", adapter);
        model.addAdapter("half", AdapterAlgebra.rescale(adapter, 0.5));
        Map<String, INDArray> states = new LinkedHashMap<>();
        model.activate("whole");
        states.put("on", features.get());
        model.disable();
        states.put("off", features.get());
        model.enable();
        model.merge();
        states.put("merged", features.get());
        model.unmerge();
        model.activate("half");
        states.put("half", features.get());

        RetentionReport report = probe.report(states);

        Retention on = report.states().get(0);
        assertThat(on.cosineDistance()).isGreaterThan(0.01);
        assertThat(on.isExact()).isFalse();
        assertThat(report.states().get(1)).isEqualTo(new Retention("off", 0, 0, 0, 1, Map.of()));
        assertThat(report.states().get(2).relativeL2()).isEqualTo(on.relativeL2(), offset(1e-5));
        assertThat(report.states().get(3).relativeL2()).isBetween(0.1 * on.relativeL2(), 0.9 * on.relativeL2());
    }

    @Test
    void aGraph_withItsAdapterOff_isExactlyTheBase_andDriftsByStrength() {
        SameDiff base = SameDiff.create();
        SDVariable x = base.placeHolder("x", DataType.FLOAT, -1, 4);
        base.math().tanh("features", x.mmul(base.constant("enc.weight", values(4, WIDTH))));
        AdaptedSameDiff model = AdaptedSameDiff.of(base);

        check(model, () -> model.output(Map.of("x", examples), "features").get("features"));
    }

    @Test
    void aNetwork_withItsAdapterOff_isExactlyTheBase_andDriftsByStrength() {
        MultiLayerNetwork base = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.FLOAT)
                .activation(Activation.TANH)
                .list()
                .layer(new DenseLayer.Builder().name("enc").nIn(4).nOut(WIDTH).build())
                .layer(new OutputLayer.Builder().nIn(WIDTH).nOut(3).build())
                .build());
        base.init();
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(base);

        check(model, () -> model.network().feedForward(examples).get(1).dup());
    }
}
