/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.lora4j.error.MessageText;
import org.lora4j.text.LabeledWords;
import org.lora4j.text.TaggedWords;
import org.lora4j.text.TaskBuilder;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TokenClassifier;

/** Tags of words. */
final class TaggerTask extends TextRowTask<LabeledWords, List<String>> {

    private static final long serialVersionUID = 1;

    private static final DataType TEXTS = DataTypes.createArrayType(DataTypes.StringType, false);
    private static final DataType NUMBERS = DataTypes.createArrayType(DataTypes.DoubleType, false);
    private static final DataType ENTITIES = DataTypes.createArrayType(
            DataTypes.createStructType(List.of(
                    DataTypes.createStructField("type", DataTypes.StringType, false),
                    DataTypes.createStructField("from", DataTypes.IntegerType, false),
                    DataTypes.createStructField("to", DataTypes.IntegerType, false),
                    DataTypes.createStructField("text", DataTypes.StringType, false))),
            false);

    @Override
    public String name() {
        return "LoraTokenClassifier";
    }

    @Override
    TableColumns.Kind texts() {
        return TableColumns.Kind.TEXT_OR_TEXTS;
    }

    @Override
    TableColumns.Kind labels() {
        return TableColumns.Kind.TEXTS;
    }

    @Override
    public LabeledWords example(Row row, ParamValues settings, Facts facts) {
        List<String> words = input(row, settings, facts);
        List<String> tags = RowCells.texts(row, settings.text("labelCol"));
        if (words.size() != tags.size()) {
            throw new IllegalArgumentException("there are " + words.size() + " words and " + tags.size()
                    + " tags; expected a tag for each word, in column " + MessageText.name(settings.text("labelCol")));
        }
        return new LabeledWords(words, tags);
    }

    @Override
    public Facts train(
            TextEncoder base,
            ParamValues settings,
            Facts facts,
            List<LabeledWords> train,
            List<LabeledWords> validation,
            Site site,
            Path directory)
            throws IOException {
        return withLength(base, settings, encoder -> {
            TaskBuilder<TokenClassifier> builder = TokenClassifier.builder(encoder);
            configure(builder, settings, site);
            try (TokenClassifier tagger = builder.build()) {
                fit(tagger, train, validation, site);
                tagger.save(directory);
                return new Facts(tagger.tags(), true);
            }
        });
    }

    /** The words of a row; a text is split at white space, punctuation apart. */
    @Override
    public List<String> input(Row row, ParamValues settings, Facts facts) {
        String column = settings.text("textCol");
        return RowCells.cell(row, column, "a text, or its words") instanceof String
                ? LabeledWords.split(RowCells.text(row, column))
                : RowCells.texts(row, column);
    }

    @Override
    public List<StructField> outputs(ParamValues settings, Facts facts) {
        List<StructField> fields = new ArrayList<>();
        add(fields, settings, "predictionCol", TEXTS);
        add(fields, settings, "probabilityCol", NUMBERS);
        add(fields, settings, "entitiesCol", ENTITIES);
        return fields;
    }

    private static void add(List<StructField> fields, ParamValues settings, String column, DataType type) {
        if (settings.names(column)) {
            fields.add(new StructField(settings.text(column), type, true, Metadata.empty()));
        }
    }

    @Override
    public Predictor<List<String>> load(
            TextEncoder base, ParamValues settings, Optional<Path> directory, Configuration hadoop) throws IOException {
        return OpenedTask.of(
                base,
                settings,
                encoder -> TokenClassifier.load(directory.orElseThrow(), encoder),
                (tagger, words, now, facts) -> tagger.predict(words).stream()
                        .map(tagged -> cells(tagged, now))
                        .toList());
    }

    private static Object[] cells(TaggedWords tagged, ParamValues settings) {
        List<Object> cells = new ArrayList<>();
        if (settings.names("predictionCol")) {
            cells.add(tagged.tags().toArray());
        }
        if (settings.names("probabilityCol")) {
            cells.add(tagged.scores().toArray());
        }
        if (settings.names("entitiesCol")) {
            cells.add(tagged.entities().stream()
                    .map(entity -> RowFactory.create(entity.type(), entity.from(), entity.to(), tagged.text(entity)))
                    .toArray());
        }
        return cells.toArray();
    }
}
