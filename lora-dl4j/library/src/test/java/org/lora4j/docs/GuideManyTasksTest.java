/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.retention.EarlierHead;
import org.lora4j.retention.RetentionProbe;
import org.lora4j.retention.RetentionReport;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.ServedStatus;
import org.lora4j.serve.ServingRequest;
import org.lora4j.serve.ServingResult;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/many-tasks.md. */
class GuideManyTasksTest {

    private static final Logger log = LoggerFactory.getLogger(GuideManyTasksTest.class);

    @TempDir
    Path folder;

    /** Of the identity with two inputs: logits = x. */
    private static SameDiff identity() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 2);
        x.mmul("logits", graph.constant("layer.weight", Nd4j.eye(2).castTo(DataType.FLOAT)));
        return graph;
    }

    /** Adds factor * (sum of the inputs) to both logits. */
    private static Adapter adapter(double factor) {
        LoraConfig config =
                LoraConfig.builder().rank(1).alpha(1).targetModules("layer").build();
        INDArray a = Nd4j.ones(DataType.FLOAT, 1, 2);
        INDArray b = Nd4j.valueArrayOf(new long[] {2, 1}, factor, DataType.FLOAT);
        return Adapter.of(config, Map.of("layer", Map.of("lora_A.weight", a, "lora_B.weight", b)), Map.of());
    }

    @Test
    void adapters_areServedTogether() throws IOException {
        SameDiff base = identity();
        INDArray examples = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}});
        Adapter invoices = adapter(10);
        Adapter better = adapter(100);
        Path directory = folder.resolve("contracts");
        adapter(20).save(directory);

        AdapterServer server = AdapterServer.builder(base)
                .outputs("logits")
                .example(Map.of("x", examples))
                .adapterMemory(512L << 20)
                .build();
        server.register("invoices", invoices);
        server.register("contracts", directory);

        INDArray batch = Nd4j.createFromArray(new float[][] {{1, 2}, {1, 2}, {1, 2}});
        Map<String, INDArray> answers =
                server.output(Map.of("x", batch), List.of("invoices", AdapterServer.BASE, "contracts"));
        assertThat(answers.get("logits").toFloatMatrix()).isDeepEqualTo(new float[][] {{31, 32}, {1, 2}, {61, 62}});

        INDArray row = Nd4j.createFromArray(new float[][] {{1, 2}});
        List<ServingResult> results = server.predict(List.of(
                new ServingRequest("invoices", Map.of("x", row)), new ServingRequest("invoises", Map.of("x", row))));
        for (ServingResult result : results) {
            if (result instanceof ServingResult.Failure failure) {
                log.warn(failure.reason());
            }
        }
        assertThat(results.get(0).outputs().get("logits").toFloatMatrix()).isDeepEqualTo(new float[][] {{31, 32}});
        assertThat(results.get(1)).isInstanceOf(ServingResult.Failure.class);

        server.replace("invoices", better);
        server.remove("contracts");
        assertThat(server.status()).extracting(ServedStatus::name).containsExactly("invoices");
        assertThat(server.output(Map.of("x", row), List.of("invoices"))
                        .get("logits")
                        .toFloatMatrix())
                .isDeepEqualTo(new float[][] {{301, 302}});
    }

    @Test
    void adapters_areServedOverANetwork() throws IOException {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .dataType(DataType.FLOAT)
                .activation(Activation.IDENTITY)
                .list()
                .layer(new DenseLayer.Builder().name("layer").nIn(2).nOut(2).build())
                .build());
        network.init();
        network.setParam("0_W", Nd4j.eye(2).castTo(DataType.FLOAT));
        INDArray examples = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}});
        INDArray batch = examples;
        Adapter invoices = adapter(10);

        AdapterServer server = AdapterServer.builder(network)
                .example(Map.of("input", examples))
                .build();
        server.register("invoices", invoices);
        INDArray shares = server.output(Map.of("input", batch), List.of("invoices", AdapterServer.BASE))
                .get("output");

        assertThat(shares.toFloatMatrix()).isDeepEqualTo(new float[][] {{31, 32}, {3, 4}});
    }

    @Test
    void retention_isMeasuredFromFeatures() {
        SameDiff base = identity();
        INDArray texts = Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {1, 1}});
        AdaptedSameDiff model = AdaptedSameDiff.of(base);
        model.addAdapter("invoices", adapter(0.1));
        model.activate("invoices");
        Map<String, INDArray> x = Map.of("x", texts);
        int[] labels = {0, 1, 1};
        EarlierHead languages =
                EarlierHead.prototypes("languages", Nd4j.eye(2).castTo(DataType.FLOAT), new int[] {0, 1}, labels);
        model.disable();
        INDArray baseFeatures = model.output(x, "logits").get("logits");
        model.enable();

        RetentionProbe probe = RetentionProbe.builder(baseFeatures)
                .neighbors(1)
                .head(languages)
                .build();
        INDArray features = model.output(x, "logits").get("logits");
        RetentionReport report = probe.report(Map.of("adapter on", features));
        log.info("{}{}", report, report.json());

        // Two of three texts turn towards the diagonal: (1.1, 0.1) has a cosine of 1.1 / sqrt(1.22).
        assertThat(report.states().get(0).cosineDistance())
                .isCloseTo((2 - 2.2 / Math.sqrt(1.22)) / 3, Offset.offset(1e-6));
    }
}
