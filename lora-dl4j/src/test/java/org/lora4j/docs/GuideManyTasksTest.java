/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.ServedStatus;
import org.lora4j.serve.ServingRequest;
import org.lora4j.serve.ServingResult;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
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
                .memoryCap(512L << 20)
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
}
