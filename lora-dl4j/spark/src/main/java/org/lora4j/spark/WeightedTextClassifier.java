/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.lora4j.error.Problems;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.spark.WeightedTextClassifier.WeightedText;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.LabelTargets;
import org.lora4j.text.LabelTargets.LabelSettings;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.Targets;
import org.lora4j.text.TaskBuilder;
import org.lora4j.text.TaskExporter;
import org.lora4j.text.TaskSpec;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTask;

/**
 * A classifier of texts whose examples have weights of their own: one of weight 3 counts as three. What it saves {@code TextClassifier}
 * loads.
 */
final class WeightedTextClassifier
        extends TextTask<String, WeightedText, Prediction, LabelEvaluation, WeightedTextClassifier> {

    private static final LabelSettings ONE_LABEL = new LabelSettings(false, 0.5, false, Map.of());

    /**
     * A text with its label, and how much it counts.
     *
     * @param example the text and its label
     * @param weight a finite number above 0
     */
    record WeightedText(LabeledText example, double weight) {

        List<String> labels() {
            return example.labels();
        }
    }

    private WeightedTextClassifier(TaskBuilder<WeightedTextClassifier> builder) {
        super(builder, new Spec());
    }

    /** Makes one, of what a builder is told. */
    static WeightedTextClassifier of(TextEncoder encoder, Consumer<TaskBuilder<WeightedTextClassifier>> settings) {
        TaskBuilder<WeightedTextClassifier> builder =
                new TaskBuilder<>("LoraTextClassifier", encoder, WeightedTextClassifier::new);
        settings.accept(builder);
        return builder.build();
    }

    @Override
    protected WeightedTextClassifier self() {
        return this;
    }

    /** The labels that it tells apart. */
    List<String> labels() {
        return learned("labels").names();
    }

    private static final class Spec implements TaskSpec<String, WeightedText, Prediction, LabelEvaluation> {

        @Override
        public Kind kind() {
            return new Kind("text-classification", "SEQ_CLS", false);
        }

        @Override
        public String input(WeightedText example) {
            return example.example().text();
        }

        @Override
        public WeightedText tidy(WeightedText example) {
            LabeledText text = example.example();
            return new WeightedText(
                    new LabeledText(
                            text.text(),
                            text.labels().stream().map(String::strip).toList()),
                    example.weight());
        }

        @Override
        public List<String> labels(WeightedText example) {
            return example.labels();
        }

        @Override
        public List<String> texts(String input) {
            return List.of(input);
        }

        @Override
        public TokenizedText tokens(TextEncoder encoder, String input) {
            return encoder.tokens(input);
        }

        @Override
        public Targets<String, WeightedText, Prediction> targets(List<WeightedText> train) {
            return new Weighted(LabelTargets.of("LoraTextClassifier.fit", train, WeightedText::labels, ONE_LABEL));
        }

        @Override
        public Targets<String, WeightedText, Prediction> targets(Path file, Map<String, Object> description)
                throws IOException {
            return new Weighted(LabelTargets.read(file, description, WeightedText::labels, ONE_LABEL));
        }

        @Override
        public LabelEvaluation evaluate(List<WeightedText> examples, List<Prediction> predictions) {
            return LabelEvaluation.of(
                    examples.stream().map(WeightedText::labels).toList(),
                    predictions.stream().map(Prediction::labels).toList());
        }
    }

    /** Labels whose rows of targets are multiplied by the weights, as those of class weights are. */
    private record Weighted(LabelTargets<String, WeightedText> plain)
            implements Targets<String, WeightedText, Prediction> {

        @Override
        public TaskExporter.Head head() {
            return plain.head();
        }

        @Override
        public List<String> unknown(WeightedText example) {
            return plain.unknown(example);
        }

        @Override
        public List<String> names() {
            return plain.names();
        }

        @Override
        public String metric() {
            return plain.metric();
        }

        @Override
        public double score(List<float[]> targets, float[][] logits) {
            return plain.score(targets, logits);
        }

        @Override
        public void check(WeightedText example, String where, Problems problems) {
            plain.check(example, where, problems);
        }

        @Override
        public float[] encode(WeightedText example, TokenizedText tokens) {
            float[] target = plain.encode(example, tokens);
            for (int i = 0; i < target.length; i++) {
                target[i] *= (float) example.weight();
            }
            return target;
        }

        @Override
        public Prediction decode(String input, TokenizedText tokens, float[] logits) {
            return plain.decode(input, tokens, logits);
        }

        @Override
        public Map<String, Object> description() {
            return plain.description();
        }
    }
}
