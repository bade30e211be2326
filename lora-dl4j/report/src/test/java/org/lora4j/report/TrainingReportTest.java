/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.LabeledText;

class TrainingReportTest {

    @TempDir
    private Path folder;

    @Test
    void report_hasAPartForEachThingThatWasMeasured_andNoOther() throws Exception {
        PageReader all = PageReader.of(Everything.of("plain").html());
        PageReader one = PageReader.of(TrainingReport.titled("x")
                .with(LabelEvaluation.of(List.of(List.of("a")), List.of(List.of("a"))))
                .html());

        assertThat(all.texts("h2"))
                .containsExactly(
                        "Settings",
                        "Data",
                        "Learning rate and rank",
                        "Training",
                        "Evaluation",
                        "What changed where",
                        "Words that count",
                        "Samples",
                        "What is still known",
                        "Cost",
                        "Receipt",
                        "Licences");
        assertThat(one.texts("h2")).containsExactly("Evaluation");
    }

    @Test
    void summary_hasTheRunAndTheVerdicts_inASentence() {
        TrainingReport report = TrainingReport.of(Runs.fit(40, "something")).with(Everything.rate("rate"));

        assertThat(report.summary())
                .contains("accuracy 0.6000 before, 0.8000 after")
                .contains("fitting: consider, rate: consider")
                .doesNotContain("\n");
        assertThat(report.toString()).startsWith("Training: ");
    }

    @Test
    void nothingMeasured_isSaid() throws Exception {
        TrainingReport report = TrainingReport.titled("empty");

        PageReader.of(report.html()).requireHarmless();
        assertThat(report.html()).contains("Nothing was measured.");
        assertThat(report.text()).contains("Nothing was measured.");
        assertThat(report.summary()).isEqualTo("Nothing was measured.");
        assertThat(TrainingReport.read(report.write(folder.resolve("empty.json"))))
                .isEqualTo(report);
    }

    @Test
    void aFileThatExists_isReplacedOnlyWhenAskedFor() throws Exception {
        Path file = folder.resolve("report.html");
        TrainingReport report = TrainingReport.titled("first");
        assertThat(report.write(file)).isEqualTo(file);

        assertThatThrownBy(() -> report.withTitle("second").write(file))
                .isInstanceOf(FileAlreadyExistsException.class)
                .hasMessageContaining("report.html")
                .hasMessageContaining("overwrite");
        assertThat(file).content().contains("<h1 dir=\"auto\">first</h1>");
        report.withTitle("second").overwrite(file);
        assertThat(file).content().contains("<h1 dir=\"auto\">second</h1>");
    }

