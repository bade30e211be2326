/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.lora4j.advice.Advice;
import org.lora4j.text.Entity;
import org.lora4j.text.LabeledText;
import org.lora4j.text.LabeledWords;
import org.lora4j.text.Prediction;
import org.lora4j.text.TaggedWords;
import org.lora4j.train.ScoreInterval;

/**
 * What several arms reach on the same examples, and whether LoRA is better than each of the others: means with 95 % intervals,
 * by drawing the examples anew (bootstrap over examples, Efron 1979). All arms see the same draws, so that differences are
 * paired. An example that several seeds are tested on is one example: its results are drawn together, as those of a group are.
 */
public final class Comparison {

    /** The arm that the others are compared with. */
    public static final String LORA = "LoRA";

    private static final int DRAWS = 2_000;
    private static final int TAIL = DRAWS / 40;

    private final String title;
    private final String measure;
    private final long seed;
    /** By arm and example what it adds above the line, and below it. */
    private final Map<String, Map<String, double[]>> arms = new LinkedHashMap<>();

    /**
     * A comparison without arms.
     *
     * @param title what is compared, such as {@code "intents of voice commands"}
     * @param measure what is measured, such as {@code "accuracy"}; higher is better
     * @param seed of the draws
     */
    public Comparison(String title, String measure, long seed) {
        this.title = title;
        this.measure = measure;
        this.seed = seed;
    }

    /**
     * Adds results of examples that nothing was asked of before, such as pictures drawn for this seed alone.
     *
     * @param arm its name; {@link #LORA} for the one that is on trial
     * @param results for each example how good the answer is, such as 1 if it is right and 0 if not
     * @return this
     */
    public Comparison add(String arm, double... results) {
        int before = arms.getOrDefault(arm, Map.of()).size();
        return add(
                arm,
                results,
                IntStream.range(before, before + results.length)
                        .mapToObj(String::valueOf)
                        .toList());
    }

    /**
     * Adds results of examples that have a name. All of one name are drawn together: those of a document or a language, and those of
     * the same example with other seeds.
     *
     * @param arm its name
     * @param results for each example how good the answer is
     * @param names what it is, or what it belongs to
     * @return this
     */
    public Comparison add(String arm, double[] results, List<String> names) {
        double[] ones = new double[results.length];
        Arrays.fill(ones, 1);
        return add(arm, results, ones, names);
    }

    private Comparison add(String arm, double[] shares, double[] weights, List<String> names) {
        if (shares.length != names.size()) {
            throw new IllegalArgumentException("Comparison " + title + ", arm " + arm + ": " + shares.length
                    + " results and " + names.size() + " names of examples; expected as many of each.");
        }
        Map<String, double[]> sums = arms.computeIfAbsent(arm, key -> new LinkedHashMap<>());
        for (int i = 0; i < shares.length; i++) {
            double[] sum = sums.computeIfAbsent(names.get(i), name -> new double[2]);
            sum[0] += shares[i];
            sum[1] += weights[i];
        }
        return this;
    }

    /**
     * Adds answers of one label each: 1 for each that is right, 0 for each other.
     *
     * @param arm its name
     * @param examples the test
     * @param predictions what was said of their texts
     * @return this
     */
    public Comparison addAnswers(String arm, List<LabeledText> examples, List<Prediction> predictions) {
        return add(
                arm,
                hits(
                        LabeledTexts.labels(examples),
                        predictions.stream().map(Prediction::label).toList()),
                LabeledTexts.texts(examples));
    }

    /**
     * Adds answers of several labels each, or none: their measure is micro F1.
     *
     * @param arm its name
     * @param examples the test
     * @param predictions what was said of their texts
     * @return this
     */
    public Comparison addLabels(String arm, List<LabeledText> examples, List<Prediction> predictions) {
        double[] right = new double[examples.size()];
        double[] all = new double[examples.size()];
        for (int i = 0; i < right.length; i++) {
            List<String> truth = examples.get(i).labels();
            List<String> given = predictions.get(i).labels();
            right[i] = 2 * given.stream().filter(truth::contains).count();
            all[i] = truth.size() + given.size();
        }
        return add(arm, right, all, LabeledTexts.texts(examples));
    }

    /**
     * Adds entities that were found in words: their measure is micro F1.
     *
     * @param arm its name
     * @param examples the test
     * @param tagged what was found in their words
     * @return this
     */
    public Comparison addEntities(String arm, List<LabeledWords> examples, List<TaggedWords> tagged) {
        double[] right = new double[examples.size()];
        double[] all = new double[examples.size()];
        for (int i = 0; i < right.length; i++) {
            List<Entity> truth = examples.get(i).entities();
            List<Entity> given = tagged.get(i).entities();
            right[i] = 2 * given.stream().filter(truth::contains).count();
            all[i] = truth.size() + given.size();
        }
        return add(
                arm,
                right,
                all,
                examples.stream()
                        .map(example -> String.join(" ", example.words()))
                        .toList());
    }

    /**
     * Which answers are right.
     *
     * @param truth what is true of each example
     * @param given what was answered
     * @return 1 for each that is right, 0 for each other
     */
    public static double[] hits(List<String> truth, List<String> given) {
        double[] hits = new double[truth.size()];
        for (int i = 0; i < hits.length; i++) {
            hits[i] = truth.get(i).equals(given.get(i)) ? 1 : 0;
        }
        return hits;
    }

