/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.advice.Advice;
import org.lora4j.advice.Suitability;
import org.w3c.dom.Element;

/** What an answer rests on: a few values by name, the rest in tables. */
class EvidenceTest {

    @TempDir
    private Path folder;

    /** Module 10 has the largest share: 10 * 7 % 36 = 34, one less than 5 * 7 % 36 = 35. */
    private static Suitability forecast() {
        Map<String, Object> modules = new LinkedHashMap<>();
        for (int i = 0; i < 36; i++) {
            modules.put("module" + i, Everything.values("rank", 8, "share", i * 7 % 36 / 100.0, "side", 384));
        }
        return new Suitability(
                Suitability.Verdict.LORA,
                OptionalInt.of(8),
                new Advice(
                        "suitability",
                        Advice.Answer.GOOD,
                        "LoRA of rank 8.",
                        Everything.values(
                                "headAccuracy",
                                0.75,
                                "shareWithinRank",
                                Everything.values("1", 0.25, "2", 0.5),
                                "modules",
                                modules,
                                "curve",
                                List.of(1, 2))));
    }

    @Test
    void manyModules_areATableThatFolds_theLargestFirst_andTheRestStandsByName() throws Exception {
        PageReader page =
                PageReader.of(TrainingReport.titled("x").with(forecast()).html());

        assertThat(page.texts("dt")).containsExactly("headAccuracy", "shareWithinRank 1", "shareWithinRank 2");
        assertThat(page.texts("dd")).containsExactly("0.75", "0.25", "0.5");
        assertThat(page.texts("summary")).containsExactly("suitability: modules: 36 rows");
        Element fold = page.elements("details").get(0);
        assertThat(fold.getElementsByTagName("tr").getLength()).isEqualTo(1 + 36);
        assertThat(page.texts("th")).containsExactly("modules", "rank", "share", "side");
        // All ranks are 8, so the share is what they are sorted by.
        assertThat(page.texts("td").subList(0, 8))
                .containsExactly("module5", "8", "0.35", "384", "module10", "8", "0.34", "384");
    }

    @Test
    void text_hasTheFirstRows_andJsonIsReadBack() throws Exception {
        TrainingReport report = TrainingReport.titled("x").with(forecast());

        assertThat(report.text())
                .contains("headAccuracy: 0.75")
                .contains("module5")
                .contains("and 26 more");
        assertThat(TrainingReport.read(report.write(folder.resolve("report.json"))))
                .isEqualTo(report);
    }

    @Test
    void aNumberForEachOfManyLabels_isATableThatFolds() throws Exception {
        Map<String, Object> sizes = new LinkedHashMap<>();
        for (int i = 0; i < 150; i++) {
            sizes.put("label" + i, i);
        }

        PageReader page = page(Everything.values("examples", 11_175, "sizes", sizes));

        assertThat(page.texts("dt")).containsExactly("examples");
        assertThat(page.texts("summary")).containsExactly("gate: sizes: 150 rows");
        assertThat(page.texts("th")).containsExactly("sizes", "value");
        assertThat(page.texts("td").subList(0, 2)).containsExactly("label149", "149");
    }

    @Test
    void manyNumbersOfTheAnswerItself_standByName_asLongAsThereIsRoom() throws Exception {
        Map<String, Object> numbers = new LinkedHashMap<>();
        for (int i = 0; i < 50; i++) {
            numbers.put("number" + i, i);
        }

        PageReader page = page(numbers);

        assertThat(page.texts("dt")).hasSize(20).startsWith("number0").endsWith("number19");
        assertThat(page.texts("summary")).containsExactly("gate: more: 30 rows");
        assertThat(page.texts("td").subList(0, 2)).containsExactly("number49", "49");
    }

    @Test
    void theSameOfAFewThings_isATableThatDoesNotFold_inItsOrder() throws Exception {
        PageReader page = page(Everything.values(
                "head",
                Everything.values("value", 0.5, "examples", 10),
                "LoRA",
                Everything.values("value", 0.75, "above", Everything.values("low", 0.125)),
                "note",
                "x"));

        assertThat(page.texts("dt")).containsExactly("note");
        assertThat(page.elements("details")).isEmpty();
        assertThat(page.texts("caption")).containsExactly("What the answer on gate rests on");
        assertThat(page.texts("th")).containsExactly("what", "value", "examples", "above low");
        assertThat(page.texts("td")).containsExactly("head", "0.5", "10", "", "LoRA", "0.75", "", "0.125");
    }

    @Test
    void noEvidence_isTheSentenceAlone() throws Exception {
        PageReader page = page(Map.of());

        assertThat(page.elements("dl")).isEmpty();
        assertThat(page.elements("table")).isEmpty();
        assertThat(page.text()).contains("Keep what is in use.");
    }

    private static PageReader page(Map<String, Object> evidence) throws Exception {
        return PageReader.of(TrainingReport.titled("x")
                .with(new Advice("gate", Advice.Answer.PROBLEM, "Keep what is in use.", evidence))
                .html());
    }
}
