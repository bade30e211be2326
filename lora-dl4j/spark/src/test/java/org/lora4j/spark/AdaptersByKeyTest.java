/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;

class AdaptersByKeyTest {

    private static final List<String> KEYS = List.of("acme", "b/c ü", "one label");

    @TempDir
    private Path folder;

    private static Dataset<Row> table() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            for (String key : KEYS) {
                LabeledText text = TinyModel.texts(24, key.hashCode()).get(i);
                String label = key.equals("one label") ? "same" : text.labels().get(0);
                rows.add(RowFactory.create(key, text.text(), label));
            }
        }
        return LocalSpark.table("customer STRING, text STRING, label STRING", rows);
    }

    private static List<String> states(Dataset<Row> report) {
        return report.select("state").as(org.apache.spark.sql.Encoders.STRING()).collectAsList();
    }

    @Test
    void fit_writesWhatTheEstimatorWouldLearn_andGoesOnWhereItWas() throws IOException {
        LoraTextClassifier classifier = new LoraTextClassifier()
                .setCheckpoint(TinyModel.in(folder).toString())
                .setRank(2)
                .setEpochs(1)
                .setValidationFraction(0);
        Path adapters = folder.resolve("adapters");
        AdaptersByKey byKey = AdaptersByKey.of(classifier, "customer", adapters.toString());

        List<Row> report = byKey.fit(table()).collectAsList();

        assertThat(report)
                .extracting(row -> row.getString(0) + " " + row.getString(2) + " " + row.getLong(3))
                .containsExactly("acme trained 24", "b/c ü trained 24", "one label failed 24");
        assertThat(report.get(2).getString(5)).contains("a single label, \"same\"");
        Path acme = adapters.resolve("acme");
        byte[] written = Files.readAllBytes(acme.resolve("adapter_model.safetensors"));
        assertThat(Adapter.load(acme).loraConfig().rank()).isEqualTo(2);
        try (TextEncoder encoder = TextEncoder.load(Path.of(classifier.getCheckpoint()));
                TextClassifier read = TextClassifier.load(adapters.resolve("b%2Fc%20%C3%BC"), encoder)) {
            assertThat(read.labels()).hasSize(3);
        }

        LoraAdapterClassifier served = new LoraAdapterClassifier()
                .setCheckpoint(classifier.getCheckpoint())
                .setAdapterCol("customer")
                .setAdaptersPath(adapters.toString())
                .setHandleInvalid("keep")
                .setErrorCol("error");
        List<Row> asked = served.transform(table().limit(6)).collectAsList();
        LoraTextClassificationModel alone = classifier.fit(table().filter("customer = 'acme'"));
        Row expected = alone.transform(table().filter("customer = 'acme'")).first();
        int best = (int) (double) expected.<Double>getAs("prediction");
        assertThat(alone.files().files().get("adapter_model.safetensors")).isEqualTo(written);
        assertThat(asked.get(0).<String>getAs("prediction"))
                .isEqualTo(alone.labels().get(best));
        assertThat((double) asked.get(0)
                        .<String, Double>getMap(asked.get(0).fieldIndex("scores"))
                        .apply(alone.labels().get(best)))
                .isCloseTo(expected.<Vector>getAs("probability").apply(best), offset(1e-4));
        assertThat(asked.get(1).<String>getAs("prediction")).isIn("complaint", "praise", "question");
        assertThat(asked.get(2).<String>getAs("error")).contains("the adapter \"one label\" cannot be used");

        // One was damaged; the other stays untouched.
        Files.write(acme.resolve("adapter_model.safetensors"), new byte[] {1, 2, 3});
        Files.deleteIfExists(acme.resolve(".adapter_model.safetensors.crc"));
        Path untouched = adapters.resolve("b%2Fc%20%C3%BC").resolve("adapter_model.safetensors");
        Files.setLastModifiedTime(untouched, FileTime.fromMillis(1_000_000));
        Dataset<Row> again = byKey.fit(table());

        assertThat(states(again)).containsExactly("trained", "present", "failed");
        assertThat(Files.getLastModifiedTime(untouched).toMillis()).isEqualTo(1_000_000);
        assertThat(Files.readAllBytes(acme.resolve("adapter_model.safetensors")))
                .isEqualTo(written);

        // What is there was made by other settings: it is neither taken for these nor replaced.
        Dataset<Row> other = AdaptersByKey.of(classifier.setRank(3), "customer", adapters.toString())
                .fit(table());
        assertThat(states(other)).containsOnly("failed");
        assertThat(other.first().getString(5)).contains("of another base or of other settings");

        // A table that is made after an adapter was trained anew has the new one.
        Row before = served.transform(table().limit(1)).first();
        for (String file : List.of("lora4j_spark.json", ".lora4j_spark.json.crc")) {
            Files.deleteIfExists(acme.resolve(file));
        }
        byKey.fit(table().filter("customer = 'acme'"));
        Row renewed = served.transform(table().limit(1)).first();
        assertThat(renewed.get(renewed.fieldIndex("scores"))).isNotEqualTo(before.get(renewed.fieldIndex("scores")));
    }

    @Test
    @Tag("thorough")
    void keysThatDiverge_failAlone() throws IOException {
        LoraTextClassifier classifier = new LoraTextClassifier()
                .setCheckpoint(TinyModel.in(folder).toString())
                .setRank(2)
                .setEpochs(1)
                .setValidationFraction(0)
                .setLearningRate(1e30);

        Dataset<Row> report = AdaptersByKey.of(
                        classifier, "customer", folder.resolve("diverged").toString())
                .fit(table().filter("customer <> 'one label'"));

        assertThat(states(report)).containsExactly("failed", "failed");
        assertThat(report.first().getString(5)).contains("not finite");
    }

    @Test
    @Tag("thorough")
    void thousandKeys_becomeThousandAdapters_andASecondRunLeavesThem() throws IOException {
        int keys = 1_000;
        List<Row> rows = new ArrayList<>();
        for (int key = 0; key < keys; key++) {
            for (LabeledText text : TinyModel.texts(6, key)) {
                rows.add(RowFactory.create(
                        "key " + key, text.text(), text.labels().get(0)));
            }
        }
        Dataset<Row> table = LocalSpark.table("customer STRING, text STRING, label STRING", rows);
        LoraTextClassifier classifier = new LoraTextClassifier()
                .setCheckpoint(TinyModel.in(folder, TinyModel.ELECTRA).toString())
                .setRank(2)
                .setEpochs(1)
                .setValidationFraction(0);
        Path adapters = folder.resolve("thousand");
        AdaptersByKey byKey = AdaptersByKey.of(classifier, "customer", adapters.toString());

        assertThat(states(byKey.fit(table))).hasSize(keys).containsOnly("trained");
        assertThat(states(byKey.fit(table))).hasSize(keys).containsOnly("present");
        LoraTextClassificationModel alone = classifier.fit(table.filter("customer = 'key 617'"));
        assertThat(Files.readAllBytes(adapters.resolve("key%20617").resolve("adapter_model.safetensors")))
                .isEqualTo(alone.files().files().get("adapter_model.safetensors"));
    }

    @Test
    void distributed_isRefused() {
        AdaptersByKey byKey =
                AdaptersByKey.of(new LoraTextClassifier().setDistributed(true), "customer", folder.toString());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> byKey.fit(table()))
                .withMessageContaining("distributed = true, expected false");
    }

    @Test
    void names_areDifferent_andNoneIsHidden() {
        assertThat(KeyNames.folder("a b")).isEqualTo("a%20b");
        assertThat(KeyNames.folder("a%20b")).isEqualTo("a%2520b");
        assertThat(KeyNames.folder("..")).isEqualTo("%2E.");
        assertThat(KeyNames.folder("_x")).isEqualTo("%5Fx");
        String longest = "k".repeat(500);
        assertThat(KeyNames.folder(longest)).hasSizeLessThan(130).isNotEqualTo(KeyNames.folder(longest + "k"));
    }
}
