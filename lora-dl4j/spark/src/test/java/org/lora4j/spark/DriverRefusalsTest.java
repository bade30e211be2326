/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.spark.ml.attribute.AttributeGroup;
import org.apache.spark.ml.attribute.NominalAttribute;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.samediff.SameDiffFile;
import org.lora4j.text.LabeledText;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** What the driver can know it refuses itself, all in one message, before Spark has a job to run. */
class DriverRefusalsTest {

    private static final int WIDTH = 6;
    private static final int CLASSES = 3;

    @TempDir
    private static Path folder;

    private static String encoder;

    private final AtomicInteger jobs = new AtomicInteger();
    private final SparkListener counting = new SparkListener() {
        @Override
        public void onJobStart(SparkListenerJobStart start) {
            jobs.incrementAndGet();
        }
    };

    /** Something that is refused, and words that the message has. */
    private record Refusal(String name, Attempt attempt, String... words) {

        @Override
        public String toString() {
            return name;
        }
    }

    private interface Attempt {
        void run() throws IOException;
    }

    @BeforeAll
    static void makeModel() throws IOException {
        encoder = TinyModel.in(folder).toString();
    }

    @BeforeEach
    void count() {
        LocalSpark.session().sparkContext().addSparkListener(counting);
    }

    @AfterEach
    void stopCounting() {
        LocalSpark.session().sparkContext().removeSparkListener(counting);
    }

    private int jobs() {
        try {
            LocalSpark.session().sparkContext().listenerBus().waitUntilEmpty(10_000);
        } catch (java.util.concurrent.TimeoutException e) {
            throw new IllegalStateException(e);
        }
        return jobs.get();
    }

    // Tables.

