/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What distributed training ships to its workers: the configuration as JSON, YAML or Java object, parameters and the
 * updater's state, to a process that has the library on its class path and was told nothing of its layers.
 */
class ShippedConfigurationTest {

    @TempDir
    private Path folder;

    private static LoraConfig targets(String... names) {
        return LoraConfig.builder().rank(2).dropout(0.2).targetModules(names).build();
    }

    private static DataSet batch() {
        return new DataSet(normal(5, 2, 5, 5), classes(5, 3));
    }

    private static DataSet rows() {
        return new DataSet(normal(6, 4), classes(6, 3));
    }

    private void ship(String name, INDArray array) throws IOException {
        try (DataOutputStream out =
                new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(folder.resolve(name))))) {
            Nd4j.write(array, out);
        }
    }

    private static INDArray shipped(Path folder, String name) throws IOException {
        try (DataInputStream in = new DataInputStream(Files.newInputStream(folder.resolve(name)))) {
            return Nd4j.read(in);
        }
    }

    private void ship(String name, Object configuration) throws IOException {
        try (ObjectOutputStream out = new ObjectOutputStream(Files.newOutputStream(folder.resolve(name)))) {
            out.writeObject(configuration);
        }
    }

    /** The other process: makes a network of each form and trains it on for a step. */
    static final class Worker {

        private Worker() {}

        /** Arguments: the folder. */
        public static void main(String[] arguments) throws IOException, ClassNotFoundException {
            Path folder = Path.of(arguments[0]);
            train(folder, "json", MultiLayerConfiguration.fromJson(Files.readString(folder.resolve("net.json"))));
            train(folder, "yaml", MultiLayerConfiguration.fromYaml(Files.readString(folder.resolve("net.yaml"))));
            train(folder, "object", (MultiLayerConfiguration) object(folder.resolve("net.object")));
            train(
                    folder,
                    "json",
                    ComputationGraphConfiguration.fromJson(Files.readString(folder.resolve("graph.json"))));
            train(
                    folder,
                    "yaml",
                    ComputationGraphConfiguration.fromYaml(Files.readString(folder.resolve("graph.yaml"))));
            train(folder, "object", (ComputationGraphConfiguration) object(folder.resolve("graph.object")));
        }

        private static Object object(Path file) throws IOException, ClassNotFoundException {
            try (ObjectInputStream in = new ObjectInputStream(Files.newInputStream(file))) {
                return in.readObject();
            }
        }

        private static void train(Path folder, String form, MultiLayerConfiguration configuration) throws IOException {
            MultiLayerNetwork network = new MultiLayerNetwork(configuration);
            network.init(shipped(folder, "net.parameters"), false);
            network.getUpdater().setStateViewArray(network, shipped(folder, "net.updater"), false);
            network.fit(batch());
            Files.writeString(folder.resolve("net." + form + ".trained"), text(network.params()));
        }

        private static void train(Path folder, String form, ComputationGraphConfiguration configuration)
                throws IOException {
            ComputationGraph network = new ComputationGraph(configuration);
            network.init(shipped(folder, "graph.parameters"), false);
            network.getUpdater().setStateViewArray(shipped(folder, "graph.updater"));
            network.fit(rows());
            Files.writeString(folder.resolve("graph." + form + ".trained"), text(network.params()));
        }
    }

    private static String text(INDArray array) {
        StringBuilder text = new StringBuilder();
        for (double value : values(array)) {
            text.append(Double.toHexString(value)).append('\n');
        }
        return text.toString();
    }

    @Test
    void worker_trainsOn_bitByBit_fromEveryForm() throws IOException, InterruptedException {
        MultiLayerNetwork network = DefaultAdapter.fresh(
                        AdaptedNetwork.of(Networks.normalized()), targets("conv", "fc"), 1)
                .network();
        network.fit(batch());
        ComputationGraph graph = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.graph()), targets("enc.fc1"), 1)
                .network();
        graph.fit(rows());
        Files.writeString(
                folder.resolve("net.json"), network.getLayerWiseConfigurations().toJson());
        Files.writeString(
                folder.resolve("net.yaml"), network.getLayerWiseConfigurations().toYaml());
        ship("net.object", network.getLayerWiseConfigurations());
        ship("net.parameters", network.params());
        ship("net.updater", network.getUpdater().getStateViewArray());
        Files.writeString(folder.resolve("graph.json"), graph.getConfiguration().toJson());
        Files.writeString(folder.resolve("graph.yaml"), graph.getConfiguration().toYaml());
        ship("graph.object", graph.getConfiguration());
        ship("graph.parameters", graph.params());
        ship("graph.updater", graph.getUpdater().getStateViewArray());

        ProcessBuilder worker = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Worker.class.getName(),
                folder.toString());
        Process process = worker.redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        boolean ended = process.waitFor(120, TimeUnit.SECONDS);
        process.destroyForcibly();
        network.fit(batch());
        graph.fit(rows());

        assertThat(ended).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(folder.resolve("log")))
                .isZero();
        for (String form : new String[] {"json", "yaml", "object"}) {
            assertThat(folder.resolve("net." + form + ".trained")).hasContent(text(network.params()));
            assertThat(folder.resolve("graph." + form + ".trained")).hasContent(text(graph.params()));
        }
    }
}
