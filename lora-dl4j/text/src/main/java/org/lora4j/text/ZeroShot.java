/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * Tells which labels fit a text without any training, by a classifier of pairs that was trained to tell whether one text follows from
 * another: each label is put into a sentence, and the score is how surely that sentence follows from the text (Yin et al. 2019,
 * arXiv:1909.00161).
 *
 * <pre>{@code
 * ZeroShot zeroShot = ZeroShot.load(Path.of("nli-deberta-v3-small"));
 * Prediction p = zeroShot.predict("my card has not arrived", List.of("card", "rate"));
 * }</pre>
 *
 * <p>Scores are those of the pipeline {@code zero-shot-classification} of Transformers. With one label of several, which is the default, a
 * softmax over the labels makes them add up to 1. With {@link #severalLabels}, or a single label, each is judged by itself: entailment
 * against contradiction.
 *
 * <p><b>State.</b> Immutable but for {@link #close}. <b>Threads.</b> As {@link TextTask}.
 *
 * @apiNote Status: stable
 */
public final class ZeroShot implements AutoCloseable {

    /** The sentence that labels are put into, unless another is set. */
    public static final String TEMPLATE = "This example is {}.";

    private static final String PLACE = "{}";
    private static final String ENTAILMENT = "entail";
    private static final double THRESHOLD = 0.5;

    private final PairClassifier classifier;
    private final String template;
    private final boolean several;
    private final int entailment;

    private ZeroShot(PairClassifier classifier, String template, boolean several, int entailment) {
        this.classifier = classifier;
        this.template = template;
        this.several = several;
        this.entailment = entailment;
    }

    /**
     * Reads a checkpoint that was fine-tuned to tell what follows from what (MNLI, SNLI, XNLI and the like), or what a {@link
     * PairClassifier} saved.
     *
     * @param directory the directory
     * @return the classifier, which closes its encoder
     * @throws org.lora4j.error.ModelFormatException as {@link PairClassifier#load(Path, Path...)}
     * @throws IOException as {@link PairClassifier#load(Path, Path...)}
     * @throws IllegalArgumentException as {@link #of}
     */
    public static ZeroShot load(Path directory) throws IOException {
        Arguments.required(directory, "ZeroShot.load: directory", "a directory of a model");
        PairClassifier classifier = PairClassifier.load(directory);
        try {
            return of(classifier);
        } catch (RuntimeException e) {
            classifier.close();
            throw e;
        }
    }

    /**
     * Takes a classifier that tells what follows from what.
     *
     * @param classifier the classifier; closed with this
     * @return the classifier of texts
     * @throws IllegalArgumentException if none of its labels begins with "entail"; the message lists them
     * @throws IllegalStateException if it has not learned anything
     */
    public static ZeroShot of(PairClassifier classifier) {
        Arguments.required(classifier, "ZeroShot.of: classifier", "a PairClassifier");
        List<String> labels = classifier.labels();
        int entailment = IntStream.range(0, labels.size())
                .filter(i -> labels.get(i).toLowerCase(Locale.ROOT).startsWith(ENTAILMENT))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("ZeroShot: the labels of the classifier are "
                        + Problems.quoted(labels) + "; expected one that begins with \"" + ENTAILMENT
                        + "\". Take a checkpoint that was trained to tell what follows from what, and whose config.json names its"
                        + " labels in id2label."));
        return new ZeroShot(classifier, TEMPLATE, false, entailment);
    }

    /**
     * The same with another sentence for the labels, in the language of the texts, and fitting what labels are.
     *
     * @param sentence with {@code {}} where a label goes, such as {@code "This text is about {}."}
     * @return a new one over the same classifier
     * @throws IllegalArgumentException if the sentence has no place for a label
     */
    public ZeroShot template(String sentence) {
        Arguments.required(sentence, "ZeroShot.template: sentence", "a sentence with {}");
        if (!sentence.contains(PLACE)) {
            throw new IllegalArgumentException("ZeroShot.template: \"" + sentence
                    + "\" has no place for a label; expected {} in it, as in \"" + TEMPLATE + "\".");
        }
        return new ZeroShot(classifier, sentence, several, entailment);
    }

    /**
     * The same, with which a text may have any number of the labels, each with a probability of its own. Those from 0.5 on are given.
     *
     * @return a new one over the same classifier
     */
    public ZeroShot severalLabels() {
        return new ZeroShot(classifier, template, true, entailment);
    }

    /**
     * Which of some labels fit a text.
     *
     * @param text the text
     * @param labels the labels, one or more
     * @return the labels and the score of each, the best first
     * @throws IllegalArgumentException if a text is null or empty, or labels are none, empty or not distinct
     * @throws IllegalStateException if this is closed
     */
    public Prediction predict(String text, List<String> labels) {
        return predict(List.of(Arguments.required(text, "ZeroShot.predict: text", "a text")), labels)
                .get(0);
    }

    /**
     * The same for many texts at once, which is several times faster.
     *
     * @param texts the texts
     * @param labels the labels, one or more, for all of them
     * @return a prediction for each text
     * @throws IllegalArgumentException as {@link #predict(String, List)}
     * @throws IllegalStateException as {@link #predict(String, List)}
     */
    public List<Prediction> predict(List<String> texts, List<String> labels) {
        Arguments.allRequired(texts, "ZeroShot.predict: texts", "a text");
        List<String> names = checked(labels);
        List<TextPair> pairs = new ArrayList<>();
        for (String text : texts) {
            for (String label : names) {
                pairs.add(new TextPair(text, template.replace(PLACE, label)));
            }
        }
        float[][] logits = classifier.logits(pairs, "predict");
        List<Prediction> predictions = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            float[][] ofText = new float[names.size()][];
            System.arraycopy(logits, i * names.size(), ofText, 0, names.size());
            predictions.add(prediction(names, ofText));
        }
        return predictions;
    }

    /**
     * Compares predictions with what is true.
     *
     * @param examples the examples, none of them empty
     * @param labels the labels to choose among
     * @return the numbers
     * @throws IllegalArgumentException as {@link #predict(String, List)}, and if an example has a label that is none of them, or there is
     *     no example
     * @throws IllegalStateException as {@link #predict(String, List)}
     */
    public LabelEvaluation evaluate(List<LabeledText> examples, List<String> labels) {
        Arguments.allRequired(examples, "ZeroShot.evaluate: examples", "a text with its label");
        List<String> names = checked(labels);
        Problems problems = new Problems();
        problems.check(!examples.isEmpty(), "no examples, expected one or more");
        for (int i = 0; i < examples.size(); i++) {
            List<String> own = examples.get(i).labels();
            problems.check(
                    names.containsAll(own),
                    "examples[" + i + "] has the labels " + Problems.quoted(own) + ", expected some of "
                            + Problems.quoted(names));
        }
        problems.throwIfAny("ZeroShot.evaluate");
        List<Prediction> predictions =
                predict(examples.stream().map(LabeledText::text).toList(), names);
        return LabelEvaluation.of(
                examples.stream().map(LabeledText::labels).toList(),
                predictions.stream().map(Prediction::labels).toList());
    }

    private static List<String> checked(List<String> labels) {
        Arguments.allRequired(labels, "ZeroShot.predict: labels", "a label");
        List<String> names = labels.stream().map(LabelText::trimmed).toList();
        boolean sound = !names.isEmpty()
                && names.stream().noneMatch(String::isBlank)
                && new HashSet<>(names).size() == names.size();
        if (!sound) {
            throw new IllegalArgumentException("ZeroShot.predict: labels = " + Problems.quoted(labels)
                    + "; expected one or more, none of them empty, each of them once.");
        }
        return names;
    }

    private Prediction prediction(List<String> names, float[][] logits) {
        boolean alone = several || names.size() == 1;
        double[] scores = alone ? againstContradiction(logits) : amongEachOther(logits);
        List<Integer> order = IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -scores[i]))
                .toList();
        Map<String, Double> byLabel = new LinkedHashMap<>();
        order.forEach(i -> byLabel.put(names.get(i), scores[i]));
        List<String> given = alone
                ? order.stream()
                        .filter(i -> scores[i] >= THRESHOLD)
                        .map(names::get)
                        .toList()
                : List.of(names.get(order.get(0)));
        return new Prediction(given, byLabel);
    }

    private double[] amongEachOther(float[][] logits) {
        float[] ofLabels = new float[logits.length];
        for (int i = 0; i < ofLabels.length; i++) {
            ofLabels[i] = logits[i][entailment];
        }
        return Scores.softmax(ofLabels);
    }

    /** Contradiction is what Transformers takes for it: the first output, or the last one if that is entailment. */
    private double[] againstContradiction(float[][] logits) {
        double[] scores = new double[logits.length];
        for (int i = 0; i < scores.length; i++) {
            int contradiction = entailment == 0 ? logits[i].length - 1 : 0;
            scores[i] = Scores.softmax(new float[] {logits[i][contradiction], logits[i][entailment]})[1];
        }
        return scores;
    }

    /**
     * The classifier of pairs.
     *
     * @return the one that this was made of
     */
    public PairClassifier classifier() {
        return classifier;
    }

    /** Closes the classifier. */
    @Override
    public void close() {
        classifier.close();
    }

    @Override
    public String toString() {
        return "ZeroShot[\"" + template + "\", " + (several ? "several labels" : "one label") + ", "
                + classifier.labels() + "]";
    }
}
