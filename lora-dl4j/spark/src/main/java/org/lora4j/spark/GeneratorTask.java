/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.lora4j.adapter.Adapter;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmServer;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.GenerationException;
import org.lora4j.language.LmRequest;

/** Texts of a language model. It learns nothing. */
final class GeneratorTask extends UntrainedTask<CausalLm, GeneratorTask.Prompt> {

    private static final long serialVersionUID = 1;

    /**
     * What a text begins with.
     *
     * @param text the prompt
     * @param adapter the name of its adapter; null for the model itself
     */
    record Prompt(String text, String adapter) {}

    @Override
    public String name() {
        return "LoraTextGenerator";
    }

    @Override
    public CausalLm named(String name) {
        throw new IllegalArgumentException("no model directory is called " + name
                + "; expected the path of one, as no language model is published as an artifact");
    }

    @Override
    public CausalLm open(Path path) throws IOException {
        return CausalLm.load(path);
    }

    @Override
    public void checkPrediction(TableColumns columns, ParamValues settings) {
        check(columns, settings, "promptCol", false);
    }

    @Override
    public Prompt input(Row row, ParamValues settings, Facts facts) {
        String adapter =
                settings.names("adapterCol") ? row.getString(row.fieldIndex(settings.text("adapterCol"))) : null;
        return new Prompt(RowCells.text(row, settings.text("promptCol")), adapter);
    }

    @Override
    public List<StructField> outputs(ParamValues settings, Facts facts) {
        return List.of(new StructField(settings.text("outputCol"), DataTypes.StringType, true, Metadata.empty()));
    }

    @Override
    public String modelKey(ParamValues settings) {
        return settings.text("adaptersPath") + " " + settings.count("maxAdapters") + " "
                + settings.count("inferenceBatchSize");
    }

    @Override
    public Predictor<Prompt> load(CausalLm base, ParamValues settings, Optional<Path> directory, Configuration hadoop) {
        CausalLmServer server = CausalLmServer.builder(base)
                .queue(settings.count("inferenceBatchSize")
                        * Runtime.getRuntime().availableProcessors()
                        * 2)
                .build();
        ColumnAdapters.Registry registry = new ColumnAdapters.Registry() {
            @Override
            public void register(String name, Path folder) throws IOException {
                server.register(name, Adapter.load(folder));
            }

            @Override
            public void remove(String name) {
                server.remove(name);
            }
        };
        ColumnAdapters adapters = new ColumnAdapters(
                hadoop,
                settings.names("adaptersPath") ? settings.text("adaptersPath") : "/",
                registry,
                settings.count("maxAdapters"));
        return new Predictor<>() {
            @Override
            public List<Object[]> predict(List<Prompt> prompts, ParamValues now, Facts facts) {
                List<String> names = prompts.stream()
                        .map(Prompt::adapter)
                        .filter(Objects::nonNull)
                        .toList();
                return adapters.with(names, () -> texts(server, prompts, config(now)));
            }

            @Override
            public void close() {
                server.close();
            }
        };
    }

    private static GenerationConfig config(ParamValues settings) {
        int tokens = settings.count("maxNewTokens");
        return settings.number("temperature") == 0
                ? GenerationConfig.greedy(tokens)
                : GenerationConfig.sampling(
                        tokens, settings.number("temperature"), settings.number("topP"), settings.seed());
    }

    private static List<Object[]> texts(CausalLmServer server, List<Prompt> prompts, GenerationConfig config) {
        List<LmRequest> requests = new ArrayList<>();
        try {
            for (Prompt prompt : prompts) {
                String adapter = prompt.adapter() == null ? null : ColumnAdapters.served(prompt.adapter());
                requests.add(server.submit(adapter, prompt.text(), config));
            }
            return requests.stream()
                    .map(request -> new Object[] {request.result().text()})
                    .toList();
        } catch (GenerationException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        } finally {
            requests.stream().filter(request -> !request.isDone()).forEach(LmRequest::cancel);
        }
    }
}
