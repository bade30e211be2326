/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.lora4j.error.Problems;
import org.lora4j.text.EncoderTask;
import org.lora4j.text.EncoderTaskBuilder;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.Progress;

/**
 * Is the data good enough? Answers nine questions before anything is trained, from the features that the frozen base gives and
 * from heads on them that did not learn from what they judge.
 *
 * <pre>{@code
 * DataReport report = DataAdvisor.builder().seed(1).build().examine(encoder, train, validation, served);
 * log.info("{}", report);
 * report.labelErrors().suspects().forEach(suspect -> show(train.get(suspect.row()), suspect.suggested()));
 * }</pre>
 *
 * <p>How each answer is found: wrong labels by confident learning (Northcutt et al. 2021, arXiv:1911.00068); copies by text, by
 * edits (Damerau 1964) and by cosine; outliers by the distance to the tenth neighbor (Ramaswamy et al. 2000) beyond the whiskers of a
 * box plot (Tukey 1977) of all rows or of its class; shift by a domain classifier (Lopez-Paz and
 * Oquab 2017, arXiv:1610.06545) and by words (Monroe et al. 2008); a learning curve with its power law (Hestness et al. 2017,
 * arXiv:1712.00409). Where there is too little to say something, the answer says so, and why.
 *
 * <p><b>Cost.</b> About ten fits of logistic regression, side by side where there are processors, and a product of pairs of rows, made tile by tile: memory grows with
 * the number of rows. Of more than 40 million pairs, as 6,300 rows have, some are compared: rows that the seed draws with all others, or with 20,000
 * of them. The answers say how many; copies by text or by equal features are found among all rows all the same. <b>State.</b> Immutable; the encoder and the data stay as they are. The same seed and data give the same
 * report. <b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class DataAdvisor {

    private final long seed;
    private final int folds;
    private final int smallestClass;
    private final double nearDuplicate;
    private final boolean quiet;

    private DataAdvisor(Builder builder) {
        this.seed = builder.seed;
        this.folds = builder.folds;
        this.smallestClass = builder.smallestClass;
        this.nearDuplicate = builder.nearDuplicate;
        this.quiet = builder.quiet;
    }

    /**
     * Settings to start from.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Examines the texts or images of a task with the default settings, by the encoder of the task:
     *
     * <pre>{@code
     * DataReport report = DataAdvisor.of(() -> TextClassifier.builder(encoder), train, validation);
     * }</pre>
     *
     * @param settings makes the builder of the task
     * @param train examples to learn from
     * @param validation examples to choose by; may be empty
     * @param <B> the builder
     * @param <E> an example
     * @param <T> the task
     * @return as {@link #examine(TextEncoder, List, List, List)}; of images without what is asked of words
     */
    public static <B extends EncoderTaskBuilder<B, T>, E, T extends EncoderTask<?, E, ?, ?, T>> DataReport of(
            Supplier<B> settings, List<E> train, List<E> validation) {
        Objects.requireNonNull(
                settings, "DataAdvisor.of: settings is null; expected a function that makes the builder of a task");
        Builder builder = builder();
        if (settings.get().options().quiet()) {
            builder.quiet();
        }
        try (T task = settings.get().build()) {
            return builder.build().examine(task, train, validation);
        }
    }

    private <E> DataReport examine(EncoderTask<?, E, ?, ?, ?> task, List<E> train, List<E> validation) {
        Progress progress = progress();
        return new DataExamination(this, DataParts.of(task, train, validation, progress), progress).report();
    }

    /**
     * Examines training texts alone; what needs other data cannot be said.
     *
     * @param encoder the frozen base
     * @param train texts to learn from
     * @return as {@link #examine(TextEncoder, List, List, List)}
     */
    public DataReport examine(TextEncoder encoder, List<LabeledText> train) {
        return examine(encoder, train, List.of(), List.of());
    }

    /**
     * Examines texts.
     *
     * @param encoder the frozen base
     * @param train texts to learn from, of two classes or more. Where texts have several labels, label errors and the
     *     learning curve cannot be said
     * @param validation texts to choose by; may be empty
     * @param served texts as they will come in use, without labels; may be empty
     * @return the answers
     * @throws IllegalArgumentException if there are no training texts, a text is null, empty or has no label, or all have the same
     *     one; the message lists every problem
     */
    public DataReport examine(
            TextEncoder encoder, List<LabeledText> train, List<LabeledText> validation, List<String> served) {
        Objects.requireNonNull(encoder, "DataAdvisor.examine: encoder is null; expected an encoder");
        Progress progress = progress();
        return new DataExamination(this, DataParts.of(encoder, train, validation, served, progress), progress).report();
    }

    /**
     * Examines features alone; what needs other data or texts cannot be said.
     *
     * @param features as in {@link LabeledFeatures}
     * @param labels as in {@link LabeledFeatures}
     * @return as {@link #examine(LabeledFeatures, LabeledFeatures, float[][])}
     */
    public DataReport examine(float[][] features, List<String> labels) {
        return examine(new LabeledFeatures(features, labels), LabeledFeatures.NONE, new float[0][]);
    }

    /**
     * Examines features, from any host.
     *
     * @param train examples to learn from, of two classes or more
     * @param validation examples to choose by; may be {@link LabeledFeatures#NONE}
     * @param served features as they will come in use; may be empty
     * @return the answers
     * @throws IllegalArgumentException if there are no training rows, rows differ in length, a number is not finite, the
     *     features of all training rows are the same, labels are missing, or all are the same; the message lists every
     *     problem
     */
    public DataReport examine(LabeledFeatures train, LabeledFeatures validation, float[][] served) {
        return new DataExamination(this, DataParts.of(train, validation, served), progress()).report();
    }

    /**
     * Asks the question of a shift alone, of features from any host, such as those of a window of requests: whether what comes in use can be
     * told from what was learned from.
     *
     * @param train features of training examples; their labels do not matter
     * @param served features of what comes in use; may be empty
     * @return the answer, with the area under the curve of a classifier that tells one from the other
     * @throws IllegalArgumentException if there are no training rows, rows differ in length, a number is not finite, or the features of all
     *     training rows are the same; the message lists every problem
     */
    public DataReport.Shift shift(float[][] train, float[][] served) {
        return new ShiftQuestion(this, DataParts.unlabeled(train, served)).shift();
    }

    private Progress progress() {
        return quiet ? Progress.none() : Progress.of("DataAdvisor.examine");
    }

    long seed() {
        return seed;
    }

    int folds() {
        return folds;
    }

    int smallestClass() {
        return smallestClass;
    }

    double nearDuplicate() {
        return nearDuplicate;
    }

    /**
     * Settings of an examination. <b>Threads.</b> For one thread.
     *
     * @apiNote Status: experimental
     */
    public static final class Builder {

        private long seed = 1;
        private int folds = 5;
        private int smallestClass = 10;
        private double nearDuplicate = 0.95;
        private boolean quiet;

        private Builder() {}

        /**
         * Keeps progress out of the log. By default it has a line after two seconds, and then at most one every ten seconds.
         *
         * @return this builder
         */
        public Builder quiet() {
            quiet = true;
            return this;
        }

        /**
         * Decides which rows are in which fold and which are left out for the learning curve.
         *
         * @param value any number; 1 without this call
         * @return this builder
         */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * In how many parts the training rows are dealt; each is judged by a head that learned from the others. Nothing can be
         * said of the labels of classes with fewer rows.
         *
         * @param count 2 or more; 5 without this call
         * @return this builder
         */
        public Builder folds(int count) {
            folds = count;
            return this;
        }

        /**
         * How many examples a class should have.
         *
         * @param examples 1 or more; 10 without this call
         * @return this builder
         */
        public Builder smallestClass(int examples) {
            smallestClass = examples;
            return this;
        }

        /**
         * From which cosine on two rows are near duplicates, if they are also ten times nearer than a row and its tenth neighbor
         * usually are.
         *
         * @param cosine of features brought to mean 0 and deviation 1, above 0 and at most 1; 0.95 without this call
         * @return this builder
         */
        public Builder nearDuplicate(double cosine) {
            nearDuplicate = cosine;
            return this;
        }

        /**
         * Makes the advisor.
         *
         * @return the advisor
         * @throws IllegalArgumentException if a setting is out of its range; the message lists every one
         */
        public DataAdvisor build() {
            Problems problems = new Problems();
            problems.atLeast("folds", folds, 2);
            problems.atLeast("smallestClass", smallestClass, 1);
            problems.check(
                    nearDuplicate > 0 && nearDuplicate <= 1,
                    "nearDuplicate = " + nearDuplicate + ", expected a cosine above 0, at most 1");
            problems.throwIfAny("DataAdvisor");
            return new DataAdvisor(this);
        }
    }
}
