/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.language.CausalLm;
import org.lora4j.language.GenerationConfig;
import picocli.CommandLine.Model.CommandSpec;

/** Language models that write, with the adapters beside them. */
final class Writers implements AutoCloseable {

    private static final String ADAPTER = "--adapter";
    private static final String NONE = "none";
    private static final int TOKENS = 200;

    private final CausalLm model;

    private Writers(CausalLm model) {
        this.model = model;
    }

    static void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(
                0, "MODEL", "a model that lora4j train wrote, or a directory or cached org/name of a base"));
        spec.addOption(CliCommand.several(ADAPTER, "DIR", "an adapter to put on it; NAME=DIR gives it a name"));
        spec.addOption(CliCommand.integer("--max-tokens", "N", "length of the answer in tokens [" + TOKENS + "]"));
        spec.addOption(CliCommand.option("--temperature", "X", "draw instead of taking the best token, such as 0.7"));
        spec.addOption(CliCommand.option("--top-p", "P", "draw among the tokens that have this much probability [1]"));
        spec.addOption(CliCommand.several("--stop", "TEXT", "ends before this text"));
        spec.addOption(CliCommand.option("--seed", "N", "seed of the draw; without one it is drawn and told"));
        SettingFlags.describe(spec, Setting.BASE);
    }

    static Writers open(Call call, CliSettings settings) throws IOException {
        String name = call.argument(0);
        Path path = CliSettings.path(name, "MODEL");
        CausalLm model;
        if (TrainedModel.is(path)) {
            if (!(TrainedModel.open(path, settings, call) instanceof LanguageLearner learned)) {
                throw CliException.usage(name + " is no language model; \"lora4j predict\" answers with it");
            }
            model = learned.model();
        } else {
            model = Bases.find(name, call.environment()).languageModel(LanguageLearner.storage(settings));
        }
        Writers writers = new Writers(model);
        try {
            writers.add(call.texts(ADAPTER));
        } catch (IOException | RuntimeException e) {
            writers.close();
            throw e;
        }
        return writers;
    }

    private void add(List<String> given) throws IOException {
        Map<String, Path> folders = new LinkedHashMap<>();
        for (String adapter : given) {
            int at = adapter.indexOf('=');
            Path folder = CliSettings.path(adapter.substring(at + 1), ADAPTER);
            String name = at > 0
                    ? adapter.substring(0, at)
                    : String.valueOf(folder.normalize().getFileName());
            if (folders.put(name, folder) != null
                    || model.model().adapterNames().contains(name)) {
                throw CliException.usage(ADAPTER + ": two adapters are called " + MessageText.name(name)
                        + "; give one another name: " + ADAPTER + " NAME=DIR");
            }
        }
        for (Map.Entry<String, Path> one : folders.entrySet()) {
            model.model().addAdapter(one.getKey(), Adapter.load(one.getValue()));
        }
        folders.keySet().stream().reduce((first, last) -> last).ifPresent(this::use);
    }

    CausalLm model() {
        return model;
    }

    List<String> adapters() {
        return model.model().adapterNames();
    }

    /** Switches to an adapter, or with {@code none} to the base. */
    void use(String name) {
        if (name.equals(NONE)) {
            model.model().disable();
            return;
        }
        if (!adapters().contains(name)) {
            throw CliException.usage("there is no adapter " + MessageText.name(name) + "; there are: "
                    + (adapters().isEmpty() ? "" : String.join(", ", adapters()) + ", ") + NONE
                    + ClosestNames.hint(name, adapters()));
        }
        model.model().enable();
        model.model().activate(name);
    }

    static GenerationConfig config(Call call) {
        GenerationConfig.Builder builder = GenerationConfig.builder()
                .maxNewTokens(call.integer("--max-tokens").orElse(TOKENS));
        Optional<Double> temperature = number(call, "--temperature");
        temperature
                .filter(value -> value > 0)
                .ifPresent(value -> builder.doSample(true).temperature(value));
        number(call, "--top-p").ifPresent(value -> builder.doSample(true).topP(value));
        number(call, "--seed").ifPresent(value -> builder.seed(value.longValue()));
        List<String> stops = call.texts("--stop");
        if (!stops.isEmpty()) {
            builder.stopStrings(stops.toArray(String[]::new));
        }
        return builder.build();
    }

    private static Optional<Double> number(Call call, String option) {
        return call.text(option)
                .map(text -> SettingValues.number(text)
                        .orElseThrow(() ->
                                CliException.usage(option + " " + MessageText.name(text) + ": expected a number")));
    }

    @Override
    public void close() {
        model.close();
    }
}
