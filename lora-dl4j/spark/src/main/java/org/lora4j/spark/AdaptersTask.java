/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.lora4j.serve.text.ClassScores;
import org.lora4j.serve.text.TextAnswer;
import org.lora4j.serve.text.TextInput;
import org.lora4j.serve.text.TextLimits;
import org.lora4j.serve.text.TextServer;
import org.lora4j.text.TextEncoder;
import scala.jdk.javaapi.CollectionConverters;

/** Labels of texts, each by the adapter that its row names: rows of many adapters are computed together. */
final class AdaptersTask extends UntrainedTask<TextEncoder, AdaptersTask.Input> {

    private static final long serialVersionUID = 1;

    private static final DataType SCORES = DataTypes.createMapType(DataTypes.StringType, DataTypes.DoubleType, false);

    /**
     * What is predicted for.
     *
     * @param text the text
     * @param adapter the name of its adapter
     */
    record Input(String text, String adapter) {}

    @Override
    public String name() {
        return "LoraAdapterClassifier";
    }

    @Override
    public TextEncoder named(String name) throws IOException {
        return TextEncoder.named(name);
    }

    @Override
    public TextEncoder open(Path path) throws IOException {
        return TextEncoder.load(path);
    }

    @Override
    public void checkPrediction(TableColumns columns, ParamValues settings) {
        check(columns, settings, "textCol", true);
    }

    @Override
    public Input input(Row row, ParamValues settings, Facts facts) {
        return new Input(RowCells.text(row, settings.text("textCol")), RowCells.text(row, settings.text("adapterCol")));
    }

    @Override
    public List<StructField> outputs(ParamValues settings, Facts facts) {
        List<StructField> fields = new ArrayList<>();
        if (settings.names("predictionCol")) {
            fields.add(new StructField(settings.text("predictionCol"), DataTypes.StringType, true, Metadata.empty()));
        }
        if (settings.names("scoresCol")) {
            fields.add(new StructField(settings.text("scoresCol"), SCORES, true, Metadata.empty()));
        }
        return fields;
    }

    @Override
    public String modelKey(ParamValues settings) {
        return settings.count("maxTokenLen") + " " + settings.text("adaptersPath") + " " + settings.count("maxAdapters")
                + " " + settings.count("inferenceBatchSize");
    }

    @Override
    public Predictor<Input> load(TextEncoder base, ParamValues settings, Optional<Path> directory, Configuration hadoop)
            throws IOException {
        return OpenedTask.of(
                base,
                settings,
                encoder -> new Served(encoder, settings, hadoop),
                (served, inputs, now, facts) -> served.adapters.with(
                        inputs.stream().map(Input::adapter).toList(), () -> cells(served.server, inputs, now)));
    }

    /** A server with the adapters that rows name. */
    private static final class Served implements AutoCloseable {

        private final TextServer server;
        private final ColumnAdapters adapters;

        Served(TextEncoder encoder, ParamValues settings, Configuration hadoop) {
            int most = settings.count("inferenceBatchSize");
            TextLimits usual = TextLimits.usual();
            int waiting = most * Runtime.getRuntime().availableProcessors() * 2;
            server = TextServer.builder(encoder)
                    .limits(usual.request(most, usual.characters(), most * encoder.maxLength())
                            .waiting(Math.max(usual.waiting(), waiting)))
                    .build();
            ColumnAdapters.Registry registry = new ColumnAdapters.Registry() {
                @Override
                public void register(String name, Path folder) throws IOException {
                    server.load(name, folder);
                }

                @Override
                public void remove(String name) {
                    server.unload(name);
                }
            };
            adapters =
                    new ColumnAdapters(hadoop, settings.text("adaptersPath"), registry, settings.count("maxAdapters"));
        }

        @Override
        public void close() {
            server.close();
        }
    }

    private static List<Object[]> cells(TextServer server, List<Input> inputs, ParamValues settings) {
        Map<String, List<Integer>> rows = new LinkedHashMap<>();
        for (int i = 0; i < inputs.size(); i++) {
            rows.computeIfAbsent(inputs.get(i).adapter(), name -> new ArrayList<>())
                    .add(i);
        }
        // All are asked before any is waited for, so that rows of different adapters share batches.
        Map<String, CompletableFuture<TextAnswer<ClassScores>>> answers = new LinkedHashMap<>();
        rows.forEach((adapter, own) -> answers.put(
                adapter,
                server.classify(
                        ColumnAdapters.served(adapter),
                        own.stream()
                                .map(i -> TextInput.of(inputs.get(i).text()))
                                .toList())));
        Object[][] cells = new Object[inputs.size()][];
        try {
            answers.forEach((adapter, answer) -> {
                List<ClassScores> results = answer.join().results();
                List<Integer> own = rows.get(adapter);
                for (int i = 0; i < results.size(); i++) {
                    cells[own.get(i)] = cells(results.get(i), settings);
                }
            });
        } catch (CompletionException e) {
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        }
        return List.of(cells);
    }

    private static Object[] cells(ClassScores scores, ParamValues settings) {
        List<Object> cells = new ArrayList<>();
        if (settings.names("predictionCol")) {
            cells.add(scores.prediction().label());
        }
        if (settings.names("scoresCol")) {
            cells.add(CollectionConverters.asScala(scores.prediction().scores()));
        }
        return cells.toArray();
    }
}
