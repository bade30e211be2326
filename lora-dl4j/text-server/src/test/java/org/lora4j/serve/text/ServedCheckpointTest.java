/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.text.EncoderFixture;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.TextClassifier;

/** Checkpoints whose heads have layers before the last one: as they were read, and after LoRA, with which the head learns whole. */
class ServedCheckpointTest {

    private static final List<String> TEXTS = List.of("t5 t6 t7", "t9 t8 t7 t6 t5 t44", "t10");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"roberta-seqcls", "distilbert-seqcls"})
    void answers_areThoseOfTheTaskAlone(String model) throws Exception {
        Path directory = EncoderFixture.model(model, folder);
        try (TextClassifier read = TextClassifier.load(directory);
                TextClassifier fitted =
                        TextClassifier.builder(directory).epochs(1).quiet().build();
                TextServer server = TextServer.builder(fitted.encoder()).build()) {
            List<Prediction> expected = read.predict(TEXTS);
            server.register("read", fitted);
            requireSame(server, "read", expected);

            List<LabeledText> train = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                train.add(new LabeledText(
                        "t" + (5 + i) + " t" + (6 + i * 3),
                        expected.get(0).scores().keySet().stream()
                                .sorted()
                                .toList()
                                .get(i % 2)));
            }
            fitted.fit(train, train.subList(0, 8));
            server.register("fitted", fitted);
            fitted.save(folder.resolve("saved"));
            server.load("saved", folder.resolve("saved"));
            requireSame(server, "fitted", fitted.predict(TEXTS));
            requireSame(server, "saved", fitted.predict(TEXTS));
        }
    }

    private static void requireSame(TextServer server, String name, List<Prediction> expected) {
        List<ClassScores> found =
                server.classify(name, Served.inputs(TEXTS)).join().results();
        for (int i = 0; i < TEXTS.size(); i++) {
            Prediction prediction = found.get(i).prediction();
            assertThat(prediction.labels()).isEqualTo(expected.get(i).labels());
            expected.get(i)
                    .scores()
                    .forEach((label, score) ->
                            assertThat(prediction.scores().get(label)).isCloseTo(score, within(1e-5)));
        }
    }
}
