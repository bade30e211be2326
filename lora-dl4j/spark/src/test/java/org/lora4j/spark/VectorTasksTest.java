/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.evaluation.RegressionEvaluator;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.samediff.SameDiffFile;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class VectorTasksTest {

    private static final int WIDTH = 6;

    @TempDir
    private Path folder;

    private static StructType schema(String label) {
        return DataTypes.createStructType(List.of(
                DataTypes.createStructField("features", SQLDataTypes.VectorType(), true),
                DataTypes.createStructField(label, DataTypes.DoubleType, true)));
    }

    /** Vectors whose label is the largest of their first three numbers, and their sum. */
    private static Dataset<Row> table(int count, boolean sums) {
        Random random = new Random(5);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            double[] values = random.doubles(WIDTH, -1, 1).toArray();
            int best = 0;
            for (int j = 1; j < 3; j++) {
                best = values[j] > values[best] ? j : best;
            }
            Vector vector = Vectors.dense(values);
            double label = sums ? values[0] + values[1] : best;
            rows.add(RowFactory.create(i % 2 == 0 ? vector : vector.toSparse(), label));
        }
        return LocalSpark.session().createDataFrame(rows, schema("label"));
    }

    private Path network(int outputs, Activation activation, LossFunctions.LossFunction loss) throws IOException {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .list()
                .layer(new DenseLayer.Builder()
                        .nIn(WIDTH)
                        .nOut(12)
                        .activation(Activation.TANH)
                        .build())
                .layer(new OutputLayer.Builder(loss)
                        .nIn(12)
                        .nOut(outputs)
                        .activation(activation)
                        .build())
                .build());
        network.init();
        Path zip = folder.resolve("network" + outputs + ".zip");
        NetworkFile.write(network, zip);
        return zip;
    }

    private Path graph() throws IOException {
        Nd4j.getRandom().setSeed(3);
        SameDiff sd = SameDiff.create();
        SDVariable input = sd.placeHolder("input", DataType.FLOAT, -1, WIDTH);
        SDVariable labels = sd.placeHolder("labels", DataType.FLOAT, -1, 3);
        SDVariable hidden = sd.math.tanh(input.mmul(
                "dense1/product",
                sd.var("dense1/weight", Nd4j.rand(DataType.FLOAT, WIDTH, 12).subi(0.5))));
        SDVariable logits = hidden.mmul(
                "dense2/product",
                sd.var("dense2/weight", Nd4j.rand(DataType.FLOAT, 12, 3).subi(0.5)));
        sd.nn.softmax("output", logits, 1);
        sd.loss.softmaxCrossEntropy("loss", labels, logits, null);
        sd.setLossVariables("loss");
        Path file = folder.resolve("graph.fb");
        SameDiffFile.write(sd, file);
        return file;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void classifier_learnsOverANetworkOrAGraph(boolean network) throws IOException {
        Path base = network ? network(3, Activation.SOFTMAX, LossFunctions.LossFunction.MCXENT) : graph();
        Dataset<Row> table = table(240, false);
        MulticlassClassificationEvaluator accuracy = new MulticlassClassificationEvaluator().setMetricName("accuracy");

        LoraClassificationModel model = new LoraClassifier()
                .setCheckpoint(base.toString())
                .setEpochs(30)
                .setLearningRate(2e-2)
                .fit(table);

        Dataset<Row> predicted = model.transform(table);
        assertThat(accuracy.evaluate(predicted)).isGreaterThan(0.85);
        assertThat(model.labels()).containsExactly("0", "1", "2");
        Vector probability = predicted.first().getAs("probability");
        assertThat(probability.apply(0) + probability.apply(1) + probability.apply(2))
                .isCloseTo(1, org.assertj.core.data.Offset.offset(1e-6));
        String path = folder.resolve("saved").toString();
        model.save(path);
        assertThat(LoraClassificationModel.load(path).transform(table).collectAsList())
                .isEqualTo(predicted.collectAsList());
        assertThat(Adapter.load(Path.of(path, ModelFolder.NAME)).loraConfig().rank())
                .isEqualTo(8);
    }

    @Test
    void regressor_learnsOverANetwork() throws IOException {
        Path base = network(1, Activation.IDENTITY, LossFunctions.LossFunction.MSE);
        Dataset<Row> table = table(240, true);

        LoraRegressionModel model = new LoraRegressor()
                .setCheckpoint(base.toString())
                .setEpochs(30)
                .setLearningRate(2e-2)
                .fit(table);

        assertThat(new RegressionEvaluator().setMetricName("r2").evaluate(model.transform(table)))
                .isGreaterThan(0.9);
    }

    /** The second fit of two goes on from the last checkpoint to its end at once. */
    @Test
    void twoWorkers_giveTheBytesOfOne_overAGraph() throws IOException {
        LoraClassifier alone = together(graph()).setDistributed(false);
        Dataset<Row> table = table(64, false);
        String weights = "adapter_model.safetensors";

        byte[] expected = alone.fit(table).files().files().get(weights);
        LoraClassifier together = alone.copy(ParamMap.empty())
                .setDistributed(true)
                .setCheckpointDir(folder.resolve("steps").toString())
                .setCheckpointSteps(1);

        assertThat(together.fit(table).files().files().get(weights)).isEqualTo(expected);
        assertThat(together.fit(table).files().files().get(weights)).isEqualTo(expected);
    }

    private static LoraClassifier together(Path base) {
        return new LoraClassifier()
                .setCheckpoint(base.toString())
                .setEpochs(2)
                .setGradientParts(4)
                .setNumWorkers(2)
                .setDistributed(true);
    }

    @Test
    void aNetwork_runsBatchesWhole_soSeveralWorkersAreRefused() throws IOException {
        Path network = network(3, Activation.SOFTMAX, LossFunctions.LossFunction.MCXENT);

        assertThatThrownBy(() -> together(network).fit(table(64, false)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("checkpoint = ") // on the driver, before the table is read
                .hasMessageContaining("with distributed = true, but the base runs batches whole")
                .hasMessageContaining("Set distributed to false");
    }

    @Test
    void whatCannotBeLearned_isTold() throws IOException {
        Path narrow = network(1, Activation.IDENTITY, LossFunctions.LossFunction.MSE);
        Dataset<Row> table = table(30, false);

        assertThatThrownBy(() ->
                        new LoraClassifier().setCheckpoint(narrow.toString()).fit(table))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("there are 3 labels, but the base has 1 outputs");
        assertThatThrownBy(() -> new LoraClassifier().fit(table)).hasMessageContaining("checkpoint is not set");
        assertThatThrownBy(() -> new LoraClassifier()
                        .setCheckpoint(narrow.toString())
                        .setFeaturesCol("label")
                        .fit(table))
                .hasMessageContaining("featuresCol = \"label\", a column of double, expected a vector");
    }
}
