/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.lora4j.spark.WeightedTextClassifier.WeightedText;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;

/** Labels of texts. */
final class ClassifierTask extends TextRowTask<WeightedText, ClassifierTask.Input> {

    private static final long serialVersionUID = 1;

    /**
     * What is predicted for.
     *
     * @param text the text
     * @param label the index of its own label, if that is asked for
     */
    record Input(String text, Double label) {}

    @Override
    public String name() {
        return "LoraTextClassifier";
    }

    @Override
    TableColumns.Kind labels() {
        return TableColumns.Kind.LABEL;
    }

    @Override
    public Facts facts(StructType schema, ParamValues settings) {
        StructField label = schema.apply(settings.text("labelCol"));
        return ClassColumns.facts(label);
    }

    @Override
    public WeightedText example(Row row, ParamValues settings, Facts facts) {
        String text = RowCells.text(row, settings.text("textCol"));
        String label = ClassColumns.label(row, settings.text("labelCol"), facts);
        double weight = settings.names("weightCol") ? RowCells.weight(row, settings.text("weightCol")) : 1;
        return new WeightedText(new LabeledText(text, label), weight);
    }

    @Override
    public Facts train(
            TextEncoder base,
            ParamValues settings,
            Facts facts,
            List<WeightedText> train,
            List<WeightedText> validation,
            Site site,
            Path directory)
            throws IOException {
        return withLength(base, settings, encoder -> {
            List<String> learned = settings.names("weightCol")
                    ? weighted(encoder, settings, train, validation, site, directory)
                    : plain(encoder, settings, train, validation, site, directory);
            return ClassColumns.learned(facts, learned);
        });
    }

    private static List<String> plain(
            TextEncoder encoder,
            ParamValues settings,
            List<WeightedText> train,
            List<WeightedText> validation,
            Site site,
            Path directory)
            throws IOException {
        TextClassifier.Builder builder = TextClassifier.builder(encoder);
        configure(builder, settings, site);
        List<LabeledText> texts = train.stream().map(WeightedText::example).toList();
        try (TextClassifier classifier = builder.build()) {
            fit(
                    classifier,
                    texts,
                    validation.stream().map(WeightedText::example).toList(),
                    site);
            classifier.save(directory);
            return classifier.labels();
        }
    }

    private static List<String> weighted(
            TextEncoder encoder,
            ParamValues settings,
            List<WeightedText> train,
            List<WeightedText> validation,
            Site site,
            Path directory)
            throws IOException {
        try (WeightedTextClassifier classifier =
                WeightedTextClassifier.of(encoder, builder -> configure(builder, settings, site))) {
            fit(classifier, train, validation, site);
            classifier.save(directory);
            return classifier.labels();
        }
    }

    @Override
    public ParamValues forTable(TableColumns columns, ParamValues settings) {
        return ClassColumns.forTable(columns, settings);
    }

    @Override
    public Input input(Row row, ParamValues settings, Facts facts) {
        return new Input(RowCells.text(row, settings.text("textCol")), ClassColumns.ownIndex(row, settings, facts));
    }

    @Override
    public List<StructField> outputs(ParamValues settings, Facts facts) {
        return ClassColumns.outputs(settings, facts);
    }

    @Override
    public Predictor<Input> load(TextEncoder base, ParamValues settings, Optional<Path> directory, Configuration hadoop)
            throws IOException {
        return OpenedTask.of(
                base,
                settings,
                encoder -> TextClassifier.load(directory.orElseThrow(), encoder),
                (classifier, inputs, now, facts) -> cells(classifier, inputs, now, facts));
    }

    private static List<Object[]> cells(
            TextClassifier classifier, List<Input> inputs, ParamValues settings, Facts facts) {
        List<Prediction> predictions =
                classifier.predict(inputs.stream().map(Input::text).toList());
        return IntStream.range(0, inputs.size())
                .mapToObj(i -> ClassColumns.cells(
                        predictions.get(i).label(),
                        predictions.get(i).scores(),
                        inputs.get(i).label(),
                        settings,
                        facts))
                .toList();
    }
}
