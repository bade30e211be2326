/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.lora4j.error.MessageText;
import org.lora4j.report.TrainingReport;
import picocli.CommandLine.Model.CommandSpec;

/** The file of a report: checked before anything is computed for it. */
record PageFile(Path path) {

    static final String OUT = "--out";
    private static final String FORCE = "--force";
    private static final List<String> ENDS = List.of(".html", ".json", ".txt");

    static void describe(CommandSpec spec, String meaning) {
        spec.addOption(CliCommand.option(OUT, "FILE", meaning + ": .html, .json or .txt"));
        spec.addOption(CliCommand.flag(FORCE, "replace the file of " + OUT));
    }

    static PageFile of(Call call, Path path) {
        String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
        if (ENDS.stream().noneMatch(name::endsWith)) {
            throw CliException.usage(
                    OUT + " " + MessageText.path(path) + ": expected a name that ends in " + String.join(", ", ENDS));
        }
        if (Files.isDirectory(path)) {
            throw CliException.usage(OUT + " " + MessageText.path(path) + " is a directory; expected a file");
        }
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !call.has(FORCE)) {
            throw CliException.usage(OUT + " " + MessageText.path(path)
                    + " is there already; nothing is overwritten. Name another file, or replace it: " + FORCE);
        }
        return new PageFile(path);
    }

    void write(TrainingReport report) throws IOException {
        report.overwrite(path);
    }
}
