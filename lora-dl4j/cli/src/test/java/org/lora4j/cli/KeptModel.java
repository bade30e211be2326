/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Models over a tiny encoder in a folder; arguments that begin with {@code IN/} are below it. */
record KeptModel(Path folder) {

    static KeptModel in(Path folder) throws IOException {
        TinyFiles.encoder(folder.resolve("encoder"));
        Files.writeString(folder.resolve("questions.csv"), TinyFiles.questions(40, ','));
        return new KeptModel(folder);
    }

    CliRun call(ExitCode code, String... arguments) {
        List<String> all = new ArrayList<>();
        Arrays.stream(arguments).map(word -> word.replace("IN/", folder + "/")).forEach(all::add);
        CliRun run = CliRun.of(all.toArray(String[]::new));
        assertThat(run.code()).as(run.both()).isEqualTo(code);
        return run;
    }

    /** A classifier of {@code questions.csv}. */
    CliRun train(String name, String... more) {
        return train(name, List.of("--data", "IN/questions.csv", "--text", "question", "--label", "intent"), more);
    }

    CliRun train(String name, List<String> data, String... more) {
        List<String> all = new ArrayList<>(List.of("train", "--base", "IN/encoder", "--out", "IN/" + name));
        all.addAll(data);
        all.addAll(List.of(more));
        return call(ExitCode.OK, all.toArray(String[]::new));
    }
}
