/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.NativeThreads;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.ProgressListener;
import scala.jdk.javaapi.CollectionConverters;

class DistributedTrainingTest {

    private static final String ADAPTER = "adapter_model.safetensors";
    private static final int PARTS = 4;

    /** Long enough for batches that are worth cutting. */
    private static final List<LabeledText> TEXTS = TinyModel.texts(96, 3).stream()
            .map(text -> new LabeledText(String.join(" ", Collections.nCopies(9, text.text())), text.labels()))
            .toList();

    @TempDir
    private static Path folder;

    private static String base;
    private static Dataset<Row> table;

    /** What one machine learns. */
    private static byte[] one;

    @BeforeAll
    static void makeModel() throws IOException {
        base = TinyModel.in(folder, TinyModel.ELECTRA).toString();
        table = LocalSpark.table("text STRING, label STRING", TinyModel.rows(TEXTS))
                .repartition(3);
        one = adapter(classifier());
    }

    private static LoraTextClassifier classifier() {
        return new LoraTextClassifier()
                .setCheckpoint(base)
                .setRank(2)
                .setEpochs(2)
                .setBatchSize(96)
                .setValidationFraction(0)
                .setGradientParts(PARTS);
    }

    private static byte[] adapter(LoraTextClassifier classifier) {
        return adapter(classifier, table);
    }

    private static byte[] adapter(LoraTextClassifier classifier, Dataset<Row> table) {
        return classifier.fit(table).files().files().get(ADAPTER);
    }

    @Test
    void workers_giveTheBytesOfOneMachine_andOfThePlainTrainer_andTellTheirSteps() throws Exception {
        Map<String, Object> metrics = new ConcurrentHashMap<>();
        SparkListener listener = listenerOf(metrics);
        LocalSpark.session().sparkContext().addSparkListener(listener);
        byte[] together;
        try {
            together = adapter(classifier().setDistributed(true).setNumWorkers(4));
            for (int i = 0; i < 100 && !metrics.containsKey("lora4j seconds of exchange"); i++) {
                Thread.sleep(50);
            }
        } finally {
            LocalSpark.session().sparkContext().removeSparkListener(listener);
        }
        String told = plain(2, "plain");

        assertThat(together).isEqualTo(one);
        assertThat(one).isEqualTo(Files.readAllBytes(folder.resolve("plain").resolve(ADAPTER)));
        // Batches that stay whole would prove nothing.
        assertThat(told).contains(PARTS + " parts");
        // Two epochs of one batch, by four workers.
        assertThat(metrics).containsEntry("lora4j steps", 8L);
        assertThat((double) metrics.get("lora4j loss, summed over steps")).isPositive();
        assertThat((double) metrics.get("lora4j seconds of exchange")).isPositive();
    }

    private static SparkListener listenerOf(Map<String, Object> metrics) {
        return new SparkListener() {
            @Override
            public void onStageCompleted(SparkListenerStageCompleted stage) {
                CollectionConverters.asJava(stage.stageInfo().accumulables())
                        .values()
                        .forEach(value -> {
                            if (value.name().isDefined() && value.value().isDefined()) {
                                metrics.put(value.name().get(), value.value().get());
                            }
                        });
            }
        };
    }

    /** What the plain trainer tells while it learns what it leaves in a folder. */
    private static String plain(int epochs, String name) throws IOException {
        List<LabeledText> rows = table.collectAsList().stream()
                .map(row -> new LabeledText(row.getString(0), row.getString(1)))
                .toList();
        StringBuilder told = new StringBuilder();
        try (TextEncoder encoder = TextEncoder.load(Path.of(base));
                TextClassifier plain = NativeThreads.atMost(
                        1,
                        () -> TextClassifier.builder(encoder)
                                .adapter(LoraConfig.builder()
                                        .rank(2)
                                        .alpha(16)
                                        .targetModules(ModuleSelector.allLinear())
                                        .build())
                                .epochs(epochs)
                                .batchSize(96)
                                .validationFraction(0)
                                .plan(plan -> plan.parts(PARTS))
                                .listener(ProgressListener.to(told::append))
                                .build()
                                .fit(rows))) {
            plain.save(folder.resolve(name));
        }
        return told.toString();
    }

    @Test
    @Tag("thorough")
    void fiftySteps_giveTheSameBytes_whateverTheNumberOfWorkers() throws IOException {
        int epochs = 50;
        plain(epochs, "fifty");
        byte[] expected = Files.readAllBytes(folder.resolve("fifty").resolve(ADAPTER));

        assertThat(adapter(classifier().setEpochs(epochs))).isEqualTo(expected);
        for (int workers : new int[] {1, 2, 4}) {
            assertThat(adapter(
                            classifier().setEpochs(epochs).setDistributed(true).setNumWorkers(workers)))
                    .as("%d workers", workers)
                    .isEqualTo(expected);
        }
        assertThat(adapter(classifier().setEpochs(epochs).setGradientParts(1)))
                .as("another number of parts rounds otherwise")
                .isNotEqualTo(expected);
    }

    @Test
    void checkpoints_letAFitGoOnWhereItWas() {
        String checkpoints = folder.resolve("checkpoints").toString();
        LoraTextClassifier stopped = classifier()
                .setDistributed(true)
                .setNumWorkers(2)
                .setCheckpointDir(checkpoints)
                .setCheckpointSteps(1);

        assertThat(adapter(stopped)).isEqualTo(one);
        // The run is over: what goes on from its last checkpoint has little to do, and ends the same.
        assertThat(adapter(stopped)).isEqualTo(one);
        // Other rows are another run, which begins anew and has steps of its own.
        assertThat(adapter(stopped, table.limit(48))).isNotEqualTo(one);
        assertThat(folder.resolve("checkpoints").toFile().list()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "spark.dynamicAllocation.enabled",
                "spark.speculation",
                "spark.network.crypto.enabled",
                "spark.authenticate.enableSaslEncryption",
                "spark.ssl.enabled",
                "spark.ssl.rpc.enabled"
            })
    void settingsOfSparkThatDoNotFit_areToldBeforeAnythingIsSubmitted(String setting) {
        SparkConf conf = LocalSpark.session().sparkContext().conf();
        conf.set(setting, "true");
        try {
            assertThatThrownBy(() -> adapter(classifier().setDistributed(true)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(setting + " = true, expected false");
        } finally {
            conf.remove(setting);
        }
    }

    @Test
    void clustersThatCannotRunIt_areToldBeforeAnythingIsSubmitted() {
        assertThatThrownBy(() -> adapter(classifier().setDistributed(true).setNumWorkers(50)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("gradientParts = 4 with numWorkers = 50")
                .hasMessageContaining("the cluster runs 4 tasks at a time");
    }
}
