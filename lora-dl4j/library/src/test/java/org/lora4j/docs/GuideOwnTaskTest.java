/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.Problems;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Targets;
import org.lora4j.text.TaskBuilder;
import org.lora4j.text.TaskExporter;
import org.lora4j.text.TaskSpec;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextRegressor;
import org.lora4j.text.TextTask;
import org.lora4j.text.TinyEncoder;

/** The example of a task of one's own in {@code docs/text.md}. */
class GuideOwnTaskTest {

    private static final List<String> GRADES = List.of("low", "rate", "high");

    @TempDir
    private Path directory;

    private static List<LabeledText> texts() {
        List<LabeledText> texts = new ArrayList<>();
        for (int i = 0; i < 36; i++) {
            String grade = GRADES.get(i % 3);
            texts.add(new LabeledText("the film " + grade + " is " + i, grade));
        }
        return texts;
    }

    @Test
    void ownTask_learnsAndIsSavedAndLoaded() throws IOException {
        List<LabeledText> train = texts();
        try (TextEncoder encoder = TinyEncoder.create()) {
            // begin
            GradeClassifier grader = GradeClassifier.builder(encoder, "low", "rate", "high")
                    .build()
                    .fit(train);
            String grade = grader.predict("the film high is new");
            grader.save(directory);
            GradeClassifier again = GradeClassifier.load(directory, encoder);
            // end

            assertThat(grade).isEqualTo("high");
            assertThat(grader.evaluate(train)).isGreaterThan(0.9);
            assertThat(again.predict(List.of("the film high is new", "my low card")))
                    .isEqualTo(grader.predict(List.of("the film high is new", "my low card")));
            assertThat(again.weights().get("classifier.weight").shape()).containsExactly(2, 16);
            assertThatThrownBy(() -> TextRegressor.load(directory, encoder))
                    .isInstanceOf(IncompatibleBaseException.class)
                    .hasMessageContaining("it is of the task \"example.org/grades\"");
            assertThatThrownBy(() -> GradeClassifier.builder(encoder, "low", "high")
                            .build()
                            .fit(train))
                    .hasMessageContaining("train[1] has the grade rate, expected one of [low, high]");
        }
    }
}

final class GradeClassifier extends TextTask<String, LabeledText, String, Double, GradeClassifier> {

    private GradeClassifier(TaskBuilder<GradeClassifier> settings, String... grades) {
        super(settings, new GradeSpec(List.of(grades)));
    }

    static TaskBuilder<GradeClassifier> builder(TextEncoder encoder, String... grades) {
        return new TaskBuilder<>("GradeClassifier", encoder, settings -> new GradeClassifier(settings, grades));
    }

    static GradeClassifier load(Path directory, TextEncoder encoder) throws IOException {
        return builder(encoder).build().read(directory);
    }

    static GradeClassifier load(Path directory, Path... encoderFolders) throws IOException {
        return load(directory, "GradeClassifier.load", GradeClassifier::builder, encoderFolders);
    }

    @Override
    protected GradeClassifier self() {
        return this;
    }
}

record GradeSpec(List<String> grades) implements TaskSpec<String, LabeledText, String, Double> {

    @Override
    public Kind kind() {
        return new Kind("example.org/grades", "SEQ_CLS", false);
    }

    @Override
    public String input(LabeledText example) {
        return example.text();
    }

    @Override
    public List<String> texts(String input) {
        return List.of(input);
    }

    @Override
    public TokenizedText tokens(TextEncoder encoder, String input) {
        return encoder.tokenizer().tokenize(encoder.prefixes().text() + input);
    }

    @Override
    public Grades targets(List<LabeledText> train) {
        return new Grades(grades);
    }

    @Override
    public Grades targets(Path file, Map<String, Object> description) throws IOException {
        if (description.get("grades") instanceof List<?> saved) {
            return new Grades(saved.stream().map(String::valueOf).toList());
        }
        throw new IOException(file + ": it has no grades; expected a list. Save the task again.");
    }

    @Override
    public Double evaluate(List<LabeledText> examples, List<String> predictions) {
        long right = IntStream.range(0, examples.size())
                .filter(i -> examples.get(i).labels().contains(predictions.get(i)))
                .count();
        return (double) right / examples.size();
    }
}

/** An output for each grade but the lowest: whether a text has this grade or a higher one. */
record Grades(List<String> grades) implements Targets<String, LabeledText, String> {

    @Override
    public TaskExporter.Head head() {
        return TaskExporter.Head.SEVERAL_CLASSES;
    }

    @Override
    public List<String> names() {
        return grades.subList(1, grades.size());
    }

    @Override
    public void check(LabeledText example, String where, Problems problems) {
        String grade = example.labels().get(0);
        problems.check(grades.contains(grade), where + " has the grade " + grade + ", expected one of " + grades);
    }

    @Override
    public float[] encode(LabeledText example, TokenizedText tokens) {
        float[] reached = new float[names().size()];
        Arrays.fill(reached, 0, grades.indexOf(example.labels().get(0)), 1);
        return reached;
    }

    @Override
    public String decode(String input, TokenizedText tokens, float[] logits) {
        return grades.get(steps(logits));
    }

    private static int steps(float[] numbers) {
        return (int)
                IntStream.range(0, numbers.length).filter(i -> numbers[i] > 0).count();
    }

    @Override
    public String metric() {
        return "accuracy";
    }

    @Override
    public double score(List<float[]> targets, float[][] logits) {
        long right = IntStream.range(0, logits.length)
                .filter(i -> steps(logits[i]) == steps(targets.get(i)))
                .count();
        return (double) right / logits.length;
    }

    @Override
    public Map<String, Object> description() {
        return Map.of("grades", grades);
    }
}
