/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.adapter.Adapter;
import org.lora4j.array.Broadcasts;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A process that works in threads while the garbage collector runs all the time. What goes wrong may be its end. */
final class CollectedWhileRunning {

    private static final long PAUSE = 15;
    private static final int ROWS = 8;

    private CollectedWhileRunning() {}

    /** What is done. */
    enum Work {
        SERVE_LAYERS(8),
        SERVE_SERIES(8),
        SERVE_GRAPH(8),
        TRAIN_SERIES(2),
        BROADCAST(8);

        private final int threads;

        Work(int threads) {
            this.threads = threads;
        }

        private Runnable task() {
            return switch (this) {
                case SERVE_LAYERS -> serving(ServedNetwork.LAYERS);
                case SERVE_SERIES -> serving(ServedNetwork.TIMES);
                case SERVE_GRAPH -> serving(ServedGraph.host());
                case TRAIN_SERIES -> null;
                case BROADCAST -> CollectedWhileRunning::broadcast;
            };
        }
    }

    /** Arguments: the work, and how many seconds. */
    public static void main(String[] args) throws Exception {
        Work work = Work.valueOf(args[0]);
        long end = System.nanoTime() + Long.parseLong(args[1]) * 1_000_000_000L;
        Runnable shared = work.task();
        ExecutorService pool = Executors.newFixedThreadPool(work.threads);
        List<Future<?>> running = new ArrayList<>();
        IntStream.range(0, work.threads).forEach(thread -> {
            Runnable task = shared == null ? training() : shared;
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

    private static Runnable serving(ServedHost host) {
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
        return () -> {
            List<ServingResult> results = server.predict(requests);
            for (int row = 0; row < ROWS; row++) {
                check(results.get(row).outputs(), expected.get(row % 2));
            }
            server.predict(ofBase).forEach(result -> check(result.outputs(), expected.get(1)));
        };
    }

    private static void check(Map<String, INDArray> found, Map<String, INDArray> expected) {
        found.forEach((name, array) -> {
            if (!ServedHost.isClose(array, expected.get(name))) {
                throw new IllegalStateException(name + " is " + array + " and not " + expected.get(name));
            }
        });
    }

    private static Runnable training() {
        MultiLayerNetwork base = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .list(
                        new LSTM.Builder().name("lstm").nOut(8).build(),
                        new DenseLayer.Builder().name("fc").nOut(8).build(),
                        new RnnOutputLayer.Builder(LossFunction.MSE)
                                .name("head")
                                .nOut(2)
                                .build())
                .setInputType(InputType.recurrent(4, 5))
                .build());
        base.init();
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(base);
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .dropout(0.1)
                .targetModules("lstm.W", "lstm.RW", "fc")
                .build();
        model.addAdapter("one", config, 1);
        model.activate("one");
        DataSet batch = new DataSet(Nd4j.ones(DataType.FLOAT, 6, 4, 5), Nd4j.ones(DataType.FLOAT, 6, 2, 5));
        return () -> {
            model.network().fit(batch);
            if (!Double.isFinite(model.network().score())) {
                throw new IllegalStateException("loss " + model.network().score());
            }
        };
    }

    private static void broadcast() {
        INDArray x = Nd4j.zeros(DataType.FLOAT, 16, 32);
        INDArray row = Nd4j.ones(DataType.FLOAT, 1, 32);
        for (int i = 1; i <= 100; i++) {
            Broadcasts.addRow(x, row);
            if (x.getFloat(15, 31) != i) {
                throw new IllegalStateException("sum of " + i + " rows: " + x);
            }
        }
    }
}
