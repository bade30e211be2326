/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.TrainableTokens;
import org.lora4j.continual.FisherDiagonal;
import org.lora4j.continual.OrthogonalityPenalty;
import org.lora4j.continual.QuadraticPenalty;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.MemoryMode;
import org.lora4j.exec.onednn.MathMode;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.ExpertGate;
import org.lora4j.train.cache.PrefixCache;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Whatever a step does, the next one needs no more memory. Every option of a step has a line; what it draws, copies or
 * computes for a step is as large as the activations, so that a single array kept at each step is seen.
 */
class MemoryOfStepsTest {

    private static final int WIDTH = 64;
    private static final int IDS = 32;

    /** How large a batch is, how many steps are run before and after memory is looked at first, and what it may grow. */
    private record Scale(int rows, int warm, int steps, long mostGrowth) {

        /** An array of activations at each step would be 30 MB; the collector and malloc move less than half of it. */
        static final Scale SHORT = new Scale(4096, 10, 40, 15L << 20);

        /** An array of activations at each step would be 225 MB. */
        static final Scale LONG = new Scale(512, 200, 2000, 40L << 20);

        INDArray input() {
            return Nd4j.linspace(DataType.FLOAT, -1, 2.0 / (rows * WIDTH), (long) rows * WIDTH)
                    .reshape(rows, WIDTH);
        }
    }

    /** Some steps in a row; memory is to be looked at after some of them. */
    private interface Steps {
        void run(Scale scale, Runnable afterStep);
    }

    static Stream<Named<Steps>> options() {
        return Stream.of(
                Named.of("SameDiff: plain", graph(c -> c)),
                Named.of("SameDiff: dropout", graph(c -> c.dropout(0.1))),
                Named.of("SameDiff: dropout in parts", graph(c -> c.dropout(0.1), m -> m.inParallel(2), p -> p)),
                Named.of(
                        "SameDiff: dropout, products of oneDNN",
                        graph(c -> c.dropout(0.1), m -> m.multipliedBy(OneDnn.products(MathMode.STRICT_F32)), p -> p)),
                Named.of(
                        "SameDiff: dropout, recomputing",
                        graph(c -> c.dropout(0.1), Trainable::recomputingActivations, p -> p)),
                Named.of("SameDiff: DoRA", graph(c -> c.dora(true).dropout(0.1))),
                Named.of("SameDiff: trained biases", graph(c -> c.bias(BiasTraining.ALL))),
                Named.of("SameDiff: biases of factors", graph(c -> c.loraBias(true))),
                Named.of(
                        "SameDiff: trained tokens",
                        graph(c -> c.trainableTokens(TrainableTokens.of(Map.of("embed", List.of(1, 2)))))),
                Named.of("SameDiff: adapted table", graph(c -> c.targetModules("embed", "fc0"))),
                Named.of("SameDiff: whole modules", graph(c -> c.modulesToSave("head"))),
                Named.of("SameDiff: gates", MemoryOfStepsTest::gates),
                Named.of(
                        "SameDiff: clipping by norm",
                        graph(c -> c, m -> m, p -> p.clipping(GradientClipping.byGlobalNorm(0.1)))),
                Named.of(
                        "SameDiff: clipping by value",
                        graph(c -> c, m -> m, p -> p.clipping(GradientClipping.byValue(1e-4)))),
                Named.of("SameDiff: accumulation", graph(c -> c.dropout(0.1), m -> m, p -> p.accumulation(2))),
                Named.of("SameDiff: penalties", MemoryOfStepsTest::penalties),
                Named.of("SameDiff: evaluation", MemoryOfStepsTest::evaluated),
                Named.of("SameDiff: batches of another type", MemoryOfStepsTest::castBatches),
                Named.of("SameDiff: batches that are not closed", MemoryOfStepsTest::freshBatches),
                Named.of("SameDiff: prefix from a cache", MemoryOfStepsTest::cached),
                Named.of("layers in view", layers(MemoryMode.IN_VIEW, c -> c)),
                Named.of("layers in view: dropout", layers(MemoryMode.IN_VIEW, c -> c.dropout(0.1))),
                Named.of(
                        "layers in view: DoRA",
                        layers(MemoryMode.IN_VIEW, c -> c.dora(true).dropout(0.1))),
                Named.of("layers in view: trained biases", layers(MemoryMode.IN_VIEW, c -> c.bias(BiasTraining.ALL))),
                Named.of("layers in view: whole modules", layers(MemoryMode.IN_VIEW, c -> c.modulesToSave("head"))),
                Named.of("layers in low memory: dropout", layers(MemoryMode.LOW_MEMORY, c -> c.dropout(0.1))),
                Named.of(
                        "layers in low memory: DoRA",
                        layers(MemoryMode.LOW_MEMORY, c -> c.dora(true).dropout(0.1))),
                Named.of("LSTM in view: dropout", series(MemoryMode.IN_VIEW, false)),
                Named.of("LSTM in view: truncated, dropout", series(MemoryMode.IN_VIEW, true)),
                Named.of("LSTM in low memory: dropout", series(MemoryMode.LOW_MEMORY, false)),
                Named.of("LSTM in low memory: truncated, dropout", series(MemoryMode.LOW_MEMORY, true)));
    }

