/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.Progress;

/** Vectors of texts. */
final class SentenceTask extends TextRowTask<SentenceExample, String> {

    private static final long serialVersionUID = 1;

    @Override
    public String name() {
        return "LoraSentenceEncoder";
    }

    @Override
    TableColumns.Kind labels() {
        return TableColumns.Kind.NUMBER;
    }

    @Override
    public void checkTraining(TableColumns columns, ParamValues settings) {
        super.checkTraining(columns, settings);
        columns.require("positiveCol", settings.text("positiveCol"), TableColumns.Kind.TEXT);
        if (settings.names("similarityCol")) {
            columns.require("similarityCol", settings.text("similarityCol"), TableColumns.Kind.NUMBER);
        }
        if (settings.names("groupCol")) {
            columns.require("groupCol", settings.text("groupCol"), TableColumns.Kind.TEXT);
        }
        columns.problems()
                .check(
                        !(settings.names("similarityCol") && settings.names("groupCol")),
                        "similarityCol and groupCol are both set, expected one of them: groups are of texts that belong"
                                + " together");
    }

    @Override
    public List<String> trainingColumns(ParamValues settings) {
        List<String> columns = new ArrayList<>(super.trainingColumns(settings));
        for (String column : List.of("positiveCol", "similarityCol", "groupCol")) {
            if (settings.names(column)) {
                columns.add(settings.text(column));
            }
        }
        return columns;
    }

    @Override
    public SentenceExample example(Row row, ParamValues settings, Facts facts) {
        String text = RowCells.text(row, settings.text("textCol"));
        String positive = RowCells.text(row, settings.text("positiveCol"));
        if (settings.names("similarityCol")) {
            return SentenceExample.similar(text, positive, RowCells.number(row, settings.text("similarityCol")));
        }
        SentenceExample pair = SentenceExample.pair(text, positive);
        return settings.names("groupCol") ? pair.withGroup(RowCells.text(row, settings.text("groupCol"))) : pair;
    }

    @Override
    public Facts train(
            TextEncoder base,
            ParamValues settings,
            Facts facts,
            List<SentenceExample> train,
            List<SentenceExample> validation,
            Site site,
            Path directory)
            throws IOException {
        return withLength(base, settings, encoder -> {
            SentenceEncoder.Builder builder = SentenceEncoder.builder(encoder);
            configure(builder, settings, site);
            if (settings.count("tokenBudget") > 0) {
                builder.tokenBudget(settings.count("tokenBudget"));
            }
            try (SentenceEncoder sentences = builder.build()) {
                learn(sentences, train, validation, site);
                sentences.save(directory);
                return facts;
            }
        });
    }

    /** Learns; where steps were written down, from there. */
    private static void learn(
            SentenceEncoder sentences, List<SentenceExample> train, List<SentenceExample> validation, Site site) {
        if (site.checkpoints().isEmpty()) {
            if (validation.isEmpty()) {
                sentences.fit(train);
            } else {
                sentences.fit(train, validation);
            }
        } else if (validation.isEmpty()) {
            sentences.resume(train);
        } else {
            sentences.resume(train, validation);
        }
    }

    @Override
    public String input(Row row, ParamValues settings, Facts facts) {
        return RowCells.text(row, settings.text("textCol"));
    }

    @Override
    public List<StructField> outputs(ParamValues settings, Facts facts) {
        return List.of(new StructField(settings.text("outputCol"), SQLDataTypes.VectorType(), true, Metadata.empty()));
    }

    @Override
    public Predictor<String> load(
            TextEncoder base, ParamValues settings, Optional<Path> directory, Configuration hadoop) throws IOException {
        if (directory.isEmpty()) {
            return OpenedTask.of(
                    base,
                    settings,
                    encoder -> new Frozen(encoder),
                    (frozen, texts, now, facts) -> cells(frozen.encoder().embed(texts, Progress.none())));
        }
        return OpenedTask.of(
                base,
                settings,
                encoder -> SentenceEncoder.load(directory.get(), encoder),
                (sentences, texts, now, facts) -> cells(sentences.predict(texts)));
    }

    /** The base by itself, which others use too. */
    private record Frozen(TextEncoder encoder) implements AutoCloseable {

        @Override
        public void close() {
            // Whoever opened the base closes it.
        }
    }

    private static List<Object[]> cells(float[][] vectors) {
        return Arrays.stream(vectors)
                .map(vector -> new Object[] {Vectors.dense(doubles(vector))})
                .toList();
    }

    private static double[] doubles(float[] vector) {
        double[] wide = new double[vector.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = vector[i];
        }
        return wide;
    }
}
