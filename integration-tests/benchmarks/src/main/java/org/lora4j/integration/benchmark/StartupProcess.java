/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.lora4j.pretrained.BertClassifier;
import org.lora4j.pretrained.BertEncoder;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The process of which {@link StartupBenchmark} takes the time. */
public final class StartupProcess {

    static final String READY = "gradient graph built";

    private StartupProcess() {}

    /**
     * Gets ready, and tells when.
     *
     * @param args none
     * @throws IOException if the model is missing
     */
    public static void main(String[] args) throws IOException {
        tell("main called");
        MiniLmModels models = new MiniLmModels();
        tell("ND4J started and weights read");
        AdaptedSameDiff model = MiniLmModels.adapted(models.shared(), MiniLmModels.ALL_LINEAR);
        tell("adapted");
        // The graph is built at the first step; this one is as small as a step can be.
        float[][] label = new float[1][MiniLmBatch.CLASSES];
        label[0][0] = 1;
        Map<String, INDArray> batch = Map.of(
                BertEncoder.INPUT_IDS, Nd4j.createFromArray(new int[][] {{1, 2}}),
                BertEncoder.ATTENTION_MASK, Nd4j.ones(1, 2),
                BertClassifier.LABELS, Nd4j.createFromArray(label));
        model.executor().gradients(batch, MiniLmModels.SEED);
        tell(READY);
        ChildJava.tell(
                "processor time of the main thread",
                ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9);
    }

    private static void tell(String name) {
        long started = ManagementFactory.getRuntimeMXBean().getStartTime();
        ChildJava.tell(name, (System.currentTimeMillis() - started) / 1e3);
    }
}
