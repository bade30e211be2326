/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.dossier.ReplayVerdict.Outcome;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.lora4j.trust.Receipt;

/** A run that is trained again is the same in every bit, and whatever was changed is found and named. */
class ReplayTest {

    private static final TextEncoder ENCODER = TinyEncoder.create();
    private static final List<LabeledText> TRAIN = TinyEncoder.reviews(24, 1);
    private static final List<LabeledText> VALIDATION = TinyEncoder.reviews(12, 2);

    @TempDir
    private Path folder;

    private Path recorded;

    @AfterAll
    static void closeEncoder() {
        ENCODER.close();
    }

    @BeforeEach
    void train() throws IOException {
        recorded = folder.resolve("recorded");
        fit(builder -> builder, TRAIN).saveTo(recorded);
    }

    private static Replay.Training fit(UnaryOperator<TextClassifier.Builder> settings, List<LabeledText> train) {
        return folder -> settings.apply(
                        TextClassifier.builder(ENCODER).epochs(2).quiet())
                .build()
                .fit(train, VALIDATION)
                .save(folder);
    }

    @Test
    void sameRun_isTheSameInEveryBit() throws IOException {
        ReplayVerdict verdict = Replay.of(recorded).run(fit(builder -> builder, TRAIN));

        assertThat(verdict.outcome()).isEqualTo(Outcome.SAME_BITS);
        assertThat(verdict).hasToString("the same in every bit");
        assertThat(verdict.json()).contains("\"outcome\" : \"SAME_BITS\"");
    }

    @Test
    void anotherExample_order_seed_andRate_areNamed() throws IOException {
        List<LabeledText> changed = new ArrayList<>(TRAIN);
        changed.set(5, new LabeledText("a very new film", TRAIN.get(5).labels()));
        List<LabeledText> reversed = new ArrayList<>(TRAIN);
        Collections.reverse(reversed);

        assertThat(Replay.of(recorded).run(fit(builder -> builder, changed)).inputs())
                .singleElement()
                .asString()
                .startsWith("the examples of train are others");
        assertThat(Replay.of(recorded).run(fit(builder -> builder, reversed)).inputs())
                .containsExactly("the examples of train are the same in another order");
        assertThat(Replay.of(recorded)
                        .run(fit(builder -> builder.seed(7), TRAIN))
                        .inputs())
                .contains("the seed was \"42\" and is \"7\"");
        assertThat(Replay.of(recorded).run(fit(builder -> builder.learningRate(1e-3), TRAIN)))
                .satisfies(verdict -> {
                    assertThat(verdict.outcome()).isEqualTo(Outcome.DIFFERENT);
                    assertThat(verdict.inputs())
                            .anySatisfy(what -> assertThat(what).startsWith("the plan optimizer was"));
                });
    }

    @Test
    void receiptThatWasForged_isFound() throws IOException {
        Path file = recorded.resolve(Receipt.FILE);
        Receipt real = Receipt.read(file);
        Receipt seed = new Receipt(
                real.task(),
                real.hashes(),
                real.data(),
                real.config(),
                real.plan(),
                43,
                real.result(),
                real.checks(),
                real.libraries(),
                real.envelope(),
                real.run());
        Files.writeString(file, seed.json());
        assertThat(Replay.of(recorded).run(fit(builder -> builder, TRAIN)).inputs())
                .containsExactly("the seed was \"43\" and is \"42\"");

        Files.writeString(file, real.json().replace(real.hash(Receipt.TRAINED).orElseThrow(), "0".repeat(64)));
        assertThatThrownBy(() -> Replay.of(recorded).run(fit(builder -> builder, TRAIN)))
                .isInstanceOf(AdapterFormatException.class);
        Files.delete(file);
        assertThatThrownBy(() -> Replay.of(recorded).run(fit(builder -> builder, TRAIN)))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("expected one, as it says what to repeat");
    }
}
