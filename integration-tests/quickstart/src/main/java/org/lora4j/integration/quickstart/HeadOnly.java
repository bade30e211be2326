/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.quickstart;

import static org.lora4j.pretrained.EncoderClassifier.HEAD;
import static org.lora4j.pretrained.EncoderClassifier.LABELS;
import static org.lora4j.pretrained.EncoderClassifier.LOGITS;
import static org.lora4j.pretrained.EncoderClassifier.LOSS;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.lora4j.Lora;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.NativeThreads;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.Pooling;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Warmup;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The frozen encoder with a trained head. The encoder never changes, so each text is encoded once; the head is trained
 * on the vectors until it no longer gets better, as logistic regression is.
 */
final class HeadOnly {

    // The best of a sweep over rates, decays and epochs (68.3 %, where most lie between 66 and 68 %): a fair baseline.
    private static final int EPOCHS = 60;
    private static final int BATCH_SIZE = 32;
    private static final double LEARNING_RATE = 2e-3;
    private static final double WEIGHT_DECAY = 0.5;
    private static final String VECTOR = "vector";

    private final GlossTask task;
    private final Consumer<String> out;

    HeadOnly(GlossTask task, Consumer<String> out) {
        this.task = task;
        this.out = out;
    }

    Outcome run(EncoderWeights weights, Path file, long seed) throws IOException {
        GraphExecutor encoder =
                Lora.executor(EncoderGraph.create(weights, Pooling.MEAN).graph());
        out.accept("encoding " + (task.training().size() + task.heldOut().size()) + " texts once");
        long start = System.nanoTime();
        List<Batch> training = encode(encoder, task.training());
        List<Batch> heldOut = encode(encoder, task.heldOut());
        out.accept(String.format(Locale.ROOT, "encoded in %.0f s", (System.nanoTime() - start) / 1e9));

        SameDiff head = head(weights.config().hidden(), seed);
        TrainableGraph trainable = TrainableGraph.of(head, List.of(HEAD + ".weight", HEAD + ".bias"));
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(EPOCHS)
                .optimizer(AdamW.of(LEARNING_RATE).withWeightDecay(WEIGHT_DECAY))
                .schedule(LearningRateSchedule.linear(Warmup.fraction(0.06)))
                .seed(seed)
                .build();
        // Steps of this size are done before a second thread has begun.
        TrainingResult result = NativeThreads.one(
                () -> Trainer.builder(trainable).plan(plan).build().train(Batches.shuffled(training)));
        double accuracy = accuracy(trainable, heldOut);
        out.accept(String.format(
                Locale.ROOT,
                "%d epochs of the head alone: loss %.3f, accuracy %.4f",
                EPOCHS,
                result.lastLoss(),
                accuracy));
        head.save(file.toFile(), false);
        long parameters = trainable.trainableParameters().stream()
                .mapToLong(p -> p.value().length())
                .sum();
        return new Outcome(accuracy, parameters, result.secondsPerEpoch(), Files.size(file));
    }

    private static SameDiff head(int hidden, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] start = new float[hidden * GlossTask.CLASSES];
        for (int i = 0; i < start.length; i++) {
            start[i] = (float) (random.nextDouble(-1, 1) / Math.sqrt(hidden));
        }
        SameDiff sd = SameDiff.create();
        SDVariable vector = sd.placeHolder(VECTOR, DataType.FLOAT, -1, hidden);
        SDVariable labels = sd.placeHolder(LABELS, DataType.FLOAT, -1, GlossTask.CLASSES);
        SDVariable weight = sd.var(HEAD + ".weight", Nd4j.create(start, new long[] {hidden, GlossTask.CLASSES}, 'c'));
        SDVariable bias = sd.var(HEAD + ".bias", Nd4j.zeros(DataType.FLOAT, GlossTask.CLASSES));
        SDVariable logits = vector.mmul(weight).add(LOGITS, bias);
        sd.loss().softmaxCrossEntropy(LOSS, labels, logits, null);
        sd.setLossVariables(LOSS);
        return sd;
    }

    /** The vectors of all texts in batches of equal size, which the rates above are the best for. */
    private static List<Batch> encode(GraphExecutor encoder, LengthBuckets texts) {
        List<INDArray> vectors = new ArrayList<>();
        List<INDArray> labels = new ArrayList<>();
        Iterator<EncodedBatch> encoded = texts.inOrder();
        while (encoded.hasNext()) {
            EncodedBatch batch = encoded.next();
            Map<String, INDArray> inputs = new HashMap<>(batch.placeholders());
            inputs.remove(LABELS);
            vectors.add(encoder.output(inputs, List.of(EncoderGraph.POOLED)).get(EncoderGraph.POOLED));
            labels.add(batch.labels());
        }
        INDArray allVectors = Nd4j.concat(0, vectors.toArray(INDArray[]::new));
        INDArray allLabels = Nd4j.concat(0, labels.toArray(INDArray[]::new));
        List<Batch> batches = new ArrayList<>();
        for (int from = 0; from < texts.size(); from += BATCH_SIZE) {
            int to = Math.min(from + BATCH_SIZE, texts.size());
            batches.add(new Batch(
                    Map.of(VECTOR, rows(allVectors, from, to), LABELS, rows(allLabels, from, to)),
                    to - from,
                    to - from,
                    false));
        }
        return batches;
    }

    private static INDArray rows(INDArray all, int from, int to) {
        return all.get(NDArrayIndex.interval(from, to), NDArrayIndex.all()).dup('c');
    }

    private static double accuracy(TrainableGraph head, List<Batch> heldOut) {
        int right = 0;
        int all = 0;
        for (Batch batch : heldOut) {
            INDArray logits = head.executor()
                    .output(Map.of(VECTOR, batch.placeholders().get(VECTOR)), List.of(LOGITS))
                    .get(LOGITS);
            INDArray labels = batch.placeholders().get(LABELS);
            right += logits.argMax(1)
                    .eq(labels.argMax(1))
                    .castTo(DataType.INT32)
                    .sumNumber()
                    .intValue();
            all += batch.examples();
        }
        return (double) right / all;
    }
}
