/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.Suitability.Verdict;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.internal.advice.DomainClassifier;
import org.lora4j.internal.advice.Folds;
import org.lora4j.internal.advice.OutOfFold;
import org.lora4j.internal.advice.StandardRows;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.model.AdaptedModel;
import org.lora4j.random.RandomStreams;
import org.lora4j.train.Batch;
import org.lora4j.train.Progress;
import org.lora4j.train.Trainable;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Forecasts whether a head, low-rank adaptation or neither will do, from the frozen base:
 *
 * <ul>
 *   <li>what a head reaches: accuracy of logistic regression on the features, out of five folds. From {@value #SUFFICIENT} on, or what
 *       {@link #sufficient} says, a head is enough.
 *   <li>what the base is worth: the same on its inputs ({@link #inputs}). If the features give less than {@value #KEPT} of the accuracy
 *       that the inputs give, the base loses what the task needs, and small updates of it will not be enough.
 *   <li>how flat the spectrum of the loss's gradient is ({@link #gradients}): the share of its energy that updates of the config's ranks
 *       can have, and the rank that would have {@value #ENERGY} of it. Below {@value #FLAT}, they will not be enough.
 *   <li>how far the data is from the base's ({@link #baseFeatures}): the area under the curve of a classifier that tells them
 *       apart, and the distance of the means in standard deviations. It decides nothing by itself: inverted digits are as far from
 *       upright ones as scrambled digits are.
 * </ul>
 *
 * <p>A verdict for which a number is within one standard error of its limit is {@code CONSIDER}, and says so.
 *
 * <p>The numbers were fixed on digits that were shifted, thickened, mirrored, turned by an eighth or upside down, made small, inverted in
 * one half or by a random mask, and digits whose rows, columns or blocks change places; see the guide for what they gave on others.
 *
 * <p>Costs a fit of logistic regression for each fold, twice with {@link #inputs}, and what {@link #gradients} says. The model is left as
 * it was, to the bit. <b>State.</b> One thread.
 *
 * <p>Sources: Kumar et al. 2022, arXiv 2202.10054 (heads on frozen features before anything else); Wang, Yu, Li 2024, LoRA-GA, arXiv
 * 2407.05000 (gradients of weights); Lopez-Paz and Oquab 2017, arXiv 1610.06545 (classifiers that tell two samples apart).
 *
 * @apiNote Status: experimental
 */
public final class BeforeTraining {

    static final double SUFFICIENT = 0.95;
    static final double KEPT = 0.9;
    static final double ENERGY = 0.9;
    static final double FLAT = 0.5;

    /** A gradient of other batches has a share that is off by as much. */
    private static final double NEAR_FLAT = 0.05;

    private static final String WHERE = "Suitability.beforeTraining";
    private static final String WITHIN_CONFIG = "shareWithinConfig";
    private static final String WITHIN_RANK = "shareWithinRank";
    private static final int FOLDS = 5;
    private static final int FEWEST = 50;
    private static final int HIGHEST_RANK = 64;
    private static final int COMPONENTS = 64;
    private static final int ITERATIONS = 2;

    private final float[][] features;
    private final int[] labels;
    private final int classes;
    private Optional<float[][]> inputs = Optional.empty();
    private Optional<float[][]> baseFeatures = Optional.empty();
    private Map<String, Matrix> gradients = Map.of();
    private LoraConfig config;
    private double sufficient = SUFFICIENT;
    private long seed;
    private boolean quiet;

    BeforeTraining(float[][] features, int[] labels) {
        Objects.requireNonNull(features, WHERE + ": features is null; expected a row for each example");
        Objects.requireNonNull(labels, WHERE + ": labels is null; expected a class for each example");
        Problems problems = new Problems();
        boolean sound = check("features", features, problems);
        problems.check(
                labels.length == features.length,
                labels.length + " labels for " + features.length + " examples, expected one for each");
        int least = Arrays.stream(labels).min().orElse(0);
        problems.check(least >= 0, "label " + least + ", expected numbers of classes from 0");
        problems.check(
                Arrays.stream(labels).distinct().count() != 1,
                "all examples are of class " + least + ", expected two classes or more");
        problems.check(
                !sound || new StandardRows(features).changing() > 0,
                "the features of all examples are the same, expected some that differ");
        problems.throwIfAny(WHERE);
        this.features = features;
        // Numbers of classes that no example has do not count.
        int[] present = Arrays.stream(labels).distinct().sorted().toArray();
        this.labels = Arrays.stream(labels)
                .map(label -> Arrays.binarySearch(present, label))
                .toArray();
        this.classes = present.length;
    }

    /** Whether rows are finite and of one length; says so if not. */
    private static boolean check(String name, float[][] rows, Problems problems) {
        int before = problems.size();
        problems.check(rows.length > 0, "no " + name + ", expected a row for each example");
        for (int i = 0; i < rows.length && !problems.isFull(); i++) {
            if (rows[i] == null || rows[i].length == 0 || rows[i].length != (rows[0] == null ? -1 : rows[0].length)) {
                problems.add("row " + i + " of the " + name + " is "
                        + (rows[i] == null ? "null" : "of length " + rows[i].length) + ", expected rows of one length");
                continue;
            }
            for (int j = 0; j < rows[i].length; j++) {
                if (!Float.isFinite(rows[i][j])) {
                    problems.add("value " + j + " in row " + i + " of the " + name + " is " + rows[i][j]
                            + ", expected finite numbers");
                    break;
                }
            }
        }
        return problems.size() == before;
    }

    /**
     * Has the base compared with its own inputs: pixels, counts of words, measurements. Of those that are longer than 64 numbers, the
     * first 64 principal components.
     *
     * @param rows the inputs of the same examples in the same order
     * @return this
     * @throws IllegalArgumentException if they are no finite rows of one length, or not as many as there are features
     */
    public BeforeTraining inputs(float[][] rows) {
        Problems problems = new Problems();
        check("inputs", rows, problems);
        problems.check(
                rows.length == features.length,
                rows.length + " inputs for " + features.length + " examples, expected those of the same examples");
        problems.throwIfAny(WHERE);
        inputs = Optional.of(rows);
        return this;
    }

    /**
     * Has the distance measured between the data and what the base learned from.
     *
     * @param rows what the base makes of examples like those that it learned from
     * @return this
     * @throws IllegalArgumentException if they are no finite rows of the length of the features, or fewer than five
     */
    public BeforeTraining baseFeatures(float[][] rows) {
        Problems problems = new Problems();
        if (check("features of the base's data", rows, problems)) {
            problems.check(
                    rows[0].length == features[0].length,
                    rows[0].length + " features of the base's data, expected " + features[0].length
                            + " as of the task's");
            problems.check(
                    rows.length >= FOLDS,
                    rows.length + " rows of features of the base's data, expected one for each of " + FOLDS + " folds");
        }
        problems.throwIfAny(WHERE);
        baseFeatures = Optional.of(rows);
        return this;
    }

    /**
     * Measures the gradient of the loss by each targeted weight, as LoRA-GA does at its start: now, with a pass forwards and backwards
     * for each batch and a copy of the targeted weights. Its head should have learned something: a random one says little.
     *
     * @param model the model without active adapters, or with those that should be on
     * @param training the same model for the training loop
     * @param config what would be adapted, and with which rank
     * @param batches one or more batches of the task; a few hundred examples are enough
     * @return this
     * @throws IllegalArgumentException if there is no batch, the config does not fit the model, or a gradient is zero or not finite
     */
    public BeforeTraining gradients(
            AdaptedModel model, Trainable training, LoraConfig config, Iterable<Batch> batches) {
        Map<String, Matrix> measured = WeightGradients.of(WHERE, model, training, config, batches);
        Problems problems = new Problems();
        problems.check(
                measured.values().stream().anyMatch(gradient -> gradient.norm() > 0),
                "the gradients of all targeted weights are 0, expected a loss that depends on them");
        problems.throwIfAny(WHERE);
        this.gradients = measured;
        this.config = config;
        return this;
    }

    /**
     * Sets the accuracy that would do.
     *
     * @param accuracy above 0, up to 1; {@value #SUFFICIENT} by default
     * @return this
     * @throws IllegalArgumentException if it is outside of its range
     */
    public BeforeTraining sufficient(double accuracy) {
        Problems problems = new Problems();
        problems.check(accuracy > 0 && accuracy <= 1, "sufficient = " + accuracy + ", expected more than 0, up to 1");
        problems.throwIfAny(WHERE);
        sufficient = accuracy;
        return this;
    }

    /**
     * Sets the source of all randomness: folds, and random combinations for large gradients.
     *
     * @param value any number; 0 by default
     * @return this
     */
    public BeforeTraining seed(long value) {
        seed = value;
        return this;
    }

    /**
     * Keeps progress out of the log. By default it has a line after two seconds, and then at most one every ten seconds.
     *
     * @return this
     */
    public BeforeTraining quiet() {
        quiet = true;
        return this;
    }

    /**
     * Forecasts.
     *
     * @return the verdict; {@link Verdict#UNKNOWN} if there are fewer than 50 examples, or a class has fewer than five
     */
    public Suitability forecast() {
        if (features.length < FEWEST) {
            return Suitability.unknown(features.length + " examples are fewer than " + FEWEST
                    + ", whose accuracy is sure to 7 points at best");
        }
        int[] sizes = new int[classes];
        Arrays.stream(labels).forEach(label -> sizes[label]++);
        int smallest = Arrays.stream(sizes).min().getAsInt();
        if (smallest < FOLDS) {
            return Suitability.unknown("a class has " + smallest + " examples, and " + FOLDS + " folds need one each");
        }
        Map<String, Object> evidence = new LinkedHashMap<>();
        Folds folds = Folds.of(labels, FOLDS, seed);
        double head = accuracy(new StandardRows(features).of(features), folds);
        evidence.put("examples", features.length);
        evidence.put("headAccuracy", head);
        evidence.put("headError", Math.sqrt(head * (1 - head) / features.length));
        evidence.put("mostFrequentClass", (double) Arrays.stream(sizes).max().getAsInt() / features.length);
        inputs.ifPresent(rows -> evidence.put("headAccuracyOnInputs", accuracy(reduced(rows), folds)));
        String distance = baseFeatures.map(rows -> distance(rows, evidence)).orElse("");
        if (!gradients.isEmpty()) {
            spectrum(evidence);
        }
        return verdict(head, distance, evidence);
    }

    private Suitability verdict(double head, String distance, Map<String, Object> evidence) {
        String reached = format("a head on the frozen base reaches %.1f %%", 100 * head);
        double error = (double) evidence.get("headError");
        StringBuilder line = new StringBuilder();
        if (isAtLeast(head, sufficient, error, "a head is enough", line)) {
            String sentence =
                    format("A head is enough: %s, and %.1f %% would do%s.", reached, 100 * sufficient, distance);
            return verdict(Verdict.HEAD_IS_ENOUGH, OptionalInt.empty(), Answer.GOOD, sentence, line, evidence);
        }
        Double ofInputs = (Double) evidence.get("headAccuracyOnInputs");
        if (ofInputs != null && !isAtLeast(head, KEPT * ofInputs, error, "the base keeps enough", line)) {
            String because = "%s, and %.1f %% on the inputs themselves: the base loses what the task needs%s";
            return notEnough(format(because, reached, 100 * ofInputs, distance), line, evidence);
        }
        Double within = (Double) evidence.get(WITHIN_CONFIG);
        if (within == null) {
            String sentence =
                    format("LoRA: %s%s. Which rank, the gradients of some batches would tell.", reached, distance);
            return verdict(Verdict.LORA, OptionalInt.empty(), Answer.CONSIDER, sentence, line, evidence);
        }
        if (!isAtLeast(within, FLAT, NEAR_FLAT, "the gradient has few enough directions", line)) {
            String because = "the gradient is flat: the config's ranks can have %.0f %% of its energy%s";
            return notEnough(format(because, 100 * within, distance), line, evidence);
        }
        return lora(reached, distance, line, evidence);
    }

    /** Whether a share reaches a limit; says so where it hardly does, or nearly does. */
    private static boolean isAtLeast(double share, double limit, double near, String then, StringBuilder line) {
        if (Math.abs(share - limit) < near) {
            line.append(format(
                    " On the line: from %.1f %% on %s, and %.1f %%, give or take %.1f, were measured.",
                    100 * limit, then, 100 * share, 100 * near));
        }
        return share >= limit;
    }

    /** The least power of two that can have most of the gradient's energy, or the highest that was looked at. */
    private static Suitability lora(String reached, String distance, StringBuilder line, Map<String, Object> evidence) {
        Map<?, ?> shares = (Map<?, ?>) evidence.get(WITHIN_RANK);
        int rank = 1;
        while (rank < HIGHEST_RANK && (double) shares.get(String.valueOf(rank)) < ENERGY) {
            rank *= 2;
        }
        String sentence = format(
                "LoRA of rank %d: %s, and updates of that rank can have %.0f %% of the gradient's energy%s.",
                rank, reached, 100 * (double) shares.get(String.valueOf(rank)), distance);
        return verdict(Verdict.LORA, OptionalInt.of(rank), Answer.GOOD, sentence, line, evidence);
    }

    private static Suitability notEnough(String because, StringBuilder line, Map<String, Object> evidence) {
        return verdict(
                Verdict.LORA_IS_NOT_ENOUGH,
                OptionalInt.empty(),
                Answer.PROBLEM,
                "LoRA will not be enough here, because " + because + ". Fine-tune fully, or take another base.",
                line,
                evidence);
    }

    private static Suitability verdict(
            Verdict verdict,
            OptionalInt rank,
            Answer answer,
            String sentence,
            StringBuilder line,
            Map<String, Object> evidence) {
        evidence.put("onTheLine", line.length() > 0);
        return Suitability.of(verdict, rank, line.length() > 0 ? Answer.CONSIDER : answer, sentence + line, evidence);
    }

    private double accuracy(float[][] rows, Folds folds) {
        OutOfFold heads = OutOfFold.of(
                rows, labels, classes, folds, quiet ? Progress.none() : Progress.of("Suitability.forecast"));
        long right = IntStream.range(0, rows.length)
                .filter(i -> heads.choice(i) == labels[i])
                .count();
        return (double) right / rows.length;
    }

    /** The first principal components, in place of inputs that are too long for a head: as good for one, at a bounded cost. */
    private float[][] reduced(float[][] rows) {
        float[][] standard = new StandardRows(rows).of(rows);
        if (rows[0].length <= COMPONENTS) {
            return standard;
        }
        SingularValues svd = SingularValues.randomized(
                Matrix.of(Nd4j.createFromArray(standard), rows.length),
                Math.min(COMPONENTS, rows.length),
                ITERATIONS,
                RandomStreams.of(seed, "inputs"));
        float[][] components = new float[rows.length][svd.values().length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < components[i].length; j++) {
                components[i][j] = (float) (svd.left().get(j, i) * svd.values()[j]);
            }
        }
        return components;
    }

    /** Writes how far the data is from the base's to the evidence; the clause for the sentence. */
    private String distance(float[][] ofBase, Map<String, Object> evidence) {
        float[][] both = new float[ofBase.length + features.length][];
        System.arraycopy(ofBase, 0, both, 0, ofBase.length);
        System.arraycopy(features, 0, both, ofBase.length, features.length);
        boolean[] second = new boolean[both.length];
        Arrays.fill(second, ofBase.length, both.length, true);
        double area = DomainClassifier.of(new StandardRows(both).of(both), second, FOLDS, seed)
                .area();
        float[][] units = new StandardRows(ofBase).of(features);
        double squares = 0;
        for (int j = 0; j < units[0].length; j++) {
            double mean = 0;
            for (float[] row : units) {
                mean += row[j] / units.length;
            }
            squares += mean * mean;
        }
        evidence.put("domainArea", area);
        evidence.put("meanDistance", Math.sqrt(squares / units[0].length));
        return format("; the data can be told from the base's with an area under the curve of %.2f", area);
    }

    /** Writes the spectra to the evidence. */
    private void spectrum(Map<String, Object> evidence) {
        Map<String, GradientSpectrum> spectra = GradientSpectrum.of(gradients, seed);
        double all = 0;
        double within = 0;
        Map<String, Object> modules = new LinkedHashMap<>();
        for (Map.Entry<String, GradientSpectrum> entry : spectra.entrySet()) {
            GradientSpectrum one = entry.getValue();
            int rank = config.rankOf(entry.getKey());
            all += one.energy();
            within += one.within(rank);
            if (one.energy() > 0) {
                Map<String, Object> module = new LinkedHashMap<>();
                module.put("rank", rank);
                module.put("share", one.within(rank) / one.energy());
                module.put("stableRank", one.stableRank());
                module.put("side", one.side());
                modules.put(entry.getKey(), module);
            }
        }
        Map<String, Object> shares = new LinkedHashMap<>();
        for (int rank = 1; rank <= HIGHEST_RANK; rank *= 2) {
            shares.put(String.valueOf(rank), GradientSpectrum.share(spectra, rank));
        }
        evidence.put(WITHIN_CONFIG, within / all);
        evidence.put(WITHIN_RANK, shares);
        evidence.put("modules", modules);
    }

    static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
