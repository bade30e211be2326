/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.report.TrainingReport;

/** The page of a saved model. */
class ReportCommandTest {

    @TempDir
    Path folder;

    @Test
    void aPage_standsBesideItsModel() throws IOException {
        KeptModel models = KeptModel.in(folder);
        String trained = models.train("model", "--epochs", "1").out();
        assertThat(trained).contains("lora4j report " + folder.resolve("model"));
        assertThat(models.call(ExitCode.OK, "report", "IN/model/").out())
                .contains("report: " + folder.resolve("model.html"));
        String page = Files.readString(folder.resolve("model.html"));
        assertThat(page).startsWith("<!DOCTYPE html>").doesNotContain("where is my");
        assertThat(models.call(ExitCode.USAGE, "report", "IN/model").err())
                .contains("model.html", "is there already; nothing is overwritten", "--force");
        String told = models.call(ExitCode.OK, "report", "IN/model", "--data", "IN/questions.csv", "--force", "--json")
                .out();
        assertThat(told).contains("\"report\" : \"" + folder.resolve("model.html"), "\"summary\"");
        // The confusion matrix, which only single answers give.
        assertThat(Files.readString(folder.resolve("model.html")))
                .contains("onfusion")
                .hasSizeGreaterThan(page.length());
        models.call(ExitCode.OK, "verify", "IN/model", "--strict");
    }

    @Test
    void theEndOfTheName_saysWhatIsWritten() throws IOException {
        KeptModel models = KeptModel.in(folder);
        models.train("model", "--epochs", "1");
        models.call(ExitCode.OK, "report", "IN/model", "--out", "IN/r.json");
        models.call(ExitCode.OK, "report", "IN/model", "--out", "IN/r.txt");
        assertThat(Files.readString(folder.resolve("r.txt")))
                .contains(TrainingReport.read(folder.resolve("r.json")).summary());
        assertThat(models.call(ExitCode.USAGE, "report", "IN/model", "--out", "IN/r.pdf")
                        .err())
                .contains("r.pdf", ".html, .json, .txt");
        assertThat(models.call(ExitCode.USAGE, "report", "IN/model", "--out", "IN/model")
                        .err())
                .contains("expected a name that ends in");
        assertThat(models.call(ExitCode.INPUT, "report", "IN/other").err()).contains("there is no such directory");
        assertThat(models.call(ExitCode.INPUT, "report", "IN/model", "--data", "IN/none.csv")
                        .err())
                .contains("none.csv");
        assertThat(folder.resolve("model.html")).doesNotExist();
    }

    @Test
    void everyTask_hasAPage() throws IOException {
        KeptModel models = KeptModel.in(folder);
        Files.writeString(folder.resolve("grades.csv"), "text,grade\n" + "good card,1.5\nbad rate,4.25\n".repeat(8));
        models.train("grades", List.of("--data", "IN/grades.csv", "--number", "grade"), "--epochs", "1");
        models.call(ExitCode.OK, "report", "IN/grades", "--data", "IN/grades.csv");
        assertThat(Files.readString(folder.resolve("grades.html"))).contains("error");
        Files.writeString(
                folder.resolve("pairs.csv"), "a,b,same\n" + "my card,the card,yes\nmy card,the rate,no\n".repeat(8));
        models.train(
                "pairs",
                List.of("--data", "IN/pairs.csv", "--first", "a", "--second", "b", "--label", "same"),
                "--epochs",
                "1");
        models.call(ExitCode.OK, "report", "IN/pairs", "--data", "IN/pairs.csv");
        assertThat(Files.readString(folder.resolve("pairs.html"))).contains("onfusion");
    }

    @Test
    void twoTrainings_standBesideEachOther() throws IOException {
        KeptModel models = KeptModel.in(folder);
        models.train("one", "--epochs", "1", "--rank", "2");
        models.train("two", "--epochs", "2", "--rank", "4");
        models.call(ExitCode.OK, "compare", "IN/one", "IN/two", "--data", "IN/questions.csv", "--out", "IN/both.json");
        TrainingReport both = TrainingReport.read(folder.resolve("both.json"));
        assertThat(both.text()).contains("one", "two", "epochs");
        assertThat(models.call(ExitCode.USAGE, "compare", "IN/one", "IN/two", "--out", "IN/both.json")
                        .err())
                .contains("nothing is overwritten");
        assertThat(models.call(ExitCode.USAGE, "compare", "IN/one", "IN/two", "--data", "IN/questions.csv")
                        .err())
                .contains("--out");
    }
}
