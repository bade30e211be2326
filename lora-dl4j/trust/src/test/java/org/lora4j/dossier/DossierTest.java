/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.List;
import java.util.Map;
import org.cyclonedx.Version;
import org.cyclonedx.parsers.JsonParser;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.ModelSignature;
import org.lora4j.trust.Receipt;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** What a dossier writes, judged by a reader of YAML, by the schema of CycloneDX, and by a verification. */
class DossierTest {

    @TempDir
    private Path folder;

    private Path directory;

    @BeforeEach
    void writeAdapter() throws IOException {
        directory = Files.createDirectory(folder.resolve("tickets"));
        Files.writeString(
                directory.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"base_model_name_or_path\": \"acme/base\"}");
        Files.writeString(directory.resolve("adapter_model.safetensors"), "weights");
        DataHashes data = new DataHashes.Gathering().text("a").end().hashes();
        Files.writeString(
                directory.resolve(Receipt.FILE),
                new Receipt(
                                "TextClassifier",
                                Map.of("trained", "1".repeat(64), "base", "2".repeat(64)),
                                Map.of("train", data),
                                Map.of("r", 8),
                                Map.of("epochs", "3"),
                                42,
                                Map.of("metric", "accuracy", "after", 0.875, "steps", 12),
                                List.of("every module that learned has changed"),
                                Map.of("lora4j", "1.0", "nd4j", "1.0.0-M2.1"),
                                Map.of("java", "OpenJDK | 17"),
                                Map.of("directory", "/home/somebody"))
                        .json());
    }

    private Dossier dossier() {
        return Dossier.of(directory)
                .license("apache-2.0")
                .base("acme/base", "mit")
                .dataset("acme/tickets", "cc-by-4.0")
                .intendedUse("Routing tickets: it's for \"support\".\nNothing else.")
                .limit("English only. <script>alert(1)</script>")
                .findings(List.of("3 texts are in both parts"))
                .languages("en")
                .tags("text-classification");
    }

    @SuppressWarnings("unchecked") // A header is a map.
    private static Map<String, Object> header(String card) {
        assertThat(card).startsWith("---\n");
        String yaml = card.substring(4, card.indexOf("\n---\n"));
        return (Map<String, Object>) new Yaml(new SafeConstructor(new LoaderOptions())).load(yaml);
    }

    @Test
    void card_hasTheHeaderOfHuggingFace() throws IOException {
        dossier().write();

        String card = Files.readString(directory.resolve("README.md"));
        assertThat(header(card))
                .containsEntry("base_model", "acme/base")
                .containsEntry("library_name", "peft")
                .containsEntry("license", "apache-2.0")
                .containsEntry("language", List.of("en"))
                .containsEntry("datasets", List.of("acme/tickets"))
                .containsEntry("metrics", List.of("accuracy"))
                .containsEntry("tags", List.of("lora", "lora4j", "text-classification"));
        assertThat(card)
                .contains("* Routing tickets: it's for \"support\". Nothing else.")
                .contains("&lt;script>")
                .contains("| after | 0.875 |")
                .contains("| java | OpenJDK \\| 17 |")
                .contains("* acme/base: mit")
                .contains("* 3 texts are in both parts")
                .as("what is personal stays in the receipt's part about the run")
                .doesNotContain("/home/somebody");
    }

    @Test
    void bill_isValidByTheSchemaOfCycloneDx() throws Exception {
        dossier().write();

        byte[] bill = Files.readAllBytes(directory.resolve(Dossier.BILL));
        assertThat(new JsonParser().validate(bill, Version.VERSION_16)).isEmpty();
        JsonNode read = new ObjectMapper().readTree(bill);
        JsonNode model = read.at("/metadata/component");
        assertThat(model.path("type").asText()).isEqualTo("machine-learning-model");
        assertThat(model.at("/hashes/0/content").asText()).isEqualTo("1".repeat(64));
        assertThat(model.at("/modelCard/quantitativeAnalysis/performanceMetrics/0/value")
                        .asText())
                .isEqualTo("0.875");
        assertThat(model.at("/modelCard/considerations/technicalLimitations/0").asText())
                .isEqualTo("English only. <script>alert(1)</script>");
        assertThat(read.path("components")).anySatisfy(part -> {
            assertThat(part.path("name").asText()).isEqualTo("acme/base");
            assertThat(part.at("/hashes/0/content").asText()).isEqualTo("2".repeat(64));
            assertThat(part.at("/licenses/0/license/name").asText()).isEqualTo("mit");
        });
    }

    @Test
    void twoDossiers_haveTheSameBytes_andASignatureIsOfAllFiles() throws Exception {
        dossier().write();
        String card = Files.readString(directory.resolve("README.md"));
        String bill = Files.readString(directory.resolve(Dossier.BILL));
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair keys = generator.generateKeyPair();

        dossier().signedBy(keys).write();

        assertThat(directory.resolve("README.md")).hasContent(card);
        assertThat(directory.resolve(Dossier.BILL)).hasContent(bill);
        ModelSignature.verify(directory, List.of(keys.getPublic()));
        Files.writeString(directory.resolve(Dossier.BILL), bill.replace("mit", "gpl"));
        assertThatThrownBy(() -> ModelSignature.verify(directory, List.of(keys.getPublic())))
                .hasMessageContaining("bom.cdx.json");
        dossier().write();
        assertThat(directory.resolve(ModelSignature.FILE))
                .as("a signature of other files")
                .doesNotExist();
    }

    @Test
    void licensesThatAreMissing_areToldTogether() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Dossier.of(directory).write())
                .withMessageContaining("2 problems")
                .withMessageContaining("no license")
                .withMessageContaining("\"acme/base\" has no license");
        assertThat(directory.resolve(Dossier.BILL)).doesNotExist();
    }

    @Test
    void cardOfSomebodyElse_isNotReplaced_andAnEmptyDirectoryHasNoDossier() throws IOException {
        Files.writeString(directory.resolve("README.md"), "# My own words");
        assertThatThrownBy(() -> dossier().write())
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("a card that somebody else wrote");
        assertThat(directory.resolve("README.md")).hasContent("# My own words");

        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThatThrownBy(() -> Dossier.of(empty).license("mit").write())
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("something that was trained");
    }
}
