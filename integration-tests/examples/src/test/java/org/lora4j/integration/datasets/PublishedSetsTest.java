/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.tribuo.Example;
import org.tribuo.Feature;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.data.text.impl.BasicPipeline;
import org.tribuo.data.text.impl.TextFeatureExtractorImpl;
import org.tribuo.multilabel.MultiLabel;
import org.tribuo.multilabel.MultiLabelFactory;
import org.tribuo.regression.Regressor;
import org.tribuo.util.tokens.universal.UniversalTokenizer;

/** The published sets are read as they are described by those who published them. */
class PublishedSetsTest {

    @Test
    void wine_hasTheRowsOfTheFileOnceEach() throws IOException {
        WineQuality wine = new WineQuality(SharedFiles.folder("wine-quality"));

        assertThat(new MutableDataset<>(wine.red()).size()).isEqualTo(1599 - 240);
        assertThat(new MutableDataset<>(wine.white()).size()).isEqualTo(4898 - 937);
    }

    @Test
    void wine_hasTheFeaturesAndTheGradeOfTheFirstRow() throws IOException {
        WineQuality wine = new WineQuality(SharedFiles.folder("wine-quality"));

        Example<Regressor> first = wine.red().iterator().next();

        assertThat(first).extracting(Feature::getName).containsExactlyInAnyOrderElementsOf(WineQuality.FEATURES);
        assertThat(first.lookup("fixed acidity").getValue()).isEqualTo(7.4);
        assertThat(first.lookup("alcohol").getValue()).isEqualTo(9.4);
        assertThat(first.getOutput().getValues()).containsExactly(5);
    }

    @Test
    void banking_hasAllQuestions() throws IOException {
        Banking77 banking = new Banking77(SharedFiles.folder("banking77"));

        List<LabeledText> train = banking.train();
        List<LabeledText> test = banking.test();

        assertThat(train).hasSize(10_003);
        assertThat(test).hasSize(3_080);
        assertThat(perLabel(train)).hasSize(77);
        assertThat(perLabel(test)).hasSize(77);
        assertThat(perLabel(test).values()).containsOnly(40L);
        assertThat(perLabel(train).values()).contains(35L, 187L).allMatch(count -> count >= 35 && count <= 187);
    }

    @Test
    void banking_keepsLineBreaksAndWhiteSpace() throws IOException {
        Banking77 banking = new Banking77(SharedFiles.folder("banking77"));

        assertThat(banking.train())
                .filteredOn(text -> text.text().contains("\n"))
                .hasSize(10);
        assertThat(banking.test())
                .filteredOn(text -> text.text().contains("\n"))
                .hasSize(3);
        assertThat(banking.train())
                .filteredOn(text -> !text.text().strip().equals(text.text()))
                .hasSize(9);
        assertThat(banking.test())
                .filteredOn(text -> !text.text().strip().equals(text.text()))
                .hasSize(3);
    }

    @Test
    void clinc_hasFifteenIntentsInEachOfTenDomains_andTextsOfNone() throws IOException {
        Clinc150 clinc = new Clinc150(SharedFiles.folder("clinc150"));

        assertThat(clinc.domains()).hasSize(10).startsWith("banking", "credit_cards");
        for (String domain : clinc.domains()) {
            assertThat(perLabel(clinc.intents("train", domain)).values())
                    .hasSize(15)
                    .containsOnly(50L);
            assertThat(perLabel(clinc.intents("test", domain)).values())
                    .hasSize(15)
                    .containsOnly(30L);
        }
        assertThat(clinc.outOfScope("test")).hasSize(1_000);
        assertThat(clinc.outOfScope("val")).hasSize(100);
    }

    @Test
    void clinc_hasTenDomainsOfEqualSize() throws IOException {
        Clinc150 clinc = new Clinc150(SharedFiles.folder("clinc150"));

        assertThat(perLabel(clinc.train())).hasSize(10).values().containsOnly(750L);
        assertThat(perLabel(clinc.validation())).hasSize(10).values().containsOnly(300L);
        assertThat(perLabel(clinc.test())).hasSize(10).values().containsOnly(450L);
    }

    @Test
    void draw_takesAsManyOfEachLabelAndOthersWithAnotherSeed() {
        List<LabeledText> texts = List.of(
                new LabeledText("a", "x"),
                new LabeledText("b", "y"),
                new LabeledText("c", "x"),
                new LabeledText("d", "y"),
                new LabeledText("e", "y"),
                new LabeledText("f", "x"));

        List<LabeledText> drawn = LabeledText.draw(texts, 2, 1);

        assertThat(perLabel(drawn)).isEqualTo(Map.of("x", 2L, "y", 2L));
        assertThat(texts).containsAll(drawn);
        assertThat(LabeledText.draw(texts, 2, 1)).isEqualTo(drawn);
        assertThat(List.of(2L, 3L, 4L, 5L))
                .anySatisfy(seed -> assertThat(LabeledText.draw(texts, 2, seed)).isNotEqualTo(drawn));
    }

    @Test
    void draw_ofMoreThanThereAre_saysHowManyThereAre() {
        assertThatThrownBy(() -> LabeledText.draw(List.of(new LabeledText("a", "x")), 2, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("LabeledText: 1 texts of [x]; expected 2 or more.");
    }

    @Test
    void joined_usesEveryTextOnceInOnesTwosAndThrees() {
        List<LabeledText> texts = List.of(
                new LabeledText("a", "x"),
                new LabeledText("b", "y"),
                new LabeledText("c", "x"),
                new LabeledText("d", "z"),
                new LabeledText("e", "y"),
                new LabeledText("f", "x"));

        List<LabeledText> joined = Clinc150.joined(texts, 1);

        assertThat(joined).hasSize(3);
        assertThat(joined.stream().flatMap(text -> List.of(text.text().split("\\. ")).stream()))
                .containsExactlyInAnyOrder("a", "b", "c", "d", "e", "f");
        assertThat(joined).extracting(text -> text.text().split("\\. ").length).containsExactly(1, 2, 3);
        assertThat(joined)
                .allSatisfy(text -> assertThat(text.labels())
                        .isEqualTo(Set.of(text.text().split("\\. ")).stream()
                                .flatMap(part -> labelsOf(texts, part).stream())
                                .collect(Collectors.toSet())));
    }

    @Test
    void source_ofTexts_hasTheirWordsAndTheirLabels() {
        BasicPipeline words = new BasicPipeline(new UniversalTokenizer(), 1);

        Example<Label> one = LabeledText.source(
                        "one",
                        List.of(new LabeledText("my card", "arrival")),
                        new TextFeatureExtractorImpl<Label>(words),
                        new LabelFactory())
                .iterator()
                .next();
        Example<MultiLabel> two = LabeledText.source(
                        "two",
                        Clinc150.joined(List.of(new LabeledText("my card", "banking")), 1),
                        new TextFeatureExtractorImpl<MultiLabel>(words),
                        new MultiLabelFactory())
                .iterator()
                .next();

        assertThat(one).hasSize(2);
        assertThat(one.getOutput()).isEqualTo(new Label("arrival"));
        assertThat(two.getOutput()).isEqualTo(new MultiLabel("banking"));
    }

    private static Map<String, Long> perLabel(List<LabeledText> texts) {
        return texts.stream()
                .map(LabeledText::labels)
                .flatMap(Collection::stream)
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    }

    private static Set<String> labelsOf(List<LabeledText> texts, String text) {
        return texts.stream()
                .filter(each -> each.text().equals(text))
                .findFirst()
                .orElseThrow()
                .labels();
    }
}
