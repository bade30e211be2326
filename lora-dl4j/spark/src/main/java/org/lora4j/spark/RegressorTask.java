/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.lora4j.text.ScoredText;
import org.lora4j.text.TaskBuilder;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextRegressor;

/** Numbers of texts. */
final class RegressorTask extends TextRowTask<ScoredText, String> {

    private static final long serialVersionUID = 1;

    @Override
    public String name() {
        return "LoraTextRegressor";
    }

    @Override
    TableColumns.Kind labels() {
        return TableColumns.Kind.NUMBER;
    }

    @Override
    public ScoredText example(Row row, ParamValues settings, Facts facts) {
        return new ScoredText(
                RowCells.text(row, settings.text("textCol")), RowCells.number(row, settings.text("labelCol")));
    }

    @Override
    public Facts train(
            TextEncoder base,
            ParamValues settings,
            Facts facts,
            List<ScoredText> train,
            List<ScoredText> validation,
            Site site,
            Path directory)
            throws IOException {
        return withLength(base, settings, encoder -> {
            TaskBuilder<TextRegressor> builder = TextRegressor.builder(encoder);
            configure(builder, settings, site);
            try (TextRegressor regressor = builder.build()) {
                fit(regressor, train, validation, site);
                regressor.save(directory);
                return facts;
            }
        });
    }

    @Override
    public String input(Row row, ParamValues settings, Facts facts) {
        return RowCells.text(row, settings.text("textCol"));
    }

    @Override
    public List<StructField> outputs(ParamValues settings, Facts facts) {
        return settings.names("predictionCol")
                ? List.of(new StructField(settings.text("predictionCol"), DataTypes.DoubleType, true, Metadata.empty()))
                : List.of();
    }

    @Override
    public Predictor<String> load(
            TextEncoder base, ParamValues settings, Optional<Path> directory, Configuration hadoop) throws IOException {
        return OpenedTask.of(
                base,
                settings,
                encoder -> TextRegressor.load(directory.orElseThrow(), encoder),
                (regressor, texts, now, facts) -> regressor.predict(texts).stream()
                        .map(number -> now.names("predictionCol") ? new Object[] {number} : new Object[0])
                        .toList());
    }
}
