/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.ParallelExecutor;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.model.Trainable;
import org.lora4j.pretrained.BertClassifier;
import org.lora4j.pretrained.BertEncoder;
import org.lora4j.pretrained.BertWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.StepReport;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** all-MiniLM-L6-v2 with a head, a batch of full length, and the ways to train it. */
final class Workload {

    static final int BATCH = 32;
    static final int LENGTH = 64;
    static final int CLASSES = 25;
    static final int RANK = 8;

    /** A session of its own for each call of {@code fit}: enough steps that starting it does not matter. */
    private static final int STEPS_PER_FIT = 4;

    private static final int SEED = 1;
    private static final double RATE = 1e-4;

    private final int stepsPerTurn;
    private final Map<String, INDArray> batch;
    private final LinearProducts products;
    private final List<Contender> contenders = new ArrayList<>();

    Workload(int stepsPerTurn) throws IOException {
        this.stepsPerTurn = stepsPerTurn;
        BertWeights weights = MiniLm.weights();
        batch = batch(weights.config().vocabulary());
        products = new LinearProducts(weights.config(), (long) BATCH * LENGTH);
        SameDiff base = classifier(weights);
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .alpha(2 * RANK)
                .targetModules(ModuleSelector.allLinear())
                .modulesToSave(BertClassifier.HEAD)
                .build();
        AdaptedSameDiff lora = Lora.inject(base, config, SEED);
        SameDiff full = classifier(weights.copy());
        StockFullStep stock = new StockFullStep(classifier(weights.copy()), batch);

        contenders.add(Contender.timed(
                "bound", "bound: forward and dX products of 36 linear layers alone", stepsPerTurn, products::run));
        contenders.add(forward(lora.executor()));
        contenders.add(step(
                "headOnly",
                "head only, step",
                TrainableGraph.of(base, List.of(BertClassifier.HEAD + ".weight", BertClassifier.HEAD + ".bias"))));
        contenders.add(step("lora", "LoRA, step", lora));
        contenders.add(step("full", "full fine-tuning, step", TrainableGraph.of(full, TrainableGraph.weights(full))));
        String stockLabel = String.format(" (%,d parameters)", stock.parameters());
        contenders.add(new Contender("stockFit", "stock SameDiff full fine-tuning, fit, step" + stockLabel, () -> {
            long from = System.nanoTime();
            stock.fit(STEPS_PER_FIT);
            double seconds = (System.nanoTime() - from) / 1e9 / STEPS_PER_FIT;
            return Collections.nCopies(STEPS_PER_FIT, seconds);
        }));
        contenders.add(Contender.timed(
                "stockSession",
                "stock SameDiff full fine-tuning, bare session, step" + stockLabel,
                stepsPerTurn,
                stock::step));
    }

    static SameDiff classifier(BertWeights weights) {
        return BertClassifier.create(weights, Pooling.MEAN, CLASSES, SEED).graph();
    }

    static Map<String, INDArray> batch(int vocabulary) {
        SplittableRandom random = new SplittableRandom(SEED);
        int[][] ids = new int[BATCH][LENGTH];
        float[][] mask = new float[BATCH][LENGTH];
        float[][] labels = new float[BATCH][CLASSES];
        for (int row = 0; row < BATCH; row++) {
            labels[row][random.nextInt(CLASSES)] = 1;
            for (int token = 0; token < LENGTH; token++) {
                ids[row][token] = random.nextInt(vocabulary);
                mask[row][token] = 1;
            }
        }
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        arrays.put(BertEncoder.INPUT_IDS, Nd4j.createFromArray(ids));
        arrays.put(BertEncoder.ATTENTION_MASK, Nd4j.createFromArray(mask));
        arrays.put(BertClassifier.LABELS, Nd4j.createFromArray(labels));
        return arrays;
    }

    private Contender forward(GraphExecutor executor) {
        GraphExecutor inParts = ParallelExecutor.of(executor, NativeThreads.AT_START);
        return Contender.timed(
                "forward",
                "LoRA, forward only",
                stepsPerTurn,
                () -> NativeThreads.single(() -> inParts.output(batch, List.of(BertClassifier.LOGITS))
                        .values()
                        .forEach(INDArray::close)));
    }

    /** Gradients and AdamW, in the time that the training loop itself reports. Several threads share the batch. */
    private Contender step(String key, String label, Trainable whole) {
        Trainable model = whole.inParallel(NativeThreads.AT_START);
        long parameters = model.trainableParameters().stream()
                .mapToLong(p -> p.value().length())
                .sum();
        return new Contender(key, String.format("%s (%,d parameters)", label, parameters), () -> {
            List<Double> seconds = new ArrayList<>();
            TrainingPlan plan = TrainingPlan.builder()
                    .steps(stepsPerTurn)
                    .optimizer(AdamW.of(RATE))
                    .seed(SEED)
                    .build();
            Trainer trainer = Trainer.builder(model)
                    .plan(plan)
                    .listener(new TrainingListener() {
                        @Override
                        public void onStep(StepReport report) {
                            seconds.add(report.seconds());
                        }
                    })
                    .build();
            NativeThreads.single(() -> trainer.train(Batches.inOrder(List.of(Batch.of(batch, BATCH)))));
            return seconds;
        });
    }

    List<Contender> contenders() {
        return contenders;
    }

    /** Floating-point operations of the bound. */
    double boundOperations() {
        return products.operations();
    }
}
