/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.StagedDirectory;
import picocli.CommandLine.Model.CommandSpec;

/** A directory that a command writes whole: a new one, or with {@code --force} one of the same kind replaced. */
record AdapterOutput(Path directory) {

    private static final String OUT = "--out";
    private static final String FORCE = "--force";

    static void describe(CommandSpec spec) {
        spec.addOption(CliCommand.option(OUT, "DIR", "directory to write to"));
        spec.addOption(CliCommand.flag(FORCE, "replace the adapter or model in --out"));
    }

    static AdapterOutput of(Call call) {
        Path out = call.path(OUT)
                .orElseThrow(() ->
                        CliException.usage(OUT + " is missing: the directory to write to; such as --out result/"));
        if (Files.exists(out) && !call.has(FORCE)) {
            throw CliException.usage(OUT + " " + MessageText.path(out)
                    + " is there already; nothing is overwritten. Name another directory, or replace it: " + FORCE);
        }
        if (Files.exists(out) && !isOurs(out)) {
            throw CliException.usage(OUT + " " + MessageText.path(out) + " is neither an adapter nor a model, and "
                    + FORCE + " does not remove it; name another one");
        }
        return new AdapterOutput(out);
    }

    private static boolean isOurs(Path out) {
        return TrainedModel.is(out)
                || Files.exists(out.resolve("adapter_config.json"))
                || Files.exists(out.resolve("config.json"))
                || Files.exists(out.resolve("modules.json"))
                || Files.exists(out.resolve("model.gguf"))
                || Files.exists(out.resolve("adapter.gguf"))
                || Files.exists(out.resolve("model.onnx"));
    }

    /** Writes files into a directory that is there already, but not seen yet. */
    void write(StagedDirectory.Content content) throws IOException {
        if (Files.exists(directory)) {
            StagedDirectory.replace(OUT, directory, content);
        } else {
            StagedDirectory.write(OUT, directory, content);
        }
    }

    /** What writes a directory of its own that must not be there. */
    interface Export {
        void to(Path directory) throws IOException;
    }

    /** Writes by an export, moved to its place when it is complete. */
    void export(Export export) throws IOException {
        write(staging -> {
            Path made = staging.resolve("made");
            export.to(made);
            try (var files = Files.list(made)) {
                for (Path file : files.toList()) {
                    Files.move(file, staging.resolve(made.relativize(file)));
                }
            }
            Files.delete(made);
        });
    }
}