    @Test
    void theEndOfTheName_saysWhatIsWritten() throws Exception {
        TrainingReport report = TrainingReport.of(Runs.run(4, "x"));

        assertThat(report.write(folder.resolve("a.HTM"))).content().startsWith("<!DOCTYPE html>");
        assertThat(report.write(folder.resolve("a.json")))
                .content()
                .startsWith("{")
                .contains("\"lora4j-report\"");
        assertThat(report.write(folder.resolve("a.txt"))).content().startsWith("Training\n====");
        assertThatThrownBy(() -> report.write(folder.resolve("a.pdf")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a.pdf")
                .hasMessageContaining(".html, .json or .txt");
        assertThat(folder.resolve("a.pdf")).doesNotExist();
    }

    @Test
    void json_isReadStrictly_withAllProblemsInOneMessage() throws Exception {
        Path file = folder.resolve("report.json");
        String json = Everything.of("plain").json();
        Files.writeString(
                file,
                json.replaceFirst("\"version\" ?: ?1", "\"version\":2")
                        .replaceFirst("\"title\" ?:", "\"titel\":")
                        .replaceFirst("\"consider\"", "\"perhaps\""));

        assertThatThrownBy(() -> TrainingReport.read(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("report.json")
                .hasMessageContaining("version: expected 1")
                .hasMessageContaining("title is missing")
                .hasMessageContaining("\"titel\" is no field")
                .hasMessageContaining("\"perhaps\", expected one of good, consider, problem, unknown");
    }

    @Test
    void json_ofOtherShapes_isRefused() throws Exception {
        for (String json : List.of(
                "{}",
                "{\"format\":\"lora4j-report\"}",
                "[]",
                "{\"parts\":[{\"part\":1}]}",
                "{\"parts\":7,\"paired\":[]}")) {
            Path file = folder.resolve("other.json");
            Files.writeString(file, json);
            assertThatThrownBy(() -> TrainingReport.read(file)).isInstanceOf(CorruptAdapterException.class);
        }
    }

    /** A list of a million examples that takes no memory. */
    private static <E> List<E> million(E one) {
        return new AbstractList<>() {
            @Override
            public E get(int index) {
                return one;
            }

            @Override
            public int size() {
                return 1_000_000;
            }
        };
    }

    @Test
    void aMillionRows_areCut_andItIsSaid() throws Exception {
        PredictedLabels answers = PredictedLabels.of(million("a"), million(Map.of("b", 0.75)))
                .withTexts(List.copyOf(million("word ".repeat(400))));
        TrainingReport report = TrainingReport.titled("many")
                .with(answers)
                .withSamples(million(new TextSample(1, "prompt", "text ".repeat(200))));

        String html = report.html();

        assertThat(html.getBytes(StandardCharsets.UTF_8).length).isLessThanOrEqualTo(TrainingReport.MOST_BYTES);
        PageReader page = PageReader.of(html);
        assertThat(page.texts("caption"))
                .anySatisfy(caption -> assertThat(caption).matches("Wrong answers.* \\(cut: \\d+ of 1,000,000 rows\\)"))
                .anySatisfy(caption ->
                        assertThat(caption).matches("What the model writes \\(cut: [\\d,]+ of 1,000,000 rows\\)"));
        assertThat(page.texts("dd")).contains("1,000,000");
        assertThat(report.text()).contains("more");
    }

    @Test
    void manyLongTables_areCutUntilTheyFit() throws Exception {
        TrainingReport report = TrainingReport.titled("many");
        List<TextSample> samples = IntStream.range(0, 1_000)
                .mapToObj(i -> new TextSample(i, "prompt " + i, "text ".repeat(700)))
                .toList();
        for (int i = 0; i < 4; i++) {
            report = report.withSamples(samples);
        }

        String html = report.html();

        assertThat(html.getBytes(StandardCharsets.UTF_8).length).isLessThanOrEqualTo(TrainingReport.MOST_BYTES);
        assertThat(PageReader.of(html).texts("caption")).hasSize(4).allMatch(caption -> caption.contains("(cut: "));
        assertThat(html).contains("characters in all)");
    }

    @Test
    void aLabelForEachRow_isNoTableOfAllByAll() throws Exception {
        List<String> truth =
                IntStream.range(0, 100_000).mapToObj(i -> "label " + i).toList();
        PredictedLabels answers = PredictedLabels.of(
                truth, truth.stream().map(label -> Map.of("other", 0.5)).toList());

        PageReader page =
                PageReader.of(TrainingReport.titled("ids").with(answers).html());

        assertThat(page.texts("figcaption")).anyMatch(caption -> caption.contains("20 most confused of 100001 labels"));
        assertThat(page.texts("caption"))
                .anyMatch(caption -> caption.matches("Each label \\(cut: [\\d,]+ of 100,001 rows\\)"));
    }

    @Test
    void manyTasks_areCut_andItIsSaid() throws Exception {
        List<String> tasks = IntStream.range(0, 300).mapToObj(i -> "task " + i).toList();
        TrainingReport report = TrainingReport.of(ForgettingReport.of(tasks, new double[300][300]));

        assertThat(PageReader.of(report.html()).texts("figcaption"))
                .anyMatch(caption -> caption.contains("(cut: ") && caption.contains("of 300 rows"));
    }

    @Test
    void upToAHundredLabels_standWhole_beyondTheMostConfused() throws Exception {
        assertThat(cells(100)).isEqualTo(100 + 1);
        assertThat(cells(101)).isEqualTo(EvaluationParts.MOST_CONFUSED + 1);
        assertThat(PageReader.of(labels(101).html()).texts("figcaption"))
                .anyMatch(caption -> caption.contains("the 20 most confused of 101 labels"));
    }

    /** Each label is told right, but that the first example is taken for the second label. */
    private static TrainingReport labels(int count) {
        List<String> truth =
                IntStream.range(0, count + 1).mapToObj(i -> "label" + i % count).toList();
        List<Map<String, Double>> scores = IntStream.range(0, count + 1)
                .mapToObj(i -> Map.of(i == 0 ? "label1" : truth.get(i), 0.9))
                .toList();
        return TrainingReport.titled("labels").with(PredictedLabels.of(truth, scores));
    }

    private static long cells(int count) throws Exception {
        return PageReader.of(labels(count).html()).elements("rect").stream()
                .filter(cell -> cell.getAttribute("class").matches("h\\d"))
                .count();
    }

    @Test
    void comparison_hasWhatDiffers_linesOfAll_andPairedDifferences() throws Exception {
        TrainingReport first = run("rank 4", 0.5, 4);
        TrainingReport second = run("rank 8", 1.0, 8);

        TrainingReport both = TrainingReport.compare(List.of(first, second));

        assertThat(both.text())
                .contains("Settings that differ")
                .contains("Settings: rank")
                .doesNotContain("Settings: same")
                .contains("Differences from rank 4 example by example")
                .contains("rank 4: loss")
                .contains("rank 8: loss");
        // 50 of 100 examples became right: 0.5 +- 1.96 * sqrt(0.25 * 100 / 99 / 100)
        assertThat(both.text()).containsPattern("rank 8 +right answers +100 +0.5 +0.4015 +0.5985 +higher");
        PageReader.of(both.html()).requireHarmless();
        assertThat(TrainingReport.read(both.write(folder.resolve("both.json")))).isEqualTo(both);
    }

    private static TrainingReport run(String title, double accuracy, int rank) {
        List<String> truth = IntStream.range(0, 100).mapToObj(i -> "a").toList();
        List<Map<String, Double>> scores = IntStream.range(0, 100)
                .mapToObj(i -> Map.of(i < 100 * accuracy ? "a" : "b", 0.9))
                .toList();
        return TrainingReport.of(Runs.fit(40, "x"))
                .withTitle(title)
                .withSettings(Everything.values("rank", rank, "same", "value"))
                .with(PredictedLabels.of(truth, scores));
    }

    @Test
    void comparison_ofRunsWithoutChange_isNoBetterThanOneExample() {
        TrainingReport run = run("one", 1, 4);

        // Nothing differs: the interval is that of one more example, and equal titles get numbers.
        assertThat(TrainingReport.compare(List.of(run, run)).text())
                .containsPattern("one \\(2\\) +right answers +100 +0 +-0.01 +0.01 +may be chance");
    }

    @Test
    void comparison_saysWhatCannotBeCompared() {
        TrainingReport run = run("one", 1, 4);
        TrainingReport other =
                TrainingReport.titled("other").with(PredictedLabels.of(List.of("a"), List.of(Map.of("a", 1.0))));

        assertThat(TrainingReport.compare(List.of(run, other)).text())
                .contains("Not compared example by example: right answers of other is of 1 examples");
        assertThatThrownBy(() -> TrainingReport.compare(List.of(run))).hasMessageContaining("number of reports = 1");
    }

    @Test
    void findings_showTheTextsThatTheyRestOn() throws Exception {
        List<LabeledText> train = List.of(MeasuresTest.text("first text", "a"), MeasuresTest.text("second text", "b"));
        TrainingReport report = TrainingReport.titled("data").with(Everything.data("q"), train);

        PageReader page = PageReader.of(report.html());

        assertThat(page.texts("caption")).anyMatch(caption -> caption.startsWith("Labels that look wrong"));
        assertThat(page.texts("td")).contains("first text", "second text");
        assertThat(report.summary()).isEqualTo("data: consider");
    }

    @Test
    void words_keepTheTextBetweenThem() throws Exception {
        PageReader page = PageReader.of(
                TrainingReport.titled("words").with(Everything.words("Why")).html());

        assertThat(page.elements("p").stream()
                        .filter(p -> p.getAttribute("class").equals("words")))
                .singleElement()
                .satisfies(p -> assertThat(p.getTextContent()).isEqualTo("Why Why Why"));
        assertThat(page.elements("mark"))
                .extracting(mark -> mark.getAttribute("class"))
                .containsExactly("p4", "n2", "p1");
    }

    @Test
    void changes_areAMatrixOfLayersByModules() throws Exception {
        PageReader page = PageReader.of(TrainingReport.titled("changes")
                .with(Everything.updates("head"))
                .html());

        assertThat(page.elements("rect").stream()
                        .filter(cell -> cell.getAttribute("class").matches("h\\d")))
                .hasSize(6);
        assertThat(page.texts("td")).contains("infinite");
    }
}
