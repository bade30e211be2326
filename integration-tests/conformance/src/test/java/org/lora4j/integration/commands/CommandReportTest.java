/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.commands;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.integration.commands.CommandReport.Line;
import org.lora4j.integration.commands.CommandReport.Status;

/** A run that goes on runs again what failed, and nothing else. */
class CommandReportTest {

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private CommandReport report(boolean resumed) throws IOException {
        return new CommandReport(
                folder.resolve("commands.jsonl"), resumed, new PrintStream(out, true, StandardCharsets.UTF_8));
    }

    @Test
    void resumed_knowsWhatRan() throws IOException {
        CommandReport first = report(false);
        first.add(new Line("mvn verify", List.of("a.md:1", "b.md:2"), Status.OK, 0, 1.5, "log"));
        first.add(new Line("lora4j x", List.of("a.md:3"), Status.FAILED, 3, 0.5, "log"));
        first.add(new Line("docker x", List.of("a.md:4"), Status.NOT_RUN, -1, 0, "needs Docker"));

        CommandReport again = report(true);

        assertThat(again.isDone("mvn verify", "")).isTrue();
        assertThat(again.isDone("lora4j x", "a.md:3")).isFalse();
        assertThat(again.isDone("docker x", "a.md:4")).isTrue();
        assertThat(again.isDone("docker x", "b.md:4")).as("another document").isFalse();
        again.add(new Line("lora4j x", List.of("a.md:3"), Status.OK, 0, 0.5, "log"));
        assertThat(again.summary()).startsWith("2 ran, 0 failed, 0 took too long, 1 not run; ");
        again.keep(Set.of("mvn verify"));
        assertThat(again.summary()).startsWith("1 ran, 0 failed, 0 took too long, 0 not run; ");
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains(
                        "not run", "(a.md:4): needs Docker", "ok         0     1.5 s  mvn verify  (a.md:1, b.md:2)\n");
    }

    @Test
    void anew_forgetsWhatRan() throws IOException {
        report(false).add(new Line("mvn verify", List.of("a.md:1"), Status.OK, 0, 1.5, "log"));

        assertThat(report(false).isDone("mvn verify", "")).isFalse();
        assertThat(folder.resolve("commands.jsonl")).doesNotExist();
    }
}