    /**
     * How many answers are right.
     *
     * @param truth what is true of each example
     * @param given what was answered
     * @return the share, from 0 to 1
     */
    public static double share(List<String> truth, List<String> given) {
        return Arrays.stream(hits(truth, given)).average().orElseThrow();
    }

    /**
     * What is compared.
     *
     * @return the title
     */
    public String title() {
        return title;
    }

    /**
     * What an arm reaches.
     *
     * @param arm its name
     * @return the measure over all its examples
     */
    public ScoreInterval value(String arm) {
        double[][] examples = examples(arm);
        double[] drawn = new double[DRAWS];
        SplittableRandom random = new SplittableRandom(seed);
        for (int draw = 0; draw < DRAWS; draw++) {
            drawn[draw] = ratio(examples, indices(random, examples.length));
        }
        return interval(ratio(examples, all(examples.length)), drawn);
    }

    /**
     * How much better an arm is than another.
     *
     * @param arm its name
     * @param other the other one's name; it has the same examples
     * @return the paired difference
     */
    public ScoreInterval gain(String arm, String other) {
        double[][] first = examples(arm);
        double[][] second = examples(other);
        if (!List.copyOf(arms.get(arm).keySet())
                .equals(List.copyOf(arms.get(other).keySet()))) {
            throw new IllegalArgumentException("Comparison " + title + ": arm " + arm + " has " + first.length
                    + " examples and arm " + other + " has " + second.length
                    + "; expected the same examples in the same order.");
        }
        double[] drawn = new double[DRAWS];
        SplittableRandom random = new SplittableRandom(seed);
        for (int draw = 0; draw < DRAWS; draw++) {
            int[] indices = indices(random, first.length);
            drawn[draw] = ratio(first, indices) - ratio(second, indices);
        }
        int[] all = all(first.length);
        return interval(ratio(first, all) - ratio(second, all), drawn);
    }

    private double[][] examples(String arm) {
        if (!arms.containsKey(arm)) {
            throw new IllegalArgumentException(
                    "Comparison " + title + ": no arm " + arm + "; there are " + arms.keySet());
        }
        return arms.get(arm).values().toArray(double[][]::new);
    }

    private static int[] all(int count) {
        int[] all = new int[count];
        Arrays.setAll(all, i -> i);
        return all;
    }

    private static int[] indices(SplittableRandom random, int count) {
        int[] drawn = new int[count];
        Arrays.setAll(drawn, i -> random.nextInt(count));
        return drawn;
    }

    private static double ratio(double[][] examples, int... indices) {
        double above = 0;
        double below = 0;
        for (int index : indices) {
            above += examples[index][0];
            below += examples[index][1];
        }
        return below == 0 ? 0 : above / below;
    }

    private static ScoreInterval interval(double value, double... drawn) {
        Arrays.sort(drawn);
        return new ScoreInterval(value, Math.min(value, drawn[TAIL]), Math.max(value, drawn[DRAWS - 1 - TAIL]));
    }

    /**
     * Whether LoRA is better than every other arm, beyond chance.
     *
     * @return true if no interval of a difference reaches 0
     */
    public boolean isLoraAboveAll() {
        return arms.keySet().stream()
                .allMatch(arm -> arm.equals(LORA) || gain(LORA, arm).low() > 0);
    }

    /**
     * What the comparison says of LoRA.
     *
     * @return a sentence with each difference and its interval
     */
    public String verdict() {
        List<String> told = new ArrayList<>();
        for (String arm : arms.keySet()) {
            if (!arm.equals(LORA)) {
                ScoreInterval gain = gain(LORA, arm);
                String relation =
                        gain.isUncertain() ? "cannot be told from " : gain.low() > 0 ? "is above " : "is below ";
                told.add(relation + arm + " by " + gain);
            }
        }
        return LORA + " " + String.join(", ", told) + ".";
    }

    /**
     * The verdict for a page.
     *
     * @param because why it came out so, and what the advisor said beforehand; may be empty
     * @return an answer that is good if LoRA is above all other arms
     */
    public Advice advice(String because) {
        return new Advice(
                title + ", " + measure,
                isLoraAboveAll() ? Advice.Answer.GOOD : Advice.Answer.CONSIDER,
                because.isEmpty() ? verdict() : verdict() + " " + because,
                values());
    }

    /**
     * All figures by arm.
     *
     * @return value, low and high of each, and the gain of LoRA over it
     */
    public Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        arms.forEach((arm, examples) -> {
            Map<String, Object> own = new LinkedHashMap<>(value(arm).values());
            own.put("examples", examples.size());
            if (!arm.equals(LORA)) {
                own.put("loraAbove", gain(LORA, arm).values());
            }
            values.put(arm, own);
        });
        return values;
    }

    /** A table as Markdown has it. */
    @Override
    public String toString() {
        StringBuilder table = new StringBuilder("| " + title + " | " + measure + " | 95 % | LoRA above it | 95 % |\n");
        table.append("|---|---|---|---|---|\n");
        for (String arm : arms.keySet()) {
            ScoreInterval value = value(arm);
            table.append(String.format(
                    Locale.ROOT, "| %s | %.4f | %.4f to %.4f |", arm, value.value(), value.low(), value.high()));
            if (arm.equals(LORA)) {
                table.append(" | |\n");
            } else {
                ScoreInterval gain = gain(LORA, arm);
                table.append(String.format(
                        Locale.ROOT, " %+.4f | %+.4f to %+.4f |\n", gain.value(), gain.low(), gain.high()));
            }
        }
        return table.toString().strip();
    }
}
