/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.docs.TinyModelFiles;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.pretrained.Pooling;

/** A saved task finds its encoder where the caller allows it, and nowhere else. */
class TaskWithItsEncoderTest {

    private static final List<LabeledText> TRAIN =
            List.of(new LabeledText("a good film", "yes"), new LabeledText("a bad film", "no"));

    @TempDir
    Path folder;

    private Path models;
    private Path saved;
    private Prediction expected;

    @BeforeEach
    void save() throws IOException {
        models = Files.createDirectory(folder.resolve("models"));
        saved = folder.resolve("task");
        Path model = TinyModelFiles.writeDirectory(models.resolve("tiny"));
        try (TextEncoder read = TextEncoder.load(model);
                TextEncoder pooled = read.withPooling(Pooling.CLS);
                TextEncoder encoder = pooled.withMaxLength(9);
                TextClassifier classifier = TextClassifier.builder(encoder)
                        .epochs(1)
                        .validationFraction(0)
                        .build()
                        .fit(TRAIN)) {
            expected = classifier.predict("a good film");
            classifier.save(saved);
        }
    }

    @Test
    void load_withTheFolderOfTheEncoder_predictsTheSame_withItsPoolingAndLength() throws IOException {
        try (TextClassifier classifier = TextClassifier.load(saved, models)) {
            assertThat(classifier.predict("a good film")).isEqualTo(expected);
            assertThat(classifier.encoder().pooling()).isEqualTo(Pooling.CLS);
            assertThat(classifier.encoder().maxLength()).isEqualTo(9);
        }
    }

    @Test
    void load_onAnotherMachine_findsTheEncoderByItsLastNames() throws IOException {
        Path other = Files.createDirectories(folder.resolve("srv/models"));
        Files.move(models.resolve("tiny"), other.resolve("tiny"));

        try (TextClassifier classifier =
                TextClassifier.load(saved, folder.resolve("nothing").getParent(), other)) {
            assertThat(classifier.predict("a good film")).isEqualTo(expected);
        }
    }

    @Test
    void load_withoutAFolder_saysWhatToGive() {
        assertThatThrownBy(() -> TextClassifier.load(saved))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("no published one")
                .hasMessageContaining("TextClassifier.load(directory, folder)");
    }

    @Test
    void load_ofALinkOutOfTheFolder_isRefused() throws IOException {
        Path allowed = Files.createDirectory(folder.resolve("allowed"));
        Files.createSymbolicLink(allowed.resolve("tiny"), models.resolve("tiny"));

        assertThatThrownBy(() -> TextClassifier.load(saved, allowed))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("no links to other places");
    }

    @Test
    void load_ofAFileThatLinksOutOfTheFolder_isRefused() throws IOException {
        Path outside = Files.move(models.resolve("tiny/config.json"), folder.resolve("config.json"));
        Files.createSymbolicLink(models.resolve("tiny/config.json"), outside);

        assertThatThrownBy(() -> TextClassifier.load(saved, models))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("no links to other places");
    }

    @Test
    void load_ofOtherWeightsUnderTheName_isRefused() throws IOException {
        Path weights = models.resolve("tiny/model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length / 2] ^= 0x40;
        Files.write(weights, bytes);

        assertThatThrownBy(() -> TextClassifier.load(saved, models))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("sha256 of the encoder is");
    }

    @Test
    void load_ofATaskThatNamesAPathAbove_looksOnlyBelowTheFolder() throws IOException {
        Path description = saved.resolve("lora4j_text.json");
        String text = Files.readString(description);
        String name = models.resolve("tiny").toString();
        assertThat(text).contains(name);
        Files.writeString(
                description,
                text.replace(name, models.resolve("../models/../../etc/tiny").toString()));

        assertThatThrownBy(() -> TextClassifier.load(saved, Files.createDirectory(folder.resolve("empty"))))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("is not below");
    }

    /** The tokenizer of an ONNX file may lie in the folder above, which then has to be within, too. */
    @Test
    void load_ofAnOnnxFile_readsNothingAboveTheFolder() throws IOException {
        Path model = Files.createDirectories(models.resolve("onnx-tiny/onnx"));
        Path onnx = TinyModelFiles.writeOnnx(model);
        TinyModelFiles.writeTokenizer(model.getParent());
        Files.writeString(model.resolveSibling("config.json"), "{\"num_attention_heads\": 2}");
        Path task = folder.resolve("onnx-task");
        try (TextEncoder read = TextEncoder.load(onnx);
                TextClassifier classifier = TextClassifier.builder(read)
                        .headOnly()
                        .validationFraction(0)
                        .build()
                        .fit(TRAIN)) {
            classifier.save(task);
        }

        try (TextClassifier classifier = TextClassifier.load(task, models)) {
            assertThat(classifier.labels()).containsExactly("no", "yes");
        }
        assertThatThrownBy(() -> TextClassifier.load(task, model))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("is not below");
    }
}