    /** One of each way through a step: a graph, layers, and series, with something that is drawn at each. */
    private static final Set<String> REPRESENTATIVES =
            Set.of("SameDiff: dropout", "layers in low memory: dropout", "LSTM in view: dropout");

    static Stream<Named<Steps>> representatives() {
        return options().filter(option -> REPRESENTATIVES.contains(option.getName()));
    }

    static Stream<Named<Steps>> otherOptions() {
        return options().filter(option -> !REPRESENTATIVES.contains(option.getName()));
    }

    @Test
    void representatives_areOptions() {
        assertThat(representatives()).hasSameSizeAs(REPRESENTATIVES);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("representatives")
    void steps_takeNoMoreMemoryThanTheFirst(Steps steps) {
        assertFlat(steps, Scale.SHORT);
    }

    @Tag("thorough")
    @ParameterizedTest(name = "{0}")
    @MethodSource("otherOptions")
    void stepsOfOtherOptions_takeNoMoreMemoryThanTheFirst(Steps steps) {
        assertFlat(steps, Scale.SHORT);
    }

    @Tag("thorough")
    @ParameterizedTest(name = "{0}")
    @MethodSource("options")
    void twoThousandSteps_takeNoMoreMemoryThanTwoHundred(Steps steps) {
        assertFlat(steps, Scale.LONG);
    }

    /** The process moves memory of its own now and then; arrays that are kept show each time. */
    private static void assertFlat(Steps steps, Scale scale) {
        long growth = growth(steps, scale);
        if (growth >= scale.mostGrowth()) {
            growth = Math.min(growth, growth(steps, scale));
        }
        assertThat(growth).isLessThan(scale.mostGrowth());
    }

    private static long growth(Steps steps, Scale scale) {
        long[] after = new long[2];
        int[] done = {0};

        steps.run(scale, () -> {
            done[0]++;
            if (done[0] == scale.warm()) {
                after[0] = NativeMemory.resident();
            } else if (done[0] == scale.steps()) {
                after[1] = NativeMemory.resident();
            }
        });

        assertThat(done[0]).isEqualTo(scale.steps());
        return after[1] - after[0];
    }

    private static SameDiff network() {
        SameDiff sd = SameDiff.create();
        SDVariable ids = sd.placeHolder("ids", DataType.INT32, -1);
        SDVariable table = sd.constant("embed.weight", Nd4j.ones(DataType.FLOAT, IDS, WIDTH));
        SDVariable h = sd.placeHolder("x", DataType.FLOAT, -1, WIDTH).add(sd.gather(table, ids, 0));
        for (String name : List.of("fc0", "fc1", "head")) {
            SDVariable w = sd.constant(
                    name + ".weight", Nd4j.eye(WIDTH).castTo(DataType.FLOAT).mul(0.5));
            SDVariable b = sd.constant(name + ".bias", Nd4j.zeros(DataType.FLOAT, WIDTH));
            h = sd.math().tanh(h.mmul(w).add(b));
        }
        h.mul(h).mean().rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static LoraConfig config(UnaryOperator<LoraConfig.Builder> option) {
        return option.apply(LoraConfig.builder().rank(4).alpha(8).targetModules(ModuleSelector.suffixes("fc0", "fc1")))
                .build();
    }

    private static AdaptedSameDiff adapted(UnaryOperator<LoraConfig.Builder> option) {
        AdaptedSameDiff model = AdaptedSameDiff.of(network());
        model.addAdapter("default", config(option), 1);
        model.activate("default");
        return model;
    }

    private static Map<String, INDArray> inputs(Scale scale) {
        INDArray ids = Nd4j.arange(scale.rows()).fmod(IDS).castTo(DataType.INT32);
        return Map.of("x", scale.input(), "ids", ids);
    }

    private static Batches same(Scale scale) {
        return Batches.inOrder(List.of(Batch.of(inputs(scale), scale.rows())));
    }

    private static Steps graph(UnaryOperator<LoraConfig.Builder> option) {
        return graph(option, model -> model, plan -> plan);
    }

    private static Steps graph(
            UnaryOperator<LoraConfig.Builder> option,
            UnaryOperator<Trainable> changed,
            UnaryOperator<TrainingPlan.Builder> plan) {
        return (scale, afterStep) -> train(changed.apply(adapted(option)), plan, same(scale), scale, afterStep);
    }

    private static void train(
            Trainable model,
            UnaryOperator<TrainingPlan.Builder> plan,
            Batches batches,
            Scale scale,
            Runnable afterStep) {
        trainer(model, plan, scale, afterStep).build().train(batches);
    }

    private static Trainer.Builder trainer(
            Trainable model, UnaryOperator<TrainingPlan.Builder> plan, Scale scale, Runnable afterStep) {
        return Trainer.builder(model)
                .plan(plan.apply(TrainingPlan.builder()
                                .steps(scale.steps())
                                .optimizer(AdamW.of(1e-4))
                                .seed(1))
                        .build())
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        afterStep.run();
                    }
                });
    }

    private static void gates(Scale scale, Runnable afterStep) {
        AdaptedSameDiff model = AdaptedSameDiff.of(network());
        model.addAdapter("default", config(c -> c), 1);
        model.setGate("default", ExpertGate.fresh(2, ExpertGate.Input.ACTIVATION));
        model.activate("default");

        train(model, plan -> plan, same(scale), scale, afterStep);
    }

    private static void penalties(Scale scale, Runnable afterStep) {
        AdaptedSameDiff model = adapted(c -> c);
        FisherDiagonal fisher = FisherDiagonal.of(model, same(scale).epoch(0, 1));

        train(
                model,
                plan -> plan.penalty(QuadraticPenalty.towards(0.1, model.trainableParameters()))
                        .penalty(QuadraticPenalty.elastic(0.1, model.trainableParameters(), fisher))
                        .penalty(OrthogonalityPenalty.of(0.1, List.of(model.adapter("default")))),
                same(scale),
                scale,
                afterStep);
    }

    // An evaluation after each step, as an epoch has one batch.
    private static void evaluated(Scale scale, Runnable afterStep) {
        AdaptedSameDiff model = adapted(c -> c.dropout(0.1));
        // Fewer rows, as outputs of this size are computed op by op in memory that malloc gives and takes.
        Map<String, INDArray> held = inputs(new Scale(scale.rows() / 4, 0, 0, 0));

        trainer(model, plan -> plan.keepBest(true), scale, afterStep)
                .validation(Validation.lowerIsBetter("loss", () -> {
                    INDArray loss = model.output(held, "loss").get("loss");
                    return loss.getDouble(0);
                }))
                .build()
                .train(same(scale));
    }

    private static void castBatches(Scale scale, Runnable afterStep) {
        Map<String, INDArray> inputs = Map.of(
                "x", scale.input().castTo(DataType.DOUBLE), "ids", inputs(scale).get("ids"));

        train(
                adapted(c -> c),
                plan -> plan,
                Batches.inOrder(List.of(Batch.of(inputs, scale.rows()))),
                scale,
                afterStep);
    }

    /** What nobody refers to any more stays as long as the collector sees no need, and its memory in malloc's arenas. */
    private static void collectNowAndThen(int step) {
        if (step % 10 == 0) {
            System.gc();
        }
    }

    private static void freshBatches(Scale scale, Runnable afterStep) {
        int[] made = {0};
        Batches fresh = (epoch, seed) -> Stream.generate(() -> {
                    collectNowAndThen(++made[0]);
                    return Batch.of(inputs(scale), scale.rows());
                })
                .iterator();

        train(adapted(c -> c), plan -> plan, fresh, scale, afterStep);
    }

    private static void cached(Scale scale, Runnable afterStep) {
        Trainable model = adapted(c -> c.targetModules("fc1").dropout(0.1)).inParallel(2);

        trainer(model, plan -> plan, scale, afterStep)
                .cacheFrozenPrefix(PrefixCache.inMemory(1L << 30))
                .build()
                .train(same(scale));
    }

    private static MultiLayerNetwork network(InputType input, boolean truncated, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder()
                .seed(1)
                .dataType(DataType.FLOAT)
                .updater(new Adam(1e-4))
                .activation(Activation.TANH)
                .list(layers)
                .setInputType(input);
        if (truncated) {
            list.backpropType(BackpropType.TruncatedBPTT).tBPTTLength(4);
        }
        MultiLayerNetwork network = new MultiLayerNetwork(list.build());
        network.init();
        return network;
    }

    private static Steps layers(MemoryMode mode, UnaryOperator<LoraConfig.Builder> option) {
        return (scale, afterStep) -> {
            MultiLayerNetwork network = network(
                    InputType.feedForward(WIDTH),
                    false,
                    new DenseLayer.Builder().name("fc0").nOut(WIDTH).build(),
                    new DenseLayer.Builder().name("fc1").nOut(WIDTH).build(),
                    new OutputLayer.Builder(LossFunction.MSE)
                            .name("head")
                            .nOut(2)
                            .build());
            DataSet batch = new DataSet(scale.input(), Nd4j.ones(DataType.FLOAT, scale.rows(), 2));
            fit(network, mode, option, batch, scale, afterStep);
        };
    }

    private static Steps series(MemoryMode mode, boolean truncated) {
        return (scale, afterStep) -> {
            int length = 8;
            MultiLayerNetwork network = network(
                    InputType.recurrent(WIDTH, length),
                    truncated,
                    new LSTM.Builder().name("fc0").nOut(WIDTH / 4).build(),
                    new RnnOutputLayer.Builder(LossFunction.MSE)
                            .name("head")
                            .nOut(2)
                            .build());
            int rows = scale.rows() / length;
            INDArray x =
                    scale.input().reshape(rows, length, WIDTH).permute(0, 2, 1).dup('c');
            DataSet batch = new DataSet(x, Nd4j.ones(DataType.FLOAT, rows, 2, length));
            fit(network, mode, c -> c.targetModules("fc0.W", "fc0.RW").dropout(0.1), batch, scale, afterStep);
        };
    }

    private static void fit(
            MultiLayerNetwork network,
            MemoryMode mode,
            UnaryOperator<LoraConfig.Builder> option,
            DataSet batch,
            Scale scale,
            Runnable afterStep) {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(network, mode);
        model.addAdapter("default", config(option), 1);
        model.activate("default");
        for (int step = 0; step < scale.steps(); step++) {
            model.network().fit(batch);
            collectNowAndThen(step);
            afterStep.run();
        }
    }
}
