/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.stranger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The first program of the SameDiff guide in a project of its own, outside of this build, with the README's dependencies and with
 * variations that people make: it runs, learns the same numbers, and says in one line what multiplies and why.
 */
class StrangersProjectIT {

    /** Of sums in another order, in a loss near 1. */
    private static final double ROUNDING = 1e-4;

    @TempDir
    private static Path folder;

    private static String program;
    private static String dependencies;
    private static String settings;
    /** What the README's project printed, that without oneDNN, and that without the bill of materials. */
    private static String readme;

    private static String withoutOneDnn;
    private static String withoutBom;

    @BeforeAll
    static void runAll() throws IOException, InterruptedException {
        StrangersProject.install(folder.resolve("repository"));
        String code = StrangersProject.blocks("docs/guide-samediff.md", "# SameDiff guide", "java")
                .get(0);
        program = """
                import java.io.File;
                import java.nio.file.Path;
                import java.util.*;
                import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
                import org.lora4j.Lora;
                import org.lora4j.config.*;
                import org.lora4j.samediff.*;
                import org.lora4j.train.*;
                import org.nd4j.autodiff.samediff.*;
                import org.nd4j.linalg.api.buffer.DataType;
                import org.nd4j.linalg.api.ndarray.INDArray;
                import org.nd4j.linalg.dataset.DataSet;
                import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
                import org.nd4j.linalg.factory.Nd4j;
                import org.slf4j.*;

                public class Stranger {
                    private static final Logger log = LoggerFactory.getLogger(Stranger.class);

                    static INDArray values(int seed, int rows, int columns) {
                        SplittableRandom random = new SplittableRandom(seed);
                        return Nd4j.create(random.doubles((long) rows * columns, -0.5, 0.5).toArray(), rows, columns)
                                .castTo(DataType.FLOAT);
                    }

                    public static void main(String[] args) throws Exception {
                        File modelFile = new File(args[0], "model.fb");
                        File mergedFile = new File(args[0], "merged.fb");
                        Path directory = Path.of(args[0], "adapter");
                        SameDiff sd = SameDiff.create();
                        SDVariable input = sd.placeHolder("input", DataType.FLOAT, -1, 32);
                        SDVariable labels = sd.placeHolder("labels", DataType.FLOAT, -1, 3);
                        SDVariable one = sd.nn().relu(input.mmul(sd.var("dense1.weight", values(1, 32, 64))), 0);
                        SDVariable two = sd.nn().relu(one.mmul(sd.var("dense2.weight", values(2, 64, 64))), 0);
                        SDVariable logits = two.mmul(sd.var("head.weight", values(3, 64, 3)));
                        sd.nn().softmax("scores", logits, -1);
                        sd.loss().softmaxCrossEntropy("loss", labels, logits, null);
                        sd.setLossVariables("loss");
                        sd.save(modelFile, false);
                        INDArray features = values(4, 64, 32);
                        INDArray right = Nd4j.zeros(DataType.FLOAT, 64, 3);
                        for (int row = 0; row < 64; row++) {
                            right.putScalar(row, features.getDouble(row, 0) > 0 ? 0 : features.getDouble(row, 1) > 0 ? 1 : 2, 1);
                        }
                        DataSetIterator iterator =
                                new ListDataSetIterator<>(new DataSet(features, right).asList(), 16);
                """ + code + """
                        System.out.println("LOSS " + result.lastLoss());
                        System.out.println("SCORE " + scores.getDouble(0, 0));
                    }
                }
                """;
        dependencies = StrangersProject.readmeWithLogger();
        settings = StrangersProject.readme("properties").get(0);
        List<String> printed = StrangersProject.runAll(
                folder.resolve("repository"),
                List.of(
                        project("readme", dependencies),
                        project("without-onednn", without("lora-dl4j-onednn")),
                        project("without-bom", """
                <dependencies>
                <dependency><groupId>org.nd4j</groupId><artifactId>nd4j-native</artifactId><version>1.0.0-M2.1</version></dependency>
                <dependency><groupId>org.lora4j</groupId><artifactId>lora-dl4j</artifactId><version>0.1.0-SNAPSHOT</version></dependency>
                <dependency><groupId>org.lora4j</groupId><artifactId>lora-dl4j-onednn</artifactId><version>0.1.0-SNAPSHOT</version></dependency>
                """ + StrangersProject.LOGGER + "</dependencies>")));
        readme = printed.get(0);
        withoutOneDnn = printed.get(1);
        withoutBom = printed.get(2);
    }

    private static StrangersProject project(String name, String ofPom) throws IOException {
        StrangersProject project = new StrangersProject(folder.resolve(name), ofPom, program);
        project.write("src/main/resources/simplelogger.properties", settings);
        return project;
    }

    private static double number(String printed, String name) {
        Matcher found =
                Pattern.compile("^" + name + " (\\S+)$", Pattern.MULTILINE).matcher(printed);
        assertThat(found.find()).as(printed).isTrue();
        return Double.parseDouble(found.group(1));
    }

    private static String without(String artifact) {
        Pattern dependency = Pattern.compile("\\s*<dependency>\\s*<groupId>[^<]*</groupId>\\s*<artifactId>" + artifact
                + "</artifactId>" + "\\s*</dependency>");
        return dependency.matcher(dependencies).replaceFirst("");
    }

    @Test
    void readmesProject_multipliesByOneDnn_andSaysSo() {
        assertThat(readme.lines().filter(line -> line.contains("products by oneDNN")))
                .hasSize(1);
        // Of the log: newer JDKs have warnings of their own, about native access and Unsafe.
        assertThat(readme).doesNotContain("] WARN ");
        assertThat(number(readme, "LOSS")).isBetween(0.1, 1.1);
    }

    @Test
    void projectWithoutOneDnn_learnsTheSame_andSaysWhatToAdd() {
        assertThat(withoutOneDnn.lines().filter(line -> line.contains("Matrices are multiplied by ND4J")))
                .singleElement()
                .asString()
                .contains("its classes are not on the class path; expected org.lora4j:lora-dl4j-onednn");
        assertThat(number(withoutOneDnn, "LOSS")).isCloseTo(number(readme, "LOSS"), offset(ROUNDING));
        assertThat(number(withoutOneDnn, "SCORE")).isCloseTo(number(readme, "SCORE"), offset(ROUNDING));
    }

    /** ND4J M2.1 brings JavaCPP 1.5.7 then, for which oneDNN's binding was not built. */
    @Test
    void projectWithoutTheBom_learnsTheSame_andSaysWhichVersionIsMissing() {
        assertThat(withoutBom.lines().filter(line -> line.contains("Matrices are multiplied by ND4J")))
                .singleElement()
                .asString()
                .contains("needs org.bytedeco:javacpp 1.5.13, and 1.5.7 is on the class path: import"
                        + " org.lora4j:lora4j-bom");
        assertThat(number(withoutBom, "LOSS")).isCloseTo(number(readme, "LOSS"), offset(ROUNDING));
        assertThat(number(withoutBom, "SCORE")).isCloseTo(number(readme, "SCORE"), offset(ROUNDING));
    }
}
