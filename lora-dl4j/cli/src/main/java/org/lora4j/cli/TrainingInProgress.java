/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.file.WriteLock;
import org.lora4j.train.Checkpoints;

/**
 * A training in progress: a folder beside the model that is to come, with its settings and checkpoints, gone when the model is there.
 *
 * @param folder the folder, named after the model
 */
record TrainingInProgress(Path folder) {

    private static final String END = ".run";
    private static final Duration AT_ONCE = Duration.ofMillis(50);

    /** Held by the process that trains. */
    interface Lock extends AutoCloseable {
        @Override
        void close() throws IOException;
    }

    static TrainingInProgress beside(Path out) {
        Path absolute = out.toAbsolutePath().normalize();
        Path name = Optional.ofNullable(absolute.getFileName())
                .orElseThrow(() -> CliException.usage("--out " + MessageText.path(out) + " is no name of a directory"));
        return new TrainingInProgress(absolute.resolveSibling(name + END));
    }

    Path checkpoints() {
        return folder.resolve("checkpoints");
    }

    private Path settingsFile() {
        return folder.resolve(TrainedModel.SETTINGS);
    }

    boolean isWritten() {
        return Files.isDirectory(checkpoints())
                && !Checkpoints.in(checkpoints()).isEmpty();
    }

    /** Refuses a run that was stopped, unless it may be given up. */
    void requireNone(boolean force, Path out) {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!force) {
            throw CliException.usage("a training of " + MessageText.path(out) + " was stopped and is in "
                    + MessageText.path(folder) + ". Go on with it: --resume; or give it up: --force");
        }
        end();
    }

    /** The settings of the run; those that are given again must be the same. */
    CliSettings resumed(CliSettings flags) {
        if (!Files.exists(settingsFile())) {
            throw CliException.usage("there is no run to go on with: " + MessageText.path(settingsFile())
                    + " is not there. Without --resume a training begins");
        }
        CliSettings before = TrainedModel.settings(folder);
        List<String> other = new ArrayList<>();
        flags.given().forEach((setting, given) -> {
            CliSettings.Given was = before.given().get(setting);
            if (setting != Setting.OUT && (was == null || !was.value().equals(given.value()))) {
                other.add(setting.key() + " was " + (was == null ? "not set" : YamlText.value(was.value()))
                        + " and is now " + YamlText.value(given.value()));
            }
        });
        if (!other.isEmpty()) {
            throw CliException.usage("a run goes on with the settings that it began with: " + MessageText.values(other)
                    + ". Leave them out, or begin anew: --force without --resume");
        }
        return CliSettings.builder().putAll(before).putAll(flags).build();
    }

    Lock lock() throws IOException {
        Path parent = Optional.ofNullable(folder.getParent()).orElseThrow();
        try {
            Files.createDirectories(parent);
            WriteLock lock = WriteLock.take(folder.resolveSibling("." + folder.getFileName() + ".lock"), AT_ONCE);
            return lock::close;
        } catch (IOException e) {
            throw new CliException(
                    ExitCode.INPUT,
                    "--out: " + MessageText.path(folder.resolveSibling(modelName()))
                            + " cannot be trained now; is another process at it? " + FailureWords.words(e),
                    e);
        }
    }

    private String modelName() {
        String name = String.valueOf(folder.getFileName());
        return name.substring(0, name.length() - END.length());
    }

    void begin(CliSettings settings) throws IOException {
        Files.createDirectories(folder);
        WholeFile.write(settingsFile(), SettingsText.given(settings));
    }

    /** After a mistake before the first checkpoint there is nothing to go on with. */
    void forgetUnlessWritten() {
        if (!isWritten()) {
            end();
        }
    }

    /** Removes it. */
    void end() {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(folder)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new CliException(
                    ExitCode.INPUT,
                    MessageText.path(folder) + " cannot be removed: " + FailureWords.words(e) + ". Remove it yourself",
                    e);
        }
    }
}
