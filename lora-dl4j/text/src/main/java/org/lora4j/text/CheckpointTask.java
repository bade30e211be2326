/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.text.TaskFiles;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedHead;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tasks that read heads of checkpoints: the one table of which heads each of them reads. */
enum CheckpointTask {
    /** Labels of a text, one or several. */
    TEXT_CLASSIFIER("TextClassifier", "labels of texts", head -> isOneLabel(head) || isSeveralLabels(head)),
    /** A label of two texts. */
    PAIR_CLASSIFIER("PairClassifier", "one label of several for two texts", CheckpointTask::isOneLabel),
    /** A tag of each word. */
    TOKEN_CLASSIFIER("TokenClassifier", "tags of tokens", head -> head.task() == PretrainedHead.Task.TOKENS),
    /** A number of a text. */
    TEXT_REGRESSOR("TextRegressor", "one number for a text", CheckpointTask::isNumber),
    /** How relevant a passage is. */
    RE_RANKER("ReRanker", "one number for two texts", CheckpointTask::isSingle);

    /** The field of a saved task that says where its head began. */
    static final String HEAD = "head";

    /** Its value for the head of a checkpoint. */
    static final String OF_CHECKPOINT = "checkpoint";

    private static final Logger LOG = LoggerFactory.getLogger(TextTask.class);
    private static final String CONFIG = "config.json";

    private final String task;
    private final String reads;
    private final Predicate<PretrainedHead> fits;

    CheckpointTask(String task, String reads, Predicate<PretrainedHead> fits) {
        this.task = task;
        this.reads = reads;
        this.fits = fits;
    }

    /** Whether each output of a head is judged by itself. */
    static boolean isSeveralLabels(PretrainedHead head) {
        return isOfTexts(head) && head.problemType().equals(Optional.of("multi_label_classification"));
    }

    private static boolean isOneLabel(PretrainedHead head) {
        return isOfTexts(head) && head.outputs() > 1 && !isSeveralLabels(head) && !isRegression(head);
    }

    private static boolean isNumber(PretrainedHead head) {
        return isSingle(head) && (head.problemType().isEmpty() || isRegression(head));
    }

    private static boolean isSingle(PretrainedHead head) {
        return isOfTexts(head) && head.outputs() == 1;
    }

    private static boolean isRegression(PretrainedHead head) {
        return head.problemType().equals(Optional.of("regression"));
    }

    private static boolean isOfTexts(PretrainedHead head) {
        return head.task() == PretrainedHead.Task.SEQUENCE && head.last().isPresent();
    }

    /** A call of the task's class, for messages. */
    String call(String method) {
        return task + "." + method;
    }

    /** Whether a saved task began with the head of a checkpoint. */
    static boolean beginsWithHead(Map<String, Object> saved) {
        return OF_CHECKPOINT.equals(saved.get(HEAD));
    }

    /** A builder as it was when a task was saved. */
    static <T> TextTaskBuilder<?, T> builder(TextTaskBuilder<?, T> builder, boolean fromCheckpoint) {
        return fromCheckpoint ? builder.fromCheckpoint() : builder;
    }

    /** Whether a directory is one that {@code save} of a task wrote. */
    static boolean isSaved(Path directory) {
        return Files.exists(TaskFiles.file(directory));
    }

    /**
     * Opens a checkpoint. Its encoder has the pooling of its head; if it has no head that any task reads, the encoder is taken alone, which
     * is said.
     *
     * @param call the call, for messages
     * @return the encoder, to be closed
     * @throws ModelFormatException if the directory is none of a model, or its head is one that another task reads
     */
    TextEncoder open(String call, Path directory) throws IOException {
        Arguments.required(directory, call + ": directory", "a directory of a model");
        if (!Files.isDirectory(directory)) {
            throw new ModelFormatException(
                    call + ": " + MessageText.path(directory)
                            + " is no directory; expected one that save of a task wrote, or one of a checkpoint of Hugging Face.");
        }
        if (!Files.exists(directory.resolve(CONFIG)) && !Files.exists(directory.resolve("modules.json"))) {
            throw new ModelFormatException(call + ": " + MessageText.path(directory) + " holds " + found(directory)
                    + "; expected what save of a task wrote (" + TaskFiles.DESCRIPTION
                    + "), or a checkpoint of Hugging Face (" + CONFIG + "). "
                    + (Files.exists(directory.resolve("adapter_config.json"))
                            ? "An adapter alone does not say what its labels are: train it with a task, or merge it in Python."
                            : "Check the path."));
        }
        TextEncoder encoder = TextEncoder.load(directory);
        try {
            return withHead(call, directory, encoder);
        } catch (IOException | RuntimeException e) {
            encoder.close();
            throw e;
        }
    }

    private TextEncoder withHead(String call, Path directory, TextEncoder encoder) throws IOException {
        Optional<PretrainedHead> head = encoder.head();
        if (head.isEmpty() || head.get().last().isEmpty()) {
            LOG.warn(
                    "{}: {} {}; the encoder is taken without it, and {} has to learn a head before it predicts",
                    call,
                    MessageText.path(directory),
                    head.map(CheckpointTask::leftOut).orElse("has no head"),
                    task);
            return encoder;
        }
        if (!fits.test(head.get())) {
            List<String> others = Arrays.stream(values())
                    .filter(other -> other.fits.test(head.get()))
                    .map(other -> other.task + ".load")
                    .toList();
            throw new ModelFormatException(call + ": the head of " + MessageText.path(directory) + " is a "
                    + MessageText.name(head.get().architecture()) + " with "
                    + head.get().outputs() + " outputs"
                    + head.get()
                            .problemType()
                            .map(type -> " and problem_type " + MessageText.name(type))
                            .orElse("")
                    + "; expected one for " + reads + ". "
                    + (others.isEmpty()
                            ? "No task reads it: take the encoder alone, TextEncoder.load(directory)."
                            : String.join(" or ", others) + " reads it."));
        }
        Optional<Pooling.Function> function = head.get().activation();
        if (this == RE_RANKER && function.filter(Scores.functions()::contains).isEmpty() && function.isPresent()) {
            throw new ModelFormatException(call + ": the config of " + MessageText.path(directory)
                    + " makes scores by the function " + function.get() + "; expected one of " + Scores.functions()
                    + ". Take another checkpoint.");
        }
        if (head.get().task() != PretrainedHead.Task.SEQUENCE) {
            return encoder;
        }
        TextEncoder pooled = encoder.withPooling(head.get().pooling());
        encoder.close();
        return pooled;
    }

    /** What a head is that no task reads, to be put behind the name of its directory. */
    static String leftOut(PretrainedHead head) {
        return "has the head of a " + MessageText.name(head.architecture()) + ", which " + head.task();
    }

    private static String found(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            List<String> names = files.map(file -> String.valueOf(file.getFileName()))
                    .sorted()
                    .toList();
            return names.isEmpty() ? "nothing" : Problems.quoted(names);
        }
    }
}