    private static Dataset<Row> vectors(Metadata ofFeatures, Metadata ofLabel) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            double[] values = new double[WIDTH];
            values[i % CLASSES] = 1;
            rows.add(RowFactory.create(Vectors.dense(values), (double) (i % CLASSES)));
        }
        return LocalSpark.session().createDataFrame(rows, new StructType(new StructField[] {
            new StructField("features", SQLDataTypes.VectorType(), true, ofFeatures),
            new StructField("label", DataTypes.DoubleType, true, ofLabel)
        }));
    }

    private static Dataset<Row> vectors() {
        return vectors(Metadata.empty(), Metadata.empty());
    }

    private static Dataset<Row> texts() {
        List<LabeledText> texts = TinyModel.texts(12, 3);
        return LocalSpark.table("text STRING, label STRING", TinyModel.rows(texts));
    }

    // Bases.

    private static String saved(String name, Model network) {
        Path zip = folder.resolve(name + ".zip");
        try {
            NetworkFile.write(network, zip);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return zip.toString();
    }

    private static DenseLayer dense(int in) {
        return new DenseLayer.Builder()
                .nIn(in)
                .nOut(8)
                .activation(Activation.TANH)
                .build();
    }

    private static OutputLayer output(int in) {
        return new OutputLayer.Builder()
                .nIn(in)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static String layers(String name, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list =
                new NeuralNetConfiguration.Builder().seed(3).list();
        Arrays.stream(layers).forEach(list::layer);
        MultiLayerNetwork network = new MultiLayerNetwork(list.build());
        network.init();
        return saved(name, network);
    }

    private static String network() {
        return layers("network", dense(WIDTH), output(8));
    }

    private static String graphOfTwoInputs() {
        ComputationGraphConfiguration configuration = new NeuralNetConfiguration.Builder()
                .seed(3)
                .graphBuilder()
                .addInputs("left", "right")
                .addLayer("dense", dense(2 * WIDTH), "left", "right")
                .addLayer("out", output(8), "dense")
                .setOutputs("out")
                .build();
        ComputationGraph network = new ComputationGraph(configuration);
        network.init();
        return saved("twoInputs", network);
    }

    private static String graphOfTwoOutputs() {
        ComputationGraphConfiguration configuration = new NeuralNetConfiguration.Builder()
                .seed(3)
                .graphBuilder()
                .addInputs("in")
                .addLayer("dense", dense(WIDTH), "in")
                .addLayer("one", output(8), "dense")
                .addLayer("two", output(8), "dense")
                .setOutputs("one", "two")
                .build();
        ComputationGraph network = new ComputationGraph(configuration);
        network.init();
        return saved("twoOutputs", network);
    }

    private static String sameDiff(boolean loss) {
        SameDiff sd = SameDiff.create();
        SDVariable input = sd.placeHolder("input", DataType.FLOAT, -1, WIDTH);
        SDVariable labels = sd.placeHolder("labels", DataType.FLOAT, -1, CLASSES);
        SDVariable hidden = sd.math.tanh(
                input.mmul("dense1/product", sd.var("dense1/weight", Nd4j.ones(DataType.FLOAT, WIDTH, 8))));
        SDVariable logits =
                hidden.mmul("dense2/product", sd.var("dense2/weight", Nd4j.ones(DataType.FLOAT, 8, CLASSES)));
        sd.nn.softmax("output", logits, 1);
        if (loss) {
            sd.loss.softmaxCrossEntropy("loss", labels, logits, null);
            sd.setLossVariables("loss");
        }
        Path file = folder.resolve("graph" + loss + ".fb");
        try {
            SameDiffFile.write(sd, file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file.toString();
    }

    private static String damaged() {
        Path file = folder.resolve("damaged.zip");
        try {
            byte[] whole = Files.readAllBytes(Path.of(network()));
            Files.write(file, Arrays.copyOf(whole, whole.length / 2));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file.toString();
    }

    private static LoraClassifier over(String base) {
        return new LoraClassifier().setCheckpoint(base).setEpochs(1);
    }

    private static LoraTextClassifier overTexts() {
        return new LoraTextClassifier().setCheckpoint(encoder).setRank(2).setEpochs(1);
    }

    private static Metadata names(String... labels) {
        return NominalAttribute.defaultAttr()
                .withName("label")
                .withValues(labels)
                .toMetadata();
    }

    static Stream<Refusal> refusals() {
        return Stream.of(
                new Refusal(
                        "a network of two inputs",
                        () -> over(graphOfTwoInputs()).fit(vectors()),
                        "2 inputs",
                        "left"),
                new Refusal(
                        "a network of two outputs",
                        () -> over(graphOfTwoOutputs()).fit(vectors()),
                        "2 outputs",
                        "two"),
                new Refusal(
                        "a network that reads sequences",
                        () -> over(layers(
                                        "sequences",
                                        new LSTM.Builder()
                                                .nIn(WIDTH)
                                                .nOut(8)
                                                .activation(Activation.TANH)
                                                .build(),
                                        new RnnOutputLayer.Builder()
                                                .nIn(8)
                                                .nOut(CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build()))
                                .fit(vectors()),
                        "checkpoint = ",
                        "rows of " + WIDTH + " numbers"),
                new Refusal(
                        "a network without a loss",
                        () -> over(layers("noLoss", dense(WIDTH), dense(8))).fit(vectors()),
                        "checkpoint = ",
                        "loss"),
                new Refusal("a damaged network", () -> over(damaged()).fit(vectors()), "checkpoint = ", "damaged"),
                new Refusal(
                        "targets that are not there",
                        () -> over(network())
                                .setTargetModules(new String[] {"query"})
                                .fit(vectors()),
                        "targetModules \"query\" matches no module"),
                new Refusal(
                        "modules to save that are not there",
                        () -> over(network())
                                .setModulesToSave(new String[] {"head"})
                                .fit(vectors()),
                        "modulesToSave \"head\" matches no module"),
                new Refusal(
                        "labels that the column names, more than outputs",
                        () -> over(network()).fit(vectors(Metadata.empty(), names("a", "b", "c", "d"))),
                        "there are 4 labels, but the base has 3 outputs"),
                new Refusal(
                        "vectors of another width",
                        () -> over(network()).fit(vectors(new AttributeGroup("features", 4).toMetadata(), names("a"))),
                        "featuresCol = \"features\", vectors of 4 numbers, expected " + WIDTH),
                new Refusal(
                        "names that a graph does not have",
                        () -> over(sameDiff(true))
                                .setInputName("x")
                                .setOutputName("y")
                                .setLabelsName("z")
                                .fit(vectors()),
                        "inputName = \"x\"",
                        "outputName = \"y\"",
                        "labelsName = \"z\""),
                new Refusal(
                        "a graph without a loss", () -> over(sameDiff(false)).fit(vectors()), "checkpoint = ", "loss"),
                new Refusal(
                        "several workers over a network, and more than there are slots",
                        () -> over(network())
                                .setDistributed(true)
                                .setNumWorkers(50)
                                .setGradientParts(64)
                                .fit(vectors()),
                        "the base runs batches whole",
                        "numWorkers = 50"),
                new Refusal(
                        "columns, targets and modules, all wrong",
                        () -> over(network())
                                .setFeaturesCol("vectors")
                                .setTargetModules(new String[] {"query"})
                                .setModulesToSave(new String[] {"head"})
                                .fit(vectors()),
                        "featuresCol = \"vectors\", but the table has no such column",
                        "targetModules \"query\" matches no module",
                        "modulesToSave \"head\" matches no module"),
                new Refusal(
                        "a column and a base that is not there",
                        () -> over(folder.resolve("nowhere/base.zip").toString())
                                .setLabelCol("labels")
                                .fit(vectors()),
                        "labelCol = \"labels\", but the table has no such column",
                        "which the driver does not see"),
                new Refusal(
                        "an encoder that is not there, and columns",
                        () -> overTexts()
                                .setCheckpoint(folder.resolve("nowhere/encoder").toString())
                                .setTextCol("texts")
                                .fit(texts()),
                        "textCol = \"texts\", but the table has no such column",
                        "which the driver does not see"),
                new Refusal(
                        "an encoder's targets",
                        () -> overTexts()
                                .setTargetModules(new String[] {"query_proj"})
                                .fit(texts()),
                        "targetModules \"query_proj\" matches no module"),
                new Refusal(
                        "an encoder's pooler that nothing reads",
                        () -> overTexts()
                                .setTargetModules(new String[] {"q", "pooler.dense"})
                                .fit(texts()),
                        "no gradient can reach \"pooler.dense\""),
                new Refusal(
                        "texts that are longer than the encoder's",
                        () -> overTexts()
                                .setMaxTokenLen(100_000)
                                .setTargetModules(new String[] {"query_proj"})
                                .fit(texts()),
                        "100000"),
                new Refusal(
                        "a published encoder that there is not",
                        () -> overTexts().setCheckpoint("no-such-encoder").fit(texts()),
                        "no-such-encoder"),
                new Refusal(
                        "adapters by key, with a key, a column and a base that are not there",
                        () -> AdaptersByKey.of(
                                        overTexts()
                                                .setCheckpoint(folder.resolve("nowhere/encoder")
                                                        .toString())
                                                .setLabelCol("labels"),
                                        "customer",
                                        folder.resolve("keys").toString())
                                .fit(texts()),
                        "keyCol = \"customer\", but the table has no such column",
                        "labelCol = \"labels\", but the table has no such column",
                        "which the driver does not see"),
                new Refusal(
                        "adapters in a folder that is not there",
                        () -> new LoraAdapterClassifier()
                                .setCheckpoint(encoder)
                                .setAdapterCol("label")
                                .setAdaptersPath(folder.resolve("nowhere").toString())
                                .transform(texts())
                                .count(),
                        "adaptersPath = "));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void refusal_comesFromTheDriver_andIsWhole(Refusal refusal) {
        assertThatThrownBy(refusal.attempt()::run)
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .contains(refusal.words());
        assertThat(jobs()).isZero();
    }

    @Test
    void adapterThatDoesNotFitItsBase_isRefusedBeforeRowsAreRead() {
        Dataset<Row> table = vectors();
        LoraClassificationModel model = over(network()).fit(table);
        int before = jobs();
        assertThat(before).isPositive();

        assertThatThrownBy(() -> model.setCheckpoint(layers("wider", dense(WIDTH + 1), output(8)))
                        .transform(table)
                        .count())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("checkpoint = ")
                .hasMessageContaining("lora_A");
        assertThat(jobs()).isEqualTo(before);
    }
}
