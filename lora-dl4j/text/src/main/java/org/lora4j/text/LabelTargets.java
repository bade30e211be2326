/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.lora4j.error.Arguments;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.pretrained.PretrainedHead;
import org.lora4j.pretrained.TokenizedText;

/**
 * Labels as numbers of a head: one of them, or any. What an input is, and that it has tokens, does not matter to them.
 *
 * @param <I> an input
 * @param <E> an example
 * @apiNote Status: experimental
 */
public final class LabelTargets<I, E> implements Targets<I, E, Prediction> {

    private final List<String> labels;
    private final Map<String, Integer> indices = new LinkedHashMap<>();
    private final Function<E, List<String>> labelsOf;
    private final LabelSettings settings;
    private final float[] weights;

    /**
     * What a user chose.
     *
     * @param several whether a text may have any number of labels
     * @param threshold from which probability on a label is given, if there may be several
     * @param balanced whether rare labels count for more
     * @param weights how much labels count; 1 for those that it does not name
     * @apiNote Status: experimental
     */
    public record LabelSettings(boolean several, double threshold, boolean balanced, Map<String, Double> weights) {

        /**
         * Copies the weights.
         *
         * @param several as in the record
         * @param threshold as in the record
         * @param balanced as in the record
         * @param weights as in the record
         */
        public LabelSettings {
            weights = Collections.unmodifiableMap(
                    new LinkedHashMap<>(Arguments.allRequired(weights, "LabelSettings: weights", "a number")));
        }

        /**
         * Adds what is wrong with the weights.
         *
         * @param problems gets it
         */
        public void check(Problems problems) {
            Arguments.required(problems, "LabelSettings.check: problems", "a Problems");
            problems.check(
                    weights.isEmpty() || !(balanced || several),
                    "classWeights with " + (balanced ? "balancedLabels" : "severalLabels")
                            + " is not supported, expected one of them");
            weights.forEach(
                    (label, weight) -> problems.finiteAboveZero("classWeights of " + MessageText.name(label), weight));
        }
    }

    private LabelTargets(
            List<String> labels, Function<E, List<String>> labelsOf, LabelSettings settings, float[] weights) {
        this.labels = labels;
        this.labelsOf = labelsOf;
        this.settings = settings;
        this.weights = weights;
        labels.forEach(label -> indices.put(label, indices.size()));
    }

    /**
     * The labels of the examples to learn from, in alphabetical order.
     *
     * @param where the call, for messages
     * @param train the examples
     * @param labelsOf the labels of an example
     * @param settings what was chosen
     * @param <I> an input
     * @param <E> an example
     * @return the targets
     * @throws IllegalArgumentException if there are too few labels to tell apart, or a weight for one that there is not
     */
    public static <I, E> LabelTargets<I, E> of(
            String where, List<E> train, Function<E, List<String>> labelsOf, LabelSettings settings) {
        Arguments.required(where, "LabelTargets.of: where", "the call, for messages");
        Arguments.allRequired(train, "LabelTargets.of: train", "an example");
        Arguments.required(labelsOf, "LabelTargets.of: labelsOf", "a function");
        Arguments.required(settings, "LabelTargets.of: settings", "settings");
        Map<String, Integer> counts = new TreeMap<>();
        train.forEach(example -> labelsOf.apply(example).forEach(label -> counts.merge(label, 1, Integer::sum)));
        if (counts.size() < (settings.several() ? 1 : 2)) {
            throw new IllegalArgumentException(where + ": the examples to learn from have "
                    + (counts.isEmpty() ? "no label" : "a single label, " + Problems.quoted(counts.keySet()))
                    + "; expected two or more to tell apart. Add examples of others.");
        }
        List<String> strangers = settings.weights().keySet().stream()
                .filter(label -> !counts.containsKey(label))
                .toList();
        if (!strangers.isEmpty()) {
            throw new IllegalArgumentException(where + ": classWeights names " + Problems.quoted(strangers)
                    + ", which no example to learn from has; expected some of " + Problems.quoted(counts.keySet())
                    + ClosestNames.hint(strangers.get(0), counts.keySet()) + ".");
        }
        return of(List.copyOf(counts.keySet()), counts, labelsOf, settings);
    }

    private static <I, E> LabelTargets<I, E> of(
            List<String> labels,
            Map<String, Integer> counts,
            Function<E, List<String>> labelsOf,
            LabelSettings settings) {
        float[] weights = new float[labels.size()];
        double total = counts.values().stream().mapToInt(count -> count).sum();
        for (int i = 0; i < weights.length; i++) {
            String label = labels.get(i);
            weights[i] = settings.balanced()
                    ? (float) (total / counts.size() / counts.getOrDefault(label, 1))
                    : settings.weights().getOrDefault(label, 1.0).floatValue();
        }
        return new LabelTargets<>(labels, labelsOf, settings, weights);
    }

    /** What the head of a checkpoint tells. */
    static <I, E> LabelTargets<I, E> of(
            PretrainedHead head, Function<E, List<String>> labelsOf, LabelSettings settings) {
        LabelSettings own =
                new LabelSettings(CheckpointTask.isSeveralLabels(head), settings.threshold(), false, Map.of());
        return of(head.labels(), Map.of(), labelsOf, own);
    }

