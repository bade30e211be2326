/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.methods;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrialLogTest {

    @TempDir
    private Path folder;

    private final List<String> said = new ArrayList<>();

    private TrialLog open(String file) throws IOException {
        return new TrialLog(folder.resolve(file), said::add);
    }

    private static Trial trial(String method, double test) {
        return new Trial("p", method, 1e-3, 1, 0.5, test, 7, 20.5, 9, test);
    }

    @Test
    void lineThatWasCutOff_isReported_andWhatFollowsIsKept() throws IOException {
        open("a").add(trial("LoRA", 0.5));
        open("a").add(trial("IA3", 0.5));
        String both = Files.readString(folder.resolve("a"));
        Files.writeString(folder.resolve("a"), both.substring(0, both.length() - 20));

        TrialLog log = open("a");
        log.add(trial("IA3", 0.25));

        assertThat(said).singleElement().asString().contains("line 2 is no trial and is left out");
        said.clear();
        assertThat(open("a").find("p", "LoRA", 1e-3, 1)).contains(trial("LoRA", 0.5));
        assertThat(open("a").find("p", "IA3", 1e-3, 1)).contains(trial("IA3", 0.25));
    }

    @Test
    void logsOneAfterTheOther_areOne_andATestedTrialCounts() throws IOException {
        open("a").add(trial("LoRA", 0.5));
        open("b").add(trial("IA3", 0.25));
        open("b").add(trial("LoRA", Double.NaN));
        Files.writeString(
                folder.resolve("c"), Files.readString(folder.resolve("a")) + Files.readString(folder.resolve("b")));

        TrialLog log = open("c");

        assertThat(log.find("p", "LoRA", 1e-3, 1)).contains(trial("LoRA", 0.5));
        assertThat(log.find("p", "IA3", 1e-3, 1)).contains(trial("IA3", 0.25));
        assertThat(log.find("p", "IA3", 3e-3, 1)).isEmpty();
        assertThat(open("b").find("p", "LoRA", 1e-3, 1)).get().matches(trial -> !trial.isTested());
        assertThat(said).isEmpty();
    }

    @Test
    void best_isTheTestedOneAtTheLowestRate_ofThoseThatDidBest() throws IOException {
        TrialLog log = open("a");
        assertThat(log.best("p", "LoRA", 1)).isEmpty();
        for (double rate : new double[] {1e-2, 3e-3, 1e-3, 3e-4}) {
            double validation = rate == 3e-4 ? 0.4 : 0.5;
            log.add(new Trial("p", "LoRA", rate, 1, validation, rate == 1e-3 ? Double.NaN : 0.3, 7, 20.5, 9, 0.3));
        }
        log.add(new Trial("p", "LoRA", 3e-2, 2, 0.9, 0.9, 7, 20.5, 9, 0.9));

        assertThat(log.best("p", "LoRA", 1)).get().matches(trial -> trial.rate() == 3e-3);
    }
}
