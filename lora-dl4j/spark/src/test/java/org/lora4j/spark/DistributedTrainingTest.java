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
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
    private static final List<LabeledText> TEXTS = TinyModel.texts(192, 3).stream()
            .map(text -> new LabeledText(String.join(" ", Collections.nCopies(9, text.text())), text.labels()))
            .toList();

    @TempDir
    private static Path folder;

    private static String base;
    private static Dataset<Row> table;

    @BeforeAll
    static void makeModel() throws IOException {
        base = TinyModel.in(folder, TinyModel.ELECTRA).toString();
        table = LocalSpark.table("text STRING, label STRING", TinyModel.rows(TEXTS))
                .repartition(3);
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
    void workers_giveTheBytesOfOneMachineWithAsManyParts() throws IOException {
        byte[] one = adapter(classifier());

        assertThat(adapter(classifier().setDistributed(true).setNumWorkers(1))).isEqualTo(one);
        assertThat(adapter(classifier().setDistributed(true).setNumWorkers(2))).isEqualTo(one);
        assertThat(adapter(classifier().setDistributed(true).setNumWorkers(4))).isEqualTo(one);
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
                                .epochs(2)
                                .batchSize(96)
                                .validationFraction(0)
                                .plan(plan -> plan.parts(PARTS))
                                .listener(ProgressListener.to(told::append))
                                .build()
                                .fit(rows))) {
            plain.save(folder.resolve("plain"));
            assertThat(one).isEqualTo(Files.readAllBytes(folder.resolve("plain").resolve(ADAPTER)));
        }
        // Batches that stay whole would prove nothing.
        assertThat(told.toString()).contains(PARTS + " parts");
        assertThat(adapter(classifier().setGradientParts(1))).isNotEqualTo(one);
    }

    @Test
    void steps_areToldToSparksListeners() throws InterruptedException {
        Map<String, Object> told = new ConcurrentHashMap<>();
        SparkListener listener = new SparkListener() {
            @Override
            public void onStageCompleted(SparkListenerStageCompleted stage) {
                CollectionConverters.asJava(stage.stageInfo().accumulables())
                        .values()
                        .forEach(value -> {
                            if (value.name().isDefined() && value.value().isDefined()) {
                                told.put(value.name().get(), value.value().get());
                            }
                        });
            }
        };
        LocalSpark.session().sparkContext().addSparkListener(listener);
        try {
            adapter(classifier().setDistributed(true).setNumWorkers(2));
            for (int i = 0; i < 100 && !told.containsKey("lora4j seconds of exchange"); i++) {
                Thread.sleep(50);
            }
        } finally {
            LocalSpark.session().sparkContext().removeSparkListener(listener);
        }

        // Two epochs of two batches, by two workers.
        assertThat(told).containsEntry("lora4j steps", 8L);
        assertThat((double) told.get("lora4j loss, summed over steps")).isPositive();
        assertThat((double) told.get("lora4j seconds of exchange")).isPositive();
    }

    @Test
    void checkpoints_letAFitGoOnWhereItWas() {
        String checkpoints = folder.resolve("checkpoints").toString();
        byte[] whole = adapter(classifier());
        LoraTextClassifier stopped = classifier()
                .setDistributed(true)
                .setNumWorkers(2)
                .setCheckpointDir(checkpoints)
                .setCheckpointSteps(2);

        assertThat(adapter(stopped)).isEqualTo(whole);
        // The run is over: what goes on from its last checkpoint has little to do, and ends the same.
        assertThat(adapter(stopped)).isEqualTo(whole);
        // Other rows are another run.
        Dataset<Row> fewer = table.limit(96);
        byte[] other = adapter(classifier(), fewer);
        assertThat(other).isNotEqualTo(whole);
        assertThat(adapter(stopped, fewer)).isEqualTo(other);
    }

    @Test
    void modelsWhoseBatchesCannotBeCut_areRefusedByName() throws IOException {
        LoraTextClassifier mpnet = classifier()
                .setCheckpoint(TinyModel.in(folder, TinyModel.MPNET).toString())
                .setDistributed(true);

        assertThatThrownBy(() -> adapter(mpnet))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot be cut")
                .hasMessageContaining("may mix rows");
    }

    @Test
    void clustersThatCannotRunIt_areToldBeforeAnythingIsSubmitted() {
        assertThatThrownBy(() -> adapter(classifier().setDistributed(true).setNumWorkers(50)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("gradientParts = 4 with numWorkers = 50")
                .hasMessageContaining("the cluster runs 4 tasks at a time");
    }
}