    /** The labels of a checkpoint's head, if examples to learn from have no others and ask for as many at once as it gives. */
    static <I, E> Optional<LabelTargets<I, E>> of(
            PretrainedHead head,
            String where,
            List<E> train,
            Function<E, List<String>> labelsOf,
            LabelSettings settings) {
        LabelTargets<I, E> asked = of(where, train, labelsOf, settings);
        boolean same = settings.several() == CheckpointTask.isSeveralLabels(head)
                && head.labels().containsAll(asked.labels());
        if (!same) {
            return Optional.empty();
        }
        Map<String, Integer> counts = new TreeMap<>();
        train.forEach(example -> labelsOf.apply(example).forEach(label -> counts.merge(label, 1, Integer::sum)));
        return Optional.of(of(head.labels(), counts, labelsOf, settings));
    }

    /**
     * The labels that a file of a task has.
     *
     * @param file the file, for messages
     * @param description its values
     * @param labelsOf the labels of an example
     * @param settings what was chosen where the file does not say
     * @param <I> an input
     * @param <E> an example
     * @return the targets
     * @throws IOException if it has no labels
     */
    public static <I, E> LabelTargets<I, E> read(
            Path file, Map<String, Object> description, Function<E, List<String>> labelsOf, LabelSettings settings)
            throws IOException {
        Arguments.required(file, "LabelTargets.read: file", "the file, for messages");
        Arguments.required(description, "LabelTargets.read: description", "its values");
        Arguments.required(labelsOf, "LabelTargets.read: labelsOf", "a function");
        Arguments.required(settings, "LabelTargets.read: settings", "settings");
        List<String> labels = texts(file, description, "labels");
        Object several = description.get("several");
        Object threshold = description.get("threshold");
        if (!(several instanceof Boolean any) || !(threshold instanceof Number from)) {
            throw new CorruptAdapterException(file + ": several = " + MessageText.value(several) + ", threshold = "
                    + MessageText.value(threshold) + "; expected a truth value and a number. Save the task again.");
        }
        float[] weights = new float[labels.size()];
        Arrays.fill(weights, 1);
        return new LabelTargets<>(
                labels,
                labelsOf,
                new LabelSettings(any, from.doubleValue(), settings.balanced(), settings.weights()),
                weights);
    }

    /** A list of distinct texts of a file. */
    static List<String> texts(Path file, Map<String, Object> description, String field) throws IOException {
        Object value = description.get(field);
        boolean texts = value instanceof List<?> list
                && !list.isEmpty()
                && list.stream().allMatch(String.class::isInstance)
                && list.stream().distinct().count() == list.size();
        if (!texts) {
            throw new CorruptAdapterException(file + ": " + field + " = " + MessageText.value(value)
                    + "; expected a list of different texts. Save the task again.");
        }
        return ((List<?>) value).stream().map(String.class::cast).toList();
    }

    @Override
    public List<String> names() {
        return labels;
    }

    /**
     * The labels, which are the names of the outputs.
     *
     * @return in their order
     */
    public List<String> labels() {
        return labels;
    }

    @Override
    public TaskExporter.Head head() {
        return settings.several() ? TaskExporter.Head.SEVERAL_CLASSES : TaskExporter.Head.ONE_CLASS;
    }

    @Override
    public String metric() {
        return settings.several() ? "micro F1" : "accuracy";
    }

    @Override
    public void check(E example, String where, Problems problems) {
        List<String> own = labelsOf.apply(example);
        if (!settings.several() && own.size() != 1) {
            problems.add(where + " has " + own.size() + " labels, expected one; a text may have several with"
                    + " severalLabels() on the builder");
        }
    }

    @Override
    public List<String> unknown(E example) {
        return labelsOf.apply(example).stream()
                .filter(label -> !indices.containsKey(label))
                .toList();
    }

    @Override
    public float[] encode(E example, TokenizedText tokens) {
        float[] target = new float[labels.size()];
        labelsOf.apply(example)
                .forEach(label -> target[indices.get(label)] = settings.several() ? 1 : weights[indices.get(label)]);
        return target;
    }

    @Override
    public Prediction decode(I input, TokenizedText tokens, float[] logits) {
        double[] probabilities = settings.several() ? Scores.sigmoid(logits) : Scores.softmax(logits);
        List<Integer> order = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -logits[i]))
                .toList();
        Map<String, Double> scores = new LinkedHashMap<>();
        order.forEach(i -> scores.put(labels.get(i), probabilities[i]));
        List<String> given = settings.several()
                ? order.stream()
                        .filter(i -> probabilities[i] >= settings.threshold())
                        .map(labels::get)
                        .toList()
                : List.of(labels.get(order.get(0)));
        return new Prediction(given, scores);
    }

    @Override
    public double score(List<float[]> targets, float[][] logits) {
        List<Collection<String>> truth = new ArrayList<>();
        List<Collection<String>> given = new ArrayList<>();
        for (int i = 0; i < logits.length; i++) {
            List<String> own = new ArrayList<>();
            for (int j = 0; j < labels.size(); j++) {
                if (targets.get(i)[j] != 0) {
                    own.add(labels.get(j));
                }
            }
            truth.add(own);
            given.add(decode(null, null, logits[i]).labels());
        }
        LabelEvaluation evaluation = LabelEvaluation.of(truth, given);
        return settings.several() ? evaluation.f1() : evaluation.accuracy();
    }

    @Override
    public Map<String, Object> description() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("labels", labels);
        fields.put("several", settings.several());
        fields.put("threshold", settings.threshold());
        return fields;
    }
}
