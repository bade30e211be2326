/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.TextExample;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The process of which {@link StartupBenchmark} takes the time. */
public final class StartupProcess {

    static final String READY = "gradient graph built";
    static final String FIRST_STEP = "first step done";

    private static final int TEXTS = 8;
    private static final int MAX_LENGTH = 64;

    private final long started;

    private StartupProcess(long started) {
        this.started = started;
    }

    /**
     * Gets ready, takes a step, and tells when.
     *
     * @param args when Java was started, in milliseconds since 1970
     * @throws IOException if the model is missing
     */
    public static void main(String[] args) throws IOException {
        new StartupProcess(Long.parseLong(args[0])).run();
    }

    private void run() throws IOException {
        tell("main called");
        MiniLmModels models = new MiniLmModels();
        tell("ND4J started and weights read");
        AdaptedSameDiff model = MiniLmModels.adapted(models.shared(), MiniLmModels.ALL_LINEAR);
        tell("adapted");
        // The graph is built at the first step; this one is as small as a step can be.
        float[][] label = new float[1][MiniLmBatch.CLASSES];
        label[0][0] = 1;
        Map<String, INDArray> batch = Map.of(
                EncoderGraph.INPUT_IDS, Nd4j.createFromArray(new int[][] {{1, 2}}),
                EncoderGraph.ATTENTION_MASK, Nd4j.ones(1, 2),
                EncoderClassifier.LABELS, Nd4j.createFromArray(label));
        model.executor().gradients(batch, MiniLmModels.SEED);
        tell(READY);
        LengthBuckets texts;
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(MAX_LENGTH)) {
            tell("tokenizer read");
            texts = LengthBuckets.of(examples(), tokenizer, MiniLmBatch.CLASSES, TEXTS);
        }
        tell("texts encoded");
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(1)
                .optimizer(AdamW.of(MiniLmModels.RATE))
                .seed(MiniLmModels.SEED)
                .build();
        Trainer.builder(model).plan(plan).build().train(texts.batches());
        tell(FIRST_STEP);
    }

    /** Texts of one length, which make one batch. */
    private static List<TextExample> examples() {
        return IntStream.range(0, TEXTS)
                .mapToObj(i -> new TextExample("a small animal with " + (i + 2) + " legs that lives in trees", i))
                .toList();
    }

    private void tell(String name) {
        ChildJava.tell(name, (System.currentTimeMillis() - started) / 1e3);
        // Not by a management bean, which loads hundreds of classes.
        ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .ifPresent(time -> ChildJava.tell(name + ", processor time", time.toMillis() / 1e3));
    }
}
