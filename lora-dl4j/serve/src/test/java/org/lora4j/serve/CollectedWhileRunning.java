/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BinaryOperator;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.array.GuardedExecutioner;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A process that works in threads while the garbage collector runs all the time. What goes wrong may be its end. */
final class CollectedWhileRunning {

    private static final long PAUSE = 500;
    private static final int ROWS = 8;

    private CollectedWhileRunning() {}

    /** What is done. */
    enum Work {
        SERVE_LAYERS(8),
        SERVE_SERIES(8),
        SERVE_RECURRENT(8),
        SERVE_TABLE(8),
        SERVE_GRAPH(8),
        MASK_SERIES(8),
        TRAIN_SERIES(2),
        TRAIN_HEAD(8),
        BROADCAST(8),
        BROADCAST_OF_STOCK(8);

        private final int threads;

        Work(int threads) {
            this.threads = threads;
        }

        /** For each thread the same server, or a network of its own. */
        private Supplier<Runnable> tasks() {
            return switch (this) {
                case SERVE_LAYERS -> serving(ServedNetwork.LAYERS);
                case SERVE_SERIES -> serving(ServedNetwork.TIMES);
                case SERVE_RECURRENT -> serving(ServedNetwork.RECURRENT);
                case SERVE_TABLE -> serving(ServedNetwork.TABLE);
                case SERVE_GRAPH -> serving(ServedGraph.host());
                case MASK_SERIES -> CollectedWhileRunning::masking;
                case TRAIN_SERIES -> CollectedWhileRunning::trainingSeries;
                case TRAIN_HEAD -> CollectedWhileRunning::trainingHead;
                case BROADCAST -> broadcasting(Broadcasts::addRow);
                case BROADCAST_OF_STOCK -> {
                    GuardedExecutioner.install();
                    yield broadcasting(INDArray::addiRowVector);
                }
            };
        }
    }

    /** Arguments: the work, and how many seconds. */
    public static void main(String[] args) throws Exception {
        Work work = Work.valueOf(args[0]);
        long end = System.nanoTime() + Long.parseLong(args[1]) * 1_000_000_000L;
        Supplier<Runnable> tasks = work.tasks();
        ExecutorService pool = Executors.newFixedThreadPool(work.threads);
        List<Future<?>> running = new ArrayList<>();
        IntStream.range(0, work.threads).forEach(thread -> {
            Runnable task = tasks.get();
            running.add(pool.submit(() -> {
                while (System.nanoTime() < end) {
                    task.run();
                }
            }));
        });
        while (running.stream().anyMatch(one -> !one.isDone())) {
            System.gc();
            Thread.sleep(PAUSE);
        }
        for (Future<?> one : running) {
            one.get();
        }
        pool.shutdown();
    }

    private static Supplier<Runnable> serving(ServedHost host) {
        SplittableRandom random = new SplittableRandom(1);
        Adapter adapter = host.random(random);
        AdapterServer server = host.server().build();
        server.register("one", adapter);
        Map<String, INDArray> inputs = host.inputs(random, 1);
        List<Map<String, INDArray>> expected = List.of(host.expected(adapter, inputs), host.expected(null, inputs));
        List<ServingRequest> requests = IntStream.range(0, ROWS)
                .mapToObj(row -> new ServingRequest(row % 2 == 0 ? "one" : AdapterServer.BASE, inputs))
                .toList();
        List<ServingRequest> ofBase = requests.stream()
                .filter(request -> request.adapter().equals(AdapterServer.BASE))
                .toList();
        Runnable task = () -> {
            List<ServingResult> results = server.predict(requests);
            for (int row = 0; row < ROWS; row++) {
                check(results.get(row).outputs(), expected.get(row % 2));
            }
            server.predict(ofBase).forEach(result -> check(result.outputs(), expected.get(1)));
        };
        return () -> task;
    }

    private static void check(Map<String, INDArray> found, Map<String, INDArray> expected) {
        found.forEach((name, array) -> {
            if (!ServedHost.isClose(array, expected.get(name))) {
                throw new IllegalStateException(name + " is " + array + " and not " + expected.get(name));
            }
        });
    }

    /** Steps of different lengths: what lies behind the end of a series is multiplied by zero in every layer. */
    private static Runnable masking() {
        MultiLayerNetwork base = ServedNetwork.layers(
                InputType.recurrent(3),
                new LSTM.Builder().name("lstm").nOut(4).build(),
                new SimpleRnn.Builder().name("rnn").nOut(4).build(),
                new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                ServedNetwork.dense("fc", 5),
                head());
        INDArray input = ServedGraph.values(new SplittableRandom(1), 1, 2, 3, 4);
        INDArray mask = Nd4j.createFromArray(new float[][] {{1, 1, 1, 1}, {1, 1, 0, 0}});
        INDArray expected = base.output(input, false, mask, null);
        MultiLayerNetwork network = adapted(base, LoraConfig.builder().rank(2).targetModules("fc"));
        return () -> {
            INDArray found = network.output(input, false, mask, null);
            if (!found.equalsWithEps(expected, 0)) {
                throw new IllegalStateException("output " + found + " and not " + expected);
            }
        };
    }

    private static Runnable trainingSeries() {
        MultiLayerNetwork base = ServedNetwork.layers(
                InputType.recurrent(4, 5),
                new LSTM.Builder().name("lstm").nOut(8).build(),
                ServedNetwork.dense("fc", 8),
                new RnnOutputLayer.Builder(LossFunction.MSE)
                        .name("head")
                        .nOut(2)
                        .build());
        LoraConfig.Builder config = LoraConfig.builder().rank(2).dropout(0.1).targetModules("lstm.W", "lstm.RW", "fc");
        return fitting(adapted(base, config), Nd4j.ones(DataType.FLOAT, 6, 4, 5), Nd4j.ones(DataType.FLOAT, 6, 2, 5));
    }

    /** A stock output layer learns, and gradients pass through a stock normalization. */
    private static Runnable trainingHead() {
        MultiLayerNetwork base = ServedNetwork.layers(
                InputType.feedForward(4),
                ServedNetwork.dense("fc", 5),
                new BatchNormalization.Builder().name("norm").build(),
                head());
        LoraConfig.Builder config =
                LoraConfig.builder().rank(2).targetModules("fc").modulesToSave("head");
        return fitting(adapted(base, config), Nd4j.ones(DataType.FLOAT, 6, 4), Nd4j.ones(DataType.FLOAT, 6, 3));
    }

    private static OutputLayer head() {
        return new OutputLayer.Builder(LossFunction.MSE).name("head").nOut(3).build();
    }

    private static MultiLayerNetwork adapted(MultiLayerNetwork base, LoraConfig.Builder config) {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(base);
        model.addAdapter("one", config.build(), 1);
        model.activate("one");
        return model.network();
    }

    private static Runnable fitting(MultiLayerNetwork network, INDArray features, INDArray labels) {
        DataSet batch = new DataSet(features, labels);
        return () -> {
            network.fit(batch);
            if (!Double.isFinite(network.score())) {
                throw new IllegalStateException("loss " + network.score());
            }
        };
    }

    private static Supplier<Runnable> broadcasting(BinaryOperator<INDArray> addRow) {
        return () -> () -> {
            INDArray x = Nd4j.zeros(DataType.FLOAT, 16, 32);
            INDArray row = Nd4j.ones(DataType.FLOAT, 1, 32);
            for (int i = 1; i <= 100; i++) {
                addRow.apply(x, row);
                if (x.getFloat(15, 31) != i) {
                    throw new IllegalStateException("sum of " + i + " rows: " + x);
                }
            }
        };
    }
}
