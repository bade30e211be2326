/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.MemoryMode;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * What training holds in memory: resident bytes of a process over those that it had at start-up, the base network included.
 * A network 2048-8192-8192-10 of 84 million parameters in FLOAT, batches of 32, Adam, adapters of rank 8 on both hidden
 * layers.
 *
 * <p>Each way of training runs in a process of its own, because ND4J gives memory back to the system late. Its Java heap is
 * touched whole before anything is measured, so that it does not count; code is compiled by the small compiler, and the C
 * library gives freed memory back. Start-up is told twice: with ND4J started, and with a small network trained in the same way,
 * after which classes and compiled code are there as well, some 15 MiB whatever the size of the network. Linux only.
 *
 * @param way what was measured
 * @param parameterBytes size of the base's parameters
 * @param startBytes resident with ND4J started, before there is a network
 * @param warmBytes resident after a small network was trained in this way
 * @param steadyBytes resident after some steps
 * @param peakBytes the most that was resident at any time
 */
public record MemoryFigure(
        Way way, long parameterBytes, long startBytes, long warmBytes, long steadyBytes, long peakBytes) {

    private static final int INPUTS = 2048;
    private static final int HIDDEN = 8192;
    private static final int SMALL = 64;
    private static final int CLASSES = 10;
    private static final int BATCH = 32;
    private static final int STEPS = 5;
    private static final int RANK = 8;
    private static final String NOW = "VmRSS";
    private static final double MEBIBYTE = 1 << 20;
    private static final List<String> OPTIONS = List.of(
            "-Xms128m",
            "-Xmx128m",
            "-XX:+AlwaysPreTouch",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dorg.bytedeco.javacpp.maxbytes=16G",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=20G",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");

    /** Has the C library give back what was freed, which else counts as resident for as long as it likes. */
    private static final Map<String, String> ALLOCATOR =
            Map.of("MALLOC_ARENA_MAX", "1", "MALLOC_TRIM_THRESHOLD_", "65536");

    /** A way to train. */
    public enum Way {
        /** All parameters, as stock DL4J does it. */
        FULL {
            @Override
            MultiLayerNetwork network(MultiLayerNetwork base) {
                return base;
            }
        },
        /** Adapters, all parameters in the network. */
        IN_VIEW {
            @Override
            MultiLayerNetwork network(MultiLayerNetwork base) {
                return adapted(base, MemoryMode.IN_VIEW).network();
            }
        },
        /** Adapters over the base's own arrays. */
        LOW_MEMORY {
            @Override
            MultiLayerNetwork network(MultiLayerNetwork base) {
                return adapted(base, MemoryMode.LOW_MEMORY).network();
            }
        };

        abstract MultiLayerNetwork network(MultiLayerNetwork base);

        private static AdaptedNetwork<MultiLayerNetwork> adapted(MultiLayerNetwork base, MemoryMode mode) {
            LoraConfig config = LoraConfig.builder()
                    .rank(RANK)
                    .alpha(2 * RANK)
                    .targetModules("fc1", "fc2")
                    .build();
            return Lora.inject(base, config, 1, mode);
        }
    }

    /**
     * Measures in a process of its own.
     *
     * @param way what to measure
     * @return the figure
     * @throws IOException if the process cannot be started or fails
     * @throws InterruptedException if the thread is interrupted
     */
    public static MemoryFigure of(Way way) throws IOException, InterruptedException {
        Path answer = Files.createTempFile("memory", ".txt");
        try {
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(OPTIONS);
            command.addAll(List.of("-cp", System.getProperty("java.class.path"), MemoryFigure.class.getName()));
            command.addAll(List.of(way.name(), answer.toString()));
            ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
            builder.environment().putAll(ALLOCATOR);
            int status = builder.start().waitFor();
            if (status != 0) {
                throw new IOException("memory of " + way + ": the process ended with status " + status
                        + "; expected 0. Its messages are above.");
            }
            String[] numbers = Files.readString(answer).trim().split(" ");
            return new MemoryFigure(
                    way,
                    Long.parseLong(numbers[0]),
                    Long.parseLong(numbers[1]),
                    Long.parseLong(numbers[2]),
                    Long.parseLong(numbers[3]),
                    Long.parseLong(numbers[4]));
        } finally {
            Files.delete(answer);
        }
    }

    /**
     * What training holds, in parameters.
     *
     * @return resident bytes over those with ND4J started, divided by the bytes of the base's parameters
     */
    public double bytesOverParameters() {
        return (steadyBytes - startBytes) / (double) parameterBytes;
    }

    /**
     * What training holds, in parameters, besides what a network of any size takes.
     *
     * @return resident bytes over those after a small network, divided by the bytes of the base's parameters
     */
    public double bytesOverParametersWarm() {
        return (steadyBytes - warmBytes) / (double) parameterBytes;
    }

    /**
     * What training held at most, in parameters.
     *
     * @return resident bytes over start-up at the peak divided by the bytes of the base's parameters
     */
    public double peakBytesOverParameters() {
        return (peakBytes - startBytes) / (double) parameterBytes;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%-10s parameters %.1f MiB; with ND4J started %.1f MiB, training %.1f MiB over it (%.3f x), at most %.1f MiB"
                        + " (%.3f x); after a small network %.1f MiB, training %.1f MiB over it (%.3f x)",
                way,
                parameterBytes / MEBIBYTE,
                startBytes / MEBIBYTE,
                (steadyBytes - startBytes) / MEBIBYTE,
                bytesOverParameters(),
                (peakBytes - startBytes) / MEBIBYTE,
                peakBytesOverParameters(),
                warmBytes / MEBIBYTE,
                (steadyBytes - warmBytes) / MEBIBYTE,
                bytesOverParametersWarm());
    }

    /**
     * Without arguments prints the figures of all ways. With a way and a file trains and writes the numbers there.
     *
     * @param args none, or a way and a file
     * @throws IOException if a process or a file fails
     * @throws InterruptedException if the thread is interrupted
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length == 0) {
            for (Way way : Way.values()) {
                System.out.println(of(way));
            }
            return;
        }
        startNd4j();
        Way way = Way.valueOf(args[0]);
        long start = resident(NOW);
        train(way.network(base(SMALL)));
        collectGarbage();
        long warm = resident(NOW);
        MultiLayerNetwork base = base(HIDDEN);
        long bytes = base.numParams() * Float.BYTES;
        MultiLayerNetwork network = way.network(base);
        train(network);
        collectGarbage();
        long steady = resident(NOW);
        train(network);
        Files.writeString(
                Path.of(args[1]), bytes + " " + start + " " + warm + " " + steady + " " + resident("VmHWM") + "\n");
    }

    private static void train(MultiLayerNetwork network) {
        DataSet batch = batch();
        for (int i = 0; i < STEPS; i++) {
            network.fit(batch);
        }
    }

    /** Loads the libraries, and has the one for products take the buffers that it keeps. */
    private static void startNd4j() throws InterruptedException {
        try (INDArray a = Nd4j.ones(DataType.FLOAT, BATCH, INPUTS);
                INDArray b = Nd4j.ones(DataType.FLOAT, INPUTS, SMALL);
                INDArray c = a.mmul(b)) {
            c.addi(c);
        }
        collectGarbage();
    }

    /** What is garbage in Java keeps memory of ND4J until it is collected. */
    private static void collectGarbage() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(200);
        }
    }

    private static MultiLayerNetwork base(int hidden) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .dataType(DataType.FLOAT)
                .activation(Activation.RELU)
                .updater(new Adam(1e-4))
                .list()
                .layer(new DenseLayer.Builder()
                        .name("fc1")
                        .nIn(INPUTS)
                        .nOut(hidden)
                        .build())
                .layer(new DenseLayer.Builder()
                        .name("fc2")
                        .nIn(hidden)
                        .nOut(hidden)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nIn(hidden)
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        long length = 0;
        for (NeuralNetConfiguration layer : network.getLayerWiseConfigurations().getConfs()) {
            length += layer.getLayer().initializer().numParams(layer);
        }
        // Given and not drawn: drawing takes memory that training does not.
        network.init(Nd4j.valueArrayOf(new long[] {1, length}, 0.001, DataType.FLOAT), false);
        return network;
    }

    private static DataSet batch() {
        SplittableRandom random = new SplittableRandom(1);
        float[] inputs = new float[BATCH * INPUTS];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = (float) random.nextDouble();
        }
        INDArray classes = Nd4j.zeros(DataType.FLOAT, BATCH, CLASSES);
        for (int i = 0; i < BATCH; i++) {
            classes.putScalar(i, i % CLASSES, 1);
        }
        return new DataSet(Nd4j.create(inputs, new long[] {BATCH, INPUTS}, 'c'), classes);
    }

    private static long resident(String field) {
        try {
            return Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.UTF_8).stream()
                    .filter(line -> line.startsWith(field + ":"))
                    .map(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException(
                            "/proc/self/status: no " + field + "; expected a line of it. Measure on Linux."));
        } catch (IOException e) {
            throw new UncheckedIOException("/proc/self/status: not readable; expected Linux. Measure there.", e);
        }
    }
}
