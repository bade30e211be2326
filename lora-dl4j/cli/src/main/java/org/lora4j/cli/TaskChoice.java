/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;

/** Which task settings and columns ask for. */
final class TaskChoice {

    static final String RETRIEVAL = "retrieval";

    private TaskChoice() {}

    static List<String> names() {
        return Stream.concat(
                        TextKinds.ALL.stream().map(TextKind::name),
                        Stream.of(RETRIEVAL, ImageLearner.KIND, LanguageLearner.KIND))
                .toList();
    }

    /** The name of the task. */
    static String of(CliSettings settings, Bases.Base base) {
        Optional<String> given = settings.text(Setting.TASK);
        if (given.isPresent() && !names().contains(given.get())) {
            throw CliException.usage("task = " + MessageText.name(given.get()) + ", expected one of "
                    + String.join(", ", names()) + ClosestNames.hint(given.get(), names()));
        }
        String name = given.orElseGet(() -> told(settings, base));
        if (name.equals(LanguageLearner.KIND) && base.path().isEmpty()) {
            throw CliException.usage("a language model is to learn, and " + base.name()
                    + " is an encoder, which does not write text; name the directory of a model by --base");
        }
        requireImages(settings, base, name);
        return name;
    }

    /** Folders are for encoders of images, and these for folders. */
    private static void requireImages(CliSettings settings, Bases.Base base, String name) {
        boolean images = name.equals(ImageLearner.KIND);
        if (images && !base.readsImages()) {
            throw CliException.usage(
                    base.name() + " does not read images; name the directory of an encoder that does by"
                            + " --base, such as one of facebook/dinov2-small");
        }
        if (!images && base.readsImages() && !base.isLanguageModel()) {
            throw CliException.usage("task = " + MessageText.name(name) + ", and " + base.name()
                    + " reads images; expected the task " + ImageLearner.KIND + ", or an encoder of texts");
        }
        if (!images && settings.path(Setting.DATA).filter(Files::isDirectory).isPresent()) {
            throw CliException.usage(MessageText.path(
                            settings.path(Setting.DATA).get()) + " is a folder, and "
                    + base.name() + " does not read images; for images name the directory of an encoder of images by"
                    + " --base, such as one of facebook/dinov2-small; for texts name a file");
        }
    }

    private static String told(CliSettings settings, Bases.Base base) {
        if (base.isLanguageModel()) {
            return LanguageLearner.KIND;
        }
        if (base.readsImages()) {
            return ImageLearner.KIND;
        }
        if (settings.has(Setting.RELEVANCE)) {
            return TextKinds.RANKING.name();
        }
        if (settings.has(Setting.QUERY) || settings.has(Setting.PASSAGE)) {
            return RETRIEVAL;
        }
        if (settings.has(Setting.FIRST) || settings.has(Setting.SECOND)) {
            return TextKinds.PAIRS.name();
        }
        if (settings.has(Setting.NUMBER)) {
            return TextKinds.NUMBERS.name();
        }
        boolean conll = settings.path(Setting.DATA)
                .map(file -> DataFile.Format.ofName(file) == DataFile.Format.CONLL)
                .orElse(false);
        if (settings.has(Setting.SPANS) || conll || "conll".equals(settings.textOr(Setting.FORMAT))) {
            return TextKinds.TAGS.name();
        }
        return TextKinds.CLASSIFICATION.name();
    }

    /** A learner that has learned nothing yet. */
    static Learner<?> fresh(String name, LearnerWork work) {
        if (name.equals(RETRIEVAL)) {
            return RetrievalLearner.fresh(work);
        }
        if (name.equals(ImageLearner.KIND)) {
            return ImageLearner.fresh(work);
        }
        if (name.equals(LanguageLearner.KIND)) {
            return LanguageLearner.fresh(work);
        }
        return text(name).fresh(work);
    }

    private static TextKind<?, ?, ?, ?, ?> text(String name) {
        return TextKinds.ALL.stream()
                .filter(kind -> kind.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Whether JSON of these names is for a language model. */
    static boolean isForLanguage(Set<String> columns) {
        return columns.contains("messages")
                || columns.contains("conversations")
                || columns.containsAll(List.of("prompt", "completion"))
                || columns.containsAll(List.of("instruction", "output"));
    }
}
