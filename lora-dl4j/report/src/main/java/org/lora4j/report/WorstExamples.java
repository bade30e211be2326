/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.train.EpochReport;
import org.lora4j.train.RunListener;
import org.lora4j.train.TrainingStart;
import org.lora4j.train.ValidationAnswers;

/**
 * Keeps the examples of the validation part that an encoder is farthest off with after each epoch:
 *
 * <pre>{@code
 * WorstExamples worst = WorstExamples.of(5);
 * TextClassifier classifier = TextClassifier.builder(encoder).listener(worst).build().fit(train);
 * TrainingReport.of(classifier.report()).withWorst(worst.examples()).write(Path.of("report.html"));
 * }</pre>
 *
 * <p>An example that is among them in every epoch is one that the model cannot learn, or one with a wrong label. Tasks with a head tell
 * their answers: labels, tags and numbers. Sentence encoders and language models do not, so of them there is nothing.
 *
 * <p><b>State.</b> Of one run at a time; a new one starts anew.
 *
 * @apiNote Status: experimental
 */
public final class WorstExamples implements RunListener {

    private final int count;
    private final List<WorstExample> examples = new ArrayList<>();
    private List<WorstExample> latest = List.of();

    private WorstExamples(int count) {
        this.count = count;
    }

    /**
     * Makes a listener.
     *
     * @param count how many examples to keep of each epoch, 1 or more
     * @return the listener
     * @throws IllegalArgumentException if {@code count} is below 1
     */
    public static WorstExamples of(int count) {
        Problems problems = new Problems();
        problems.atLeast("count", count, 1);
        problems.throwIfAny("WorstExamples.of");
        return new WorstExamples(count);
    }

    @Override
    public void onTrainingStart(TrainingStart start) {
        examples.clear();
        latest = List.of();
    }

    @Override
    public void onValidation(ValidationAnswers answers) {
        Arguments.required(answers, "WorstExamples.onValidation: answers", "what the model says");
        double[] losses =
                IntStream.range(0, answers.size()).mapToDouble(answers::loss).toArray();
        latest = IntStream.range(0, losses.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -losses[i]).thenComparingInt(i -> i))
                .limit(count)
                .map(i -> new WorstExample(0, i, losses[i], answers.right(i), answers.given(i), answers.input(i)))
                .toList();
    }

    @Override
    public void onEpochEnd(EpochReport report) {
        Arguments.required(report, "WorstExamples.onEpochEnd: report", "the epoch");
        if (report.metric().isPresent()) {
            latest.forEach(one -> examples.add(new WorstExample(
                    report.epoch(), one.example(), one.loss(), one.right(), one.given(), one.input())));
        }
    }

    /**
     * The examples that were kept so far in this run.
     *
     * @return epoch after epoch, the worst first; none without a validation part; a copy
     */
    public List<WorstExample> examples() {
        return List.copyOf(examples);
    }
}
