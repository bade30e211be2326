/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.json.JsonObjects;

/** A directory that {@code train} wrote, or {@code save} of the library: of which task it is, over which base. */
final class TrainedModel {

    /** The settings that repeat the training, beside what was learned. */
    static final String SETTINGS = "lora4j.yaml";

    static final String TEXT = "lora4j_text.json";
    static final String IMAGE = "lora4j_image.json";
    static final String LANGUAGE = "lora4j_language.json";

    /** What says of a directory what it is, the first that is there. */
    private static final List<String> DESCRIPTIONS = List.of(LANGUAGE, IMAGE, TEXT);

    private static final List<Setting> OF_ITS_DATA = List.of(
            Setting.DATA,
            Setting.BASE,
            Setting.FORMAT,
            Setting.SEPARATOR,
            Setting.CHARSET,
            Setting.DECIMAL,
            Setting.SKIP_BAD,
            Setting.GROUP,
            Setting.MAX_LENGTH);

    private TrainedModel() {}

    /** Whether a directory is one. */
    static boolean is(Path directory) {
        return description(directory).isPresent();
    }

    /** The file that says what a directory is. */
    static Optional<Path> description(Path directory) {
        return DESCRIPTIONS.stream()
                .map(directory::resolve)
                .filter(Files::exists)
                .findFirst();
    }

    /** The settings in a directory; none if it has no file of them. */
    static CliSettings settings(Path directory) {
        Path file = directory.resolve(SETTINGS);
        CliSettings.Builder builder = CliSettings.builder();
        if (Files.exists(file)) {
            YamlFile.read(file)
                    .forEach((key, value) -> builder.put(key, value.value(), file + ", line " + value.line()));
        }
        return builder.build();
    }

    /** Opens the learner of a directory, with the columns that it was trained with unless others are given. */
    static Learner<?> open(Path given, CliSettings flags, Call call) {
        Path directory = require(given);
        CliSettings settings = merged(given, flags);
        LearnerWork work =
                new LearnerWork(settings, base(directory, flags, call), List.of(), Optional.empty(), call.terminal());
        if (Files.exists(directory.resolve(LANGUAGE))) {
            return LanguageLearner.load(directory, work);
        }
        String task = String.valueOf(described(directory).get("task"));
        if (task.equals(ImageLearner.SAVED)) {
            return ImageLearner.load(directory, work);
        }
        if (task.equals(RetrievalLearner.SAVED)) {
            return RetrievalLearner.load(directory, work);
        }
        return TextKinds.ALL.stream()
                .filter(kind -> kind.saved().equals(task))
                .findFirst()
                .orElseThrow(() -> CliException.input(MessageText.path(given) + " is of the task "
                        + MessageText.name(task) + ", which a program of its own reads"))
                .load(directory, work);
    }

    /** The settings of a model with others that win. What its data were is of no use to other data. */
    static CliSettings merged(Path given, CliSettings flags) {
        return CliSettings.builder()
                .putAll(settings(require(given)).without(OF_ITS_DATA))
                .putAll(flags)
                .build();
    }

    static Path require(Path given) {
        Path directory = StagedDirectory.locate(given);
        if (!Files.isDirectory(directory)) {
            throw CliException.input(MessageText.path(given) + ": there is no such directory; expected a model that"
                    + " \"lora4j train\" wrote");
        }
        if (!is(directory)) {
            throw CliException.input(
                    MessageText.path(given) + " is no model that \"lora4j train\" wrote: it has none of "
                            + String.join(", ", DESCRIPTIONS) + ". \"lora4j inspect " + given + "\" says what it is");
        }
        return directory;
    }

    private static Map<String, Object> described(Path directory) {
        try {
            return JsonObjects.read(description(directory).orElseThrow());
        } catch (IOException e) {
            throw new CliException(ExitCode.INPUT, FailureWords.words(e), e);
        }
    }

    /** What a model was trained on: as is said now, or where it was then, wherever this is called from. */
    static Bases.Base base(Path directory, CliSettings flags, Call call) {
        if (flags.has(Setting.BASE)) {
            return Bases.find(flags.textOr(Setting.BASE), call.environment());
        }
        String name = baseOf(described(directory));
        try {
            return Bases.find(name, call.environment());
        } catch (CliException e) {
            throw new CliException(
                    ExitCode.INPUT,
                    MessageText.path(directory) + " was trained on " + MessageText.name(name)
                            + ", which is not there now. Say where it is: --base DIR",
                    e);
        }
    }

    private static String baseOf(Map<String, Object> fields) {
        Object named = fields.get("encoder") instanceof Map<?, ?> encoder ? encoder.get("name") : fields.get("base");
        Object name = named instanceof Map<?, ?> base ? base.get("name") : named;
        return name instanceof String text && !text.isEmpty() ? text : Bases.INSIDE;
    }

    /** Refuses a place that is taken, before anything is computed for it. */
    static void requireFree(Path out, boolean force) {
        if (!Files.exists(out) || isEmpty(out)) {
            return;
        }
        if (!Files.isDirectory(out)) {
            throw CliException.usage("--out " + MessageText.path(out) + " is a file; expected a directory to make");
        }
        if (!force) {
            throw CliException.usage("--out " + MessageText.path(out)
                    + " is there already; nothing is overwritten. Name another directory, or replace it: --force");
        }
        if (!is(out)) {
            throw CliException.usage("--out " + MessageText.path(out)
                    + " is a directory with other files, which --force does not remove; name another one");
        }
    }

    private static boolean isEmpty(Path directory) {
        if (!Files.isDirectory(directory)) {
            return false;
        }
        try (var files = Files.list(directory)) {
            return files.findAny().isEmpty();
        } catch (IOException e) {
            throw new CliException(ExitCode.INPUT, FailureWords.words(e), e);
        }
    }

    /** Writes a model whole, its settings beside it. */
    static void write(Path out, CliSettings settings, StagedDirectory.Content model) throws IOException {
        StagedDirectory.Content all = staging -> {
            model.writeTo(staging);
            WholeFile.write(staging.resolve(SETTINGS), SettingsText.given(settings));
        };
        if (Files.exists(out)) {
            StagedDirectory.replace("--out", out, all);
        } else {
            StagedDirectory.write("--out", out, all);
        }
    }

    /** What {@code --json} says of a written directory. */
    static Map<String, Object> told(Path out) {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("model", out.toString());
        return told;
    }
}
