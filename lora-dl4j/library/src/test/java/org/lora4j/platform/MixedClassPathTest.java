/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.error.MixedClassPathException;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;

/** Programs with a second ND4J behind the first on their class path, as a build with the rewrite of Deeplearning4j makes them. */
class MixedClassPathTest {

    @TempDir
    private Path folder;

    /** How a program begins with the library. */
    enum Door {
        GRAPH(() -> AdaptedSameDiff.of(SameDiff.create())),
        NETWORK(() -> {
            MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                    .list()
                    .layer(new OutputLayer.Builder().nIn(2).nOut(2).build())
                    .build());
            network.init();
            AdaptedNetwork.of(network);
        }),
        ADAPTER(() -> Adapter.load(Path.of("nowhere"))),
        ENCODER(() -> EncoderWeights.random(EncoderConfig.bert(1, 4, 1, 4, 8, 4, 1), 1, DataType.FLOAT)),
        FRONT(() -> Lora.load(SameDiff.create(), Path.of("nowhere")));

        private final Entering entering;

        Door(Entering entering) {
            this.entering = entering;
        }
    }

    private interface Entering {
        void enter() throws IOException;
    }

    /** The program. */
    static final class Program {

        private Program() {}

        public static void main(String[] door) throws IOException {
            try {
                Door.valueOf(door[0]).entering.enter();
                System.out.println("entered");
            } catch (MixedClassPathException e) {
                System.out.println("refused: " + e.getMessage());
            }
        }
    }

    private String output(Door door, String more) throws Exception {
        String own = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Path output = folder.resolve("output.txt");
        Process program = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-cp",
                        own + more,
                        Program.class.getName(),
                        door.name())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(program.waitFor(120, TimeUnit.SECONDS)).isTrue();
        return Files.readString(output);
    }

    @ParameterizedTest
    @EnumSource
    void everyDoor_refusesASecondNd4j_andNamesBothJars(Door door) throws Exception {
        Path rewrite = folder.resolve("nd4j-api-2.0.0.jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(rewrite))) {
            out.putNextEntry(new JarEntry("org/nd4j/linalg/factory/Nd4j.class"));
            out.write("another build of it".getBytes(StandardCharsets.UTF_8));
            out.closeEntry();
            out.putNextEntry(new JarEntry("META-INF/maven/org.eclipse.deeplearning4j/nd4j-api/pom.properties"));
            out.write("version=2.0.0\n".getBytes(StandardCharsets.UTF_8));
            out.closeEntry();
        }

        assertThat(output(door, File.pathSeparator + rewrite))
                .contains("refused: class path: 2 problems: the class org.nd4j.linalg.factory.Nd4j is in ")
                .containsPattern("nd4j-api-1\\.0\\.0-M2\\.1\\.jar")
                .contains(rewrite.toString())
                .contains("org.eclipse.deeplearning4j:nd4j-api")
                .contains("take out all but org.nd4j and org.deeplearning4j of one version");
    }

    @Test
    void oneNd4j_isEntered() throws Exception {
        assertThat(output(Door.GRAPH, "")).contains("entered").doesNotContain("refused");
    }
}
