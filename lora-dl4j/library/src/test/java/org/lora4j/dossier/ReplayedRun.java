/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.LmExample;
import org.lora4j.language.SmallDecoder;
import org.lora4j.model.AdaptedModel;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Warmup;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Small runs, which this class also is a program of: with a folder as its argument, it trains each of them there. */
enum ReplayedRun {
    /** A graph of SameDiff, by a trainer alone, with dropout: 40 steps in four epochs. */
    GRAPH {
        @Override
        void train(Path work, Path folder, Optional<Checkpoints> checkpoints) throws IOException {
            graph(folder, checkpoints, 1, 0.01, 0);
        }
    },
    /** A network of Deeplearning4j, by a trainer alone. */
    NETWORK {
        @Override
        void train(Path work, Path folder, Optional<Checkpoints> checkpoints) throws IOException {
            MultiLayerNetwork base = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                    .seed(7)
                    .list()
                    .layer(new DenseLayer.Builder()
                            .name("fc1")
                            .nIn(SIZE)
                            .nOut(SIZE)
                            .build())
                    .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                            .name("head")
                            .nIn(SIZE)
                            .nOut(CLASSES)
                            .build())
                    .build());
            base.init();
            AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(base, config(0), 3);
            run(model.trainable(DataSetPlaceholders.of("x", "y")), 0.01, 0, checkpoints);
            model.adapter(AdaptedModel.DEFAULT_ADAPTER).save(folder);
        }
    },
    /** A text classifier over an encoder. */
    ENCODER {
        @Override
        void train(Path work, Path folder, Optional<Checkpoints> checkpoints) throws IOException {
            try (TextEncoder encoder = TinyEncoder.create()) {
                TextClassifier.Builder builder = TextClassifier.builder(encoder)
                        .epochs(4)
                        .tokenBudget(32)
                        .quiet();
                checkpoints.ifPresent(builder::checkpoints);
                TextClassifier classifier = builder.build();
                if (checkpoints.isPresent()) {
                    classifier.resume(TinyEncoder.reviews(24, 1), TinyEncoder.reviews(12, 2));
                } else {
                    classifier.fit(TinyEncoder.reviews(24, 1), TinyEncoder.reviews(12, 2));
                }
                classifier.save(folder);
            }
        }
    },
    /** A decoder. */
    DECODER {
        @Override
        void train(Path work, Path folder, Optional<Checkpoints> checkpoints) throws IOException {
            Path base = work.resolve("decoder-base");
            if (!Files.exists(base)) {
                SmallDecoder.write(base);
            }
            try (CausalLm model = CausalLm.load(base)) {
                CausalLmTrainer.Builder builder = CausalLmTrainer.builder(model)
                        .epochs(2)
                        .validationFraction(0)
                        .quiet();
                checkpoints.ifPresent(builder::checkpoints);
                CausalLmTrainer trainer = builder.build();
                List<LmExample> texts = List.of(
                        LmExample.text("Tim had a red ball."),
                        LmExample.text("Lily had a red ball."),
                        LmExample.completion("Who ran?", " Tim ran."));
                if (checkpoints.isPresent()) {
                    trainer.resume(texts);
                } else {
                    trainer.fit(texts);
                }
                model.save(folder);
            }
        }
    };

    static final int SIZE = 8;
    static final int CLASSES = 3;
    private static final int BATCHES = 10;
    private static final int ROWS = 4;
    private static final int PATIENCE_SECONDS = 300;

    /** Trains and saves. */
    abstract void train(Path work, Path folder, Optional<Checkpoints> checkpoints) throws IOException;

    final Replay.Training again(Path work) {
        return folder -> train(work, folder, Optional.empty());
    }

    final Replay.PartTraining parts(Path work) {
        return (folder, checkpoints) -> train(work, folder, Optional.of(checkpoints));
    }

    /** The run of {@link #GRAPH}, with a start, a rate and an example that can be others. */
    static void graph(Path folder, Optional<Checkpoints> checkpoints, long seed, double rate, double shift)
            throws IOException {
        SameDiff sd = SameDiff.create();
        SDVariable input = sd.placeHolder("x", DataType.FLOAT, -1, SIZE);
        SDVariable labels = sd.placeHolder("y", DataType.FLOAT, -1, CLASSES);
        SDVariable weights = sd.constant(
                "fc1.weight",
                Nd4j.linspace(-1, 1, (long) SIZE * SIZE, DataType.FLOAT).reshape(SIZE, SIZE));
        SDVariable head = sd.constant(
                "head.weight",
                Nd4j.linspace(1, -1, (long) SIZE * CLASSES, DataType.FLOAT).reshape(SIZE, CLASSES));
        SDVariable logits = sd.math().tanh(input.mmul(weights)).mmul("logits", head);
        sd.loss().softmaxCrossEntropy("loss", labels, logits, null);
        sd.setLossVariables("loss");
        AdaptedSameDiff model = Lora.inject(sd, config(0.1), seed);
        run(model, rate, shift, checkpoints);
        model.adapter(AdaptedModel.DEFAULT_ADAPTER).save(folder);
    }

    private static LoraConfig config(double dropout) {
        return LoraConfig.builder()
                .rank(2)
                .alpha(4)
                .dropout(dropout)
                .targetModules("fc1")
                .build();
    }

    private static void run(Trainable model, double rate, double shift, Optional<Checkpoints> checkpoints) {
        Trainer.Builder builder = Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .epochs(4)
                        .optimizer(AdamW.of(rate))
                        .schedule(LearningRateSchedule.linear(Warmup.steps(3)))
                        .seed(5)
                        .build())
                .quiet();
        checkpoints.ifPresent(builder::checkpoints);
        Trainer trainer = builder.build();
        if (checkpoints.isPresent()) {
            trainer.resume(batches(shift));
        } else {
            trainer.train(batches(shift));
        }
    }

    private static Batches batches(double shift) {
        SplittableRandom random = new SplittableRandom(1);
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < BATCHES; i++) {
            float[][] x = new float[ROWS][SIZE];
            float[][] y = new float[ROWS][CLASSES];
            for (int row = 0; row < ROWS; row++) {
                for (int column = 0; column < SIZE; column++) {
                    x[row][column] = (float) random.nextDouble(-1, 1);
                }
                y[row][random.nextInt(CLASSES)] = 1;
            }
            if (i == BATCHES / 2) {
                x[0][0] += (float) shift;
            }
            batches.add(Batch.of(Map.of("x", Nd4j.createFromArray(x), "y", Nd4j.createFromArray(y)), ROWS));
        }
        return Batches.shuffled(batches);
    }

    /** Trains all runs in another process. */
    static void trainElsewhere(Path work) throws IOException, InterruptedException {
        Path log = work.resolve("log.txt");
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Dorg.bytedeco.javacpp.maxbytes=512M",
                        "-Dorg.bytedeco.javacpp.maxphysicalbytes=3G",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ReplayedRun.class.getName(),
                        work.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!child.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || child.exitValue() != 0) {
            child.destroyForcibly();
            throw new IllegalStateException("the other process failed: " + Files.readString(log));
        }
    }

    public static void main(String[] arguments) throws IOException {
        Path work = Path.of(arguments[0]);
        for (ReplayedRun run : values()) {
            run.train(work, work.resolve(run.name()), Optional.empty());
        }
    }
}
