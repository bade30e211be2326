/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A candidate against what is in use, on the same examples. */
class GateCommandTest {

    @TempDir
    Path folder;

    @Test
    void theBetterOne_isPromotedAndTheOtherWayRoundIsKept() throws IOException {
        KeptModel models = KeptModel.in(folder);
        models.train("good", "--epochs", "8", "--set", "validation-fraction=0", "--learning-rate", "0.02");
        // Learned from examples whose labels are exchanged, so that it is wrong wherever the other is right.
        Files.writeString(
                folder.resolve("wrong.csv"),
                TinyFiles.questions(40, ',')
                        .replace(",card\n", ",x\n")
                        .replace(",rate\n", ",card\n")
                        .replace(",x\n", ",rate\n"));
        models.train(
                "bad",
                List.of("--data", "IN/wrong.csv", "--text", "question", "--label", "intent"),
                "--epochs",
                "8",
                "--set",
                "validation-fraction=0",
                "--learning-rate",
                "0.01");
        String[] data = {"--data", "IN/questions.csv"};
        assertThat(models.call(ExitCode.OK, "gate", "IN/good", "IN/bad", data[0], data[1])
                        .out())
                .startsWith("promote: on 40 examples")
                .contains("McNemar's test: p = 0.0000", "card +", "rate +");
        assertThat(models.call(ExitCode.REFUSED, "gate", "IN/bad", "IN/good", data[0], data[1], "--json")
                        .out())
                .contains("\"decision\" : \"KEEP\"", "\"measured\" : \"answers that are right\"");
        assertThat(models.call(ExitCode.REFUSED, "gate", "IN/good", "IN/good", data[0], data[1])
                        .out())
                .startsWith("it cannot be said: on 40 examples");
        assertThat(models.call(ExitCode.REFUSED, "gate", "IN/good", "IN/bad", data[0], data[1], "--least-gain", "1.5")
                        .out())
                .startsWith("keep");
    }

    @Test
    @Tag("thorough")
    void numbersAndRanks_arePairedToo() throws IOException {
        KeptModel models = KeptModel.in(folder);
        Files.writeString(folder.resolve("grades.csv"), "text,grade\n" + "good card,100\nbad rate,500\n".repeat(8));
        List<String> grades = List.of("--data", "IN/grades.csv", "--number", "grade", "--set", "validation-fraction=0");
        models.train("far", grades, "--epochs", "1", "--learning-rate", "0.00001");
        models.train("near", grades, "--epochs", "10", "--learning-rate", "0.01");
        assertThat(models.call(ExitCode.OK, "gate", "IN/near", "IN/far", "--data", "IN/grades.csv")
                        .out())
                .startsWith("promote")
                .contains("measured: the absolute error with a minus")
                .doesNotContain("McNemar");
        assertThat(models.call(
                                ExitCode.USAGE,
                                "gate",
                                "IN/near",
                                "IN/far",
                                "--data",
                                "IN/grades.csv",
                                "--label-loss",
                                "0.1")
                        .err())
                .contains("answer with a label");
        StringBuilder search = new StringBuilder("q,p,right\n");
        for (String thing : List.of("card", "rate", "exchange", "new")) {
            search.append("where is my ")
                    .append(thing)
                    .append(",the ")
                    .append(thing)
                    .append(",1\n");
            search.append("where is my ").append(thing).append(",the bad,0\n");
        }
        Files.writeString(folder.resolve("search.csv"), search.toString());
        List<String> ranking =
                List.of("--data", "IN/search.csv", "--query", "q", "--passage", "p", "--relevance", "right");
        models.train("ranks", ranking, "--epochs", "1");
        assertThat(models.call(ExitCode.REFUSED, "gate", "IN/ranks", "IN/ranks", "--data", "IN/search.csv")
                        .out())
                .startsWith("it cannot be said: on 4 examples");
        assertThat(models.call(ExitCode.USAGE, "gate", "IN/ranks", "IN/near", "--data", "IN/search.csv")
                        .err())
                .contains("for ranking", "for numbers", "expected two of the same task");
        assertThat(models.call(ExitCode.USAGE, "gate", "IN/near", "IN/far").err())
                .contains("data");
        assertThat(models.call(
                                ExitCode.USAGE,
                                "gate",
                                "IN/near",
                                "IN/far",
                                "--data",
                                "IN/grades.csv",
                                "--least-gain",
                                "x")
                        .err())
                .contains("--least-gain");
    }
}
