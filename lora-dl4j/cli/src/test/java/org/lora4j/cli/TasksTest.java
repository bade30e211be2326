/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.internal.format.json.JsonObjects;

/** Every task from file to answer, over a tiny encoder. */
class TasksTest {

    @TempDir
    Path folder;

    private Path encoder;

    @BeforeEach
    void encoder() throws IOException {
        encoder = TinyFiles.encoder(folder.resolve("encoder"));
    }

    private Path file(String name, String text) throws IOException {
        return Files.write(folder.resolve(name), text.getBytes(StandardCharsets.UTF_8));
    }

    private CliRun train(String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                "--base",
                encoder.toString(),
                "--out",
                folder.resolve("model").toString(),
                "--epochs",
                "1",
                "--json"));
        arguments.addAll(Arrays.asList(more));
        CliRun run = CliRun.of(arguments.toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.OK);
        return run;
    }

    private CliRun call(String command, String... more) {
        List<String> arguments =
                new ArrayList<>(List.of(command, folder.resolve("model").toString()));
        arguments.addAll(Arrays.asList(more));
        CliRun run = CliRun.of(arguments.toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.OK);
        return run;
    }

    private static Map<String, Object> json(String text) throws IOException {
        return JsonObjects.read("output", text);
    }

    @Test
    void classification_learnsMeasuresAndAnswers() throws IOException {
        Path data = file("questions.csv", TinyFiles.questions(40, ','));
        Map<String, Object> trained = json(train(
                        "--data",
                        data.toString(),
                        "--text",
                        "question",
                        "--label",
                        "intent",
                        "--set",
                        "test-fraction=0.25")
                .out());
        assertThat(trained).containsEntry("task", "classification").containsKeys("test", "report");
        Map<?, ?> measures = (Map<?, ?>)
                json(call("evaluate", "--data", data.toString(), "--json").out())
                        .get("measures");
        assertThat(measures.get("examples")).isEqualTo(40);
        assertThat((Double) measures.get("accuracy")).isGreaterThan(0.6);
        String answer = call("predict", "where is my card", "the exchange rate").out();
        assertThat(answer.lines())
                .hasSize(2)
                .first()
                .asString()
                .matches("(card|rate)\t[01]\\.\\d{4}\twhere is my card");
        assertThat(folder.resolve("model.run")).doesNotExist();
        assertThat(Files.readString(folder.resolve("model/lora4j.yaml"))).contains("text: question");
    }

    @Test
    void severalLabels_areToldBySeparatorOrList() throws IOException {
        StringBuilder csv = new StringBuilder("text,tags\n");
        for (int i = 0; i < 12; i++) {
            csv.append("good card,card; good\nbad rate,rate; bad\nthe new,\n");
        }
        train("--data", file("tags.csv", csv.toString()).toString(), "--label", "tags", "--label-separator", ";");
        Map<?, ?> answer = (Map<?, ?>)
                ((List<?>) json(call("predict", "good card", "--json").out()).get("answers")).get(0);
        assertThat(answer.get("label")).isInstanceOf(List.class);
        assertThat(((Map<?, ?>) answer.get("scores")).keySet().stream().map(String::valueOf))
                .containsExactlyInAnyOrder("card", "good", "rate", "bad");
    }

    @Test
    void pairs_areReadFromTwoColumns() throws IOException {
        StringBuilder tsv = new StringBuilder("a\tb\tsame\n");
        for (int i = 0; i < 12; i++) {
            tsv.append("my card\tthe card\tyes\nmy card\tthe rate\tno\n");
        }
        train(
                "--data",
                file("pairs.tsv", tsv.toString()).toString(),
                "--first",
                "a",
                "--second",
                "b",
                "--label",
                "same");
        assertThat(call("predict", "my card", "the card").out()).matches("(yes|no)\t[01]\\.\\d{4}\n");
    }

    @Test
    void tags_areReadFromConllAndSpans() throws IOException {
        String conll = "i O\nwant O\nmy O\ncard B-thing\n\nthe O\nrate B-thing\nis O\ngood O\n\n".repeat(8);
        train("--data", file("words.conll", conll).toString());
        assertThat(json(call("predict", "i want my card", "--json").out()).toString())
                .contains("entities");
        String spans =
                "{\"text\": \"my card\", \"spans\": [[3, 7, \"thing\"]]}\n{\"text\": \"the rate\", \"spans\": []}\n"
                        .repeat(8);
        train("--force", "--data", file("spans.jsonl", spans).toString(), "--spans", "spans");
        call("evaluate", "--data", folder.resolve("spans.jsonl").toString());
    }

    @Test
    void numbers_mayHaveDecimalCommas() throws IOException {
        StringBuilder csv = new StringBuilder("text;grade\n");
        for (int i = 0; i < 12; i++) {
            csv.append("good card;1,5\nbad rate;4,").append(i % 10).append('\n');
        }
        train("--data", file("grades.csv", csv.toString()).toString(), "--number", "grade");
        assertThat(Double.parseDouble(call("predict", "good card").out().strip()))
                .isBetween(0.0, 6.0);
        Map<?, ?> measures = (Map<?, ?>)
                json(call("evaluate", "--data", folder.resolve("grades.csv").toString(), "--json")
                                .out())
                        .get("measures");
        assertThat(measures.keySet().stream().map(String::valueOf)).contains("mean_absolute_error", "spearman");
    }

    @Test
    void retrievalAndRanking_areReadFromQueriesAndPassages() throws IOException {
        StringBuilder csv = new StringBuilder("q,p,right\n");
        String[] things = {"card", "rate", "exchange", "new", "lost", "good"};
        for (String thing : things) {
            csv.append("where is my ")
                    .append(thing)
                    .append(",the ")
                    .append(thing)
                    .append(",1\n");
            csv.append("where is my ").append(thing).append(",the bad,0\n");
        }
        Path data = file("search.csv", csv.toString());
        train("--data", data.toString(), "--query", "q", "--passage", "p", "--relevance", "right");
        assertThat(call("predict", "where is my card", "the card", "the bad")
                        .out()
                        .lines())
                .hasSize(2);
        train("--force", "--data", data.toString(), "--query", "q", "--passage", "p", "--batch-size", "4");
        call("evaluate", "--data", data.toString(), "--json");
    }

    @Test
    void answers_areWrittenAsCsvWithGuardedCells() throws IOException {
        train(
                "--data",
                file("questions.csv", TinyFiles.questions(20, ',')).toString(),
                "--text",
                "question",
                "--label",
                "intent");
        Path input = file("new.csv", "id,question\n1,\"=cmd(), \"\"my card\"\"\"\n2,the rate\n");
        Path output = folder.resolve("answers.csv");
        call("predict", "--input", input.toString(), "--output", output.toString(), "--guard-formulas");
        List<String> lines = Files.readAllLines(output);
        assertThat(lines.get(0)).isEqualTo("id,question,label,score");
        assertThat(lines.get(1)).startsWith("1,\"'=cmd(), \"\"my card\"\"\",");
        assertThat(CliRun.of("predict", folder.resolve("model").toString(), "x", "--output", output.toString())
                        .code())
                .isEqualTo(ExitCode.USAGE);
    }

    @Test
    @Tag("thorough")
    void everyKindOfMethod_isTrainedAndOpened() throws IOException {
        Path data = file("questions.csv", TinyFiles.questions(16, ','));
        for (String method : List.of("head", "full", "dora", "ia3")) {
            train("--force", "--data", data.toString(), "--text", "question", "--label", "intent", "--method", method);
            call("predict", "my card");
        }
    }

    @Test
    @Tag("thorough")
    void anotherMethod_isWrittenAsPlainLora() throws IOException {
        Path data = file("questions.csv", TinyFiles.questions(24, ','));
        train(
                "--data",
                data.toString(),
                "--text",
                "question",
                "--label",
                "intent",
                "--method",
                "hra",
                "--set",
                "validation-fraction=0");
        call(
                "convert",
                "--to",
                "lora",
                "--rank",
                "8",
                "--out",
                folder.resolve("plain").toString());
        assertThat(CliRun.of("inspect", folder.resolve("plain").toString()).out())
                .contains("LORA");
    }

    @Test
    void aTrainingThatDiverges_hasItsCode() throws IOException {
        Path data = file("questions.csv", TinyFiles.questions(64, ','));
        CliRun run = CliRun.of(
                "train",
                "--base",
                encoder.toString(),
                "--data",
                data.toString(),
                "--text",
                "question",
                "--label",
                "intent",
                "--out",
                folder.resolve("model").toString(),
                "--learning-rate",
                "30",
                "--set",
                "head-learning-rate=30",
                "--set",
                "validation-fraction=0",
                "--epochs",
                "3");
        assertThat(run.code()).as(run.both()).isEqualTo(ExitCode.NOT_CONVERGED);
    }

    @Test
    void argumentsFromAFile_areTaken() throws IOException {
        Path data = file("questions.csv", TinyFiles.questions(24, ','));
        Path arguments = file("arguments", "--data \"" + data + "\"\n--text question --label intent\n");
        train("@" + arguments);
        call("predict", "my card");
    }

    @Test
    void aBaseThatMoved_isToldAndFoundWhereItIsSaid() throws IOException {
        Path data = file("questions.csv", TinyFiles.questions(24, ','));
        train("--data", data.toString(), "--text", "question", "--label", "intent");
        Files.createDirectories(folder.resolve("elsewhere"));
        Files.move(encoder, folder.resolve("elsewhere/encoder"));
        CliRun run = CliRun.of("predict", folder.resolve("model").toString(), "my card");
        assertThat(run.code()).isEqualTo(ExitCode.INPUT);
        assertThat(run.err()).contains("which is not there now. Say where it is: --base DIR");
        call("predict", "my card", "--base", folder.resolve("elsewhere/encoder").toString());
    }
}
