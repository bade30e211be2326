/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.encoder.EncoderConfigReader;
import org.lora4j.internal.encoder.HeadForm;
import org.lora4j.internal.format.huggingface.JsonObjectFile;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a checkpoint has above its encoder, as somebody fine-tuned it: steps over the vector of a text, or over each token's, and a
 * linear module with an output for each label.
 *
 * @param architecture name of the Python class, such as {@code BertForSequenceClassification}
 * @param task what its numbers are for
 * @param pooling how the hidden states of a text become the input of {@code last}; of a head over tokens its steps alone, done with
 *     each token
 * @param last the linear module of the outputs; empty if the head was left out, as no task has a use for it
 * @param labels a name for each output, in their order; empty if {@code last} is
 * @param problemType {@code problem_type} of the config, if it has one
 * @param activation what a cross-encoder of sentence-transformers does with its output, if the config says so
 * @apiNote Status: stable
 */
public record PretrainedHead(
        String architecture,
        Task task,
        Pooling pooling,
        Optional<Pooling.Linear> last,
        List<String> labels,
        Optional<String> problemType,
        Optional<Pooling.Function> activation) {

    /**
     * What a head is for.
     *
     * @apiNote Status: stable
     */
    public enum Task {
        /** Classes or numbers of a text. */
        SEQUENCE("tells classes or numbers of texts"),
        /** Classes of each token. */
        TOKENS("tells classes of tokens"),
        /** The words behind masks. */
        MASKED_WORDS("predicts masked words"),
        /** Which words were replaced; of BERT, the two tasks that it was trained with. */
        REPLACED_WORDS("does what the encoder was pretrained with"),
        /** Anything else, such as answers to questions. */
        OTHER("is of another kind");

        private final String words;

        Task(String words) {
            this.words = words;
        }

        /** What the head of a Python class is for; empty if it has none. */
        static Optional<Task> of(String architecture) {
            for (HeadForm.Task task : HeadForm.Task.values()) {
                if (architecture.endsWith(task.suffix())) {
                    return Optional.of(of(task));
                }
            }
            return architecture.contains("For") ? Optional.of(OTHER) : Optional.empty();
        }

        static Task of(HeadForm.Task task) {
            return valueOf(task.name());
        }

        /** What it does, to be put behind "the head". */
        @Override
        public String toString() {
            return words;
        }
    }

    /**
     * Copies the labels.
     *
     * @param architecture as in the record
     * @param task as in the record
     * @param pooling as in the record
     * @param last as in the record
     * @param labels as in the record
     * @param problemType as in the record
     * @param activation as in the record
     * @throws IllegalArgumentException if there is not a label for each output
     */
    public PretrainedHead {
        Arguments.required(architecture, "PretrainedHead: architecture", "the name of a class");
        Arguments.required(task, "PretrainedHead: task", "what it is for");
        Arguments.required(pooling, "PretrainedHead: pooling", "a Pooling");
        Arguments.required(last, "PretrainedHead: last", "a linear module, or Optional.empty()");
        labels = List.copyOf(Arguments.allRequired(labels, "PretrainedHead: labels", "a label"));
        int outputs = last.map(Pooling.Linear::outputs).orElse(0);
        if (labels.size() != outputs) {
            throw new IllegalArgumentException(
                    "PretrainedHead: " + labels.size() + " labels; expected " + outputs + ", one for each output.");
        }
    }

    /**
     * The head that a directory of sentence-transformers has as its last module: a {@code Dense} without a function, with an output for
     * each of the labels that the config of the model names.
     *
     * @param directory the directory
     * @param pooling what {@link Pooling#load} read there
     * @return empty if the config names no labels, or not as many as the last module has outputs
     * @throws org.lora4j.error.ModelFormatException if the config is damaged, or its labels have no order
     * @throws IOException if it cannot be read
     */
    public static Optional<PretrainedHead> ofDense(Path directory, Pooling pooling) throws IOException {
        Arguments.required(directory, "PretrainedHead.ofDense: directory", "a directory of a model");
        Arguments.required(pooling, "PretrainedHead.ofDense: pooling", "its pooling");
        int steps = pooling.steps().size();
        Path file = directory.resolve(EncoderConfigReader.FILE);
        if (steps == 0 || !(pooling.steps().get(steps - 1) instanceof Pooling.Linear last) || !Files.exists(file)) {
            return Optional.empty();
        }
        Map<String, Object> config = JsonObjectFile.read(file, "the config.json of a Hugging Face model");
        if (!(config.get("id2label") instanceof Map<?, ?> labels) || labels.size() != last.outputs()) {
            return Optional.empty();
        }
        Problems problems = new Problems();
        List<String> names = HeadLabels.of(config, true, last.outputs(), problems);
        Optional<String> type = HeadLabels.problemType(config, problems);
        Optional<Pooling.Function> activation = HeadLabels.activation(config, problems);
        if (!problems.isEmpty()) {
            throw new ModelFormatException(
                    problems.message(file.toString()) + ". Get the config.json of this model, or correct it.");
        }
        return Optional.of(new PretrainedHead(
                "SentenceTransformer",
                Task.SEQUENCE,
                pooling.withSteps(pooling.steps().subList(0, steps - 1)),
                Optional.of(new Pooling.Linear(EncoderClassifier.HEAD, last.weight(), last.bias())),
                names,
                type,
                activation));
    }

    /** A head that is left out. */
    static PretrainedHead leftOut(String architecture, Task task) {
        return new PretrainedHead(
                architecture, task, Pooling.MEAN, Optional.empty(), List.of(), Optional.empty(), Optional.empty());
    }

    /**
     * The number of outputs.
     *
     * @return 0 if the head was left out
     */
    public int outputs() {
        return labels.size();
    }

    /**
     * The tensors of the head, from input to output.
     *
     * @return live arrays by Python's names, weights of linear modules {@code [in, out]}; without those of the encoder's pooler
     */
    public Map<String, INDArray> tensors() {
        Map<String, INDArray> tensors = new LinkedHashMap<>(pooling.tensors());
        last.ifPresent(linear -> tensors.putAll(linear.tensors()));
        return Collections.unmodifiableMap(tensors);
    }

    @Override
    public String toString() {
        return "PretrainedHead[" + architecture + ", " + outputs() + " outputs"
                + problemType.map(type -> ", " + type).orElse("") + "]";
    }
}
