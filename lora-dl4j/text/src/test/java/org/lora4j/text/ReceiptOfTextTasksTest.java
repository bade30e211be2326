/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.trust.Receipt;

/** What a fit leaves beside its files, and what a load makes of it. */
class ReceiptOfTextTasksTest {

    private static final TextEncoder ENCODER = TinyEncoder.create();
    private static final List<LabeledText> TRAIN = TinyEncoder.reviews(24, 1);
    private static final List<LabeledText> VALIDATION = TinyEncoder.reviews(12, 2);

    @TempDir
    private Path folder;

    @AfterAll
    static void closeEncoder() {
        ENCODER.close();
    }

    private static TextClassifier fitted(UnaryOperator<TextClassifier.Builder> settings, List<LabeledText> train) {
        return settings.apply(TextClassifier.builder(ENCODER).epochs(2).quiet())
                .build()
                .fit(train, VALIDATION);
    }

    private Receipt saved(TextClassifier classifier, String name) throws IOException {
        Path directory = folder.resolve(name);
        classifier.save(directory);
        return Receipt.read(directory.resolve(Receipt.FILE));
    }

    @ParameterizedTest
    @ValueSource(strings = {"adapter", "head", "all"})
    void twoRuns_haveTheSameReceipt_butForTheRun(String tuning) throws IOException {
        UnaryOperator<TextClassifier.Builder> settings = builder -> switch (tuning) {
            case "head" -> builder.headOnly();
            case "all" -> builder.fullFineTuning();
            default -> builder;
        };
        Receipt one = saved(fitted(settings, TRAIN), "one");
        Receipt other = saved(fitted(settings, TRAIN), "other");

        assertThat(other.contentHash()).isEqualTo(one.contentHash());
        assertThat(other.run())
                .isNotEqualTo(one.run())
                .containsEntry("directory", folder.resolve("other").toString());
        assertThat(one.data().get(Receipt.TRAIN).examples()).isEqualTo(24);
        assertThat(one.data().get(Receipt.VALIDATION).examples()).isEqualTo(12);
        assertThat(one.hash(Receipt.BASE)).isPresent();
        assertThat(one.hash(Receipt.TOKENIZER)).isPresent();
        assertThat(one.seed()).isEqualTo(42);
        assertThat(one.checks()).contains("what was saved answers a probe with the same bits");
        assertThat(one.json()).doesNotContain("1970").contains("\"java\"");
    }

    @Test
    void anotherSeed_examplesInAnotherOrder_andAnotherExample_showInTheReceipt() throws IOException {
        List<LabeledText> turned = new ArrayList<>(TRAIN);
        Collections.reverse(turned);
        List<LabeledText> other = new ArrayList<>(TRAIN);
        other.set(3, new LabeledText("a very new film", TRAIN.get(3).labels()));

        Receipt first = saved(fitted(builder -> builder.headOnly(), TRAIN), "first");
        Receipt seeded = saved(fitted(builder -> builder.headOnly().seed(7), TRAIN), "seeded");
        Receipt reversed = saved(fitted(builder -> builder.headOnly(), turned), "reversed");
        Receipt changed = saved(fitted(builder -> builder.headOnly(), other), "changed");

        assertThat(seeded.seed()).isEqualTo(7);
        assertThat(reversed.data().get(Receipt.TRAIN).anyOrder())
                .isEqualTo(first.data().get(Receipt.TRAIN).anyOrder());
        assertThat(reversed.data().get(Receipt.TRAIN).inOrder())
                .isNotEqualTo(first.data().get(Receipt.TRAIN).inOrder());
        assertThat(changed.data().get(Receipt.TRAIN).anyOrder())
                .isNotEqualTo(first.data().get(Receipt.TRAIN).anyOrder());
    }

    @Test
    void loadedTask_hasItsReceipt_andSavesItAgain() throws IOException {
        TextClassifier classifier = fitted(builder -> builder, TRAIN);
        Receipt written = saved(classifier, "task");

        TextClassifier loaded = TextClassifier.load(folder.resolve("task"), ENCODER);

        assertThat(loaded.receipt()).contains(written);
        assertThat(saved(loaded, "again").contentHash()).isEqualTo(written.contentHash());
    }

    @Test
    void adapterThatWasChangedSinceItsFit_hasNoReceipt() throws IOException {
        TextClassifier classifier = fitted(builder -> builder.validationFraction(0), TRAIN);
        assertThat(classifier.receipt()).isPresent();

        classifier.model().setTrainable("default", true);
        classifier.model().trainableParameters().get(0).value().addi(0.5);
        classifier.save(folder.resolve("changed"));

        assertThat(classifier.receipt()).isEmpty();
        assertThat(folder.resolve("changed").resolve(Receipt.FILE)).doesNotExist();
    }

    @Test
    void saveWithoutReceipt_removesThatOfAnEarlierSave() throws IOException {
        TextClassifier classifier = fitted(builder -> builder, TRAIN);
        saved(classifier, "task");

        classifier.adapter().save(folder.resolve("task"));

        assertThat(folder.resolve("task").resolve(Receipt.FILE)).doesNotExist();
    }

    @Test
    void receiptOfAnotherTraining_isRefusedWithBothHashes() throws IOException {
        saved(fitted(builder -> builder, TRAIN), "task");
        Receipt other = saved(fitted(builder -> builder.seed(7).learningRate(1e-2), TRAIN), "other");
        Files.copy(
                folder.resolve("other").resolve(Receipt.FILE),
                folder.resolve("task").resolve(Receipt.FILE),
                StandardCopyOption.REPLACE_EXISTING);

        assertThatThrownBy(() -> TextClassifier.load(folder.resolve("task"), ENCODER))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining(other.hash(Receipt.TRAINED).orElseThrow());
    }

    @Test
    void receiptThatWasEdited_isRefused() throws IOException {
        saved(fitted(builder -> builder.headOnly(), TRAIN), "task");
        Path file = folder.resolve("task").resolve(Receipt.FILE);
        String text = Files.readString(file, StandardCharsets.UTF_8);

        Files.writeString(file, text.replace("\"seed\" : 42", "\"seed\" : 43"));

        assertThatThrownBy(() -> TextClassifier.load(folder.resolve("task"), ENCODER))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("the hash of its content is");
        assertThat(Receipt.read(Files.writeString(folder.resolve("task").resolve("copy.json"), text))
                        .seed())
                .isEqualTo(42);
    }
}
