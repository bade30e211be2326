/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.language.CausalLm;
import org.lora4j.server.LoraServerBuilder;
import org.lora4j.text.TextEncoder;
import org.lora4j.trust.TrustPolicy;

/** What directories mean to a server: bases, and what was learned over them. Each base is opened once. */
final class ServedModels implements AutoCloseable {

    private static final String ADAPTER = "adapter_config.json";

    private final Call call;
    private final ServeSettings settings;
    private final LoraServerBuilder builder;
    /** The names of bases by where they are. */
    private final Map<String, String> bases = new LinkedHashMap<>();

    private final List<AutoCloseable> opened = new ArrayList<>();

    ServedModels(Call call, ServeSettings settings, LoraServerBuilder builder) {
        this.call = call;
        this.settings = settings;
        this.builder = builder;
    }

    /** Adds all models of the settings. */
    void add() throws IOException {
        Map<String, String> models = settings.models();
        // Bases first: who stands on one of them finds it under the name that was given.
        for (Map.Entry<String, String> model : models.entrySet()) {
            if (!isAdapter(model.getValue())) {
                base(model.getKey(), Bases.find(model.getValue(), call.environment()));
            }
        }
        for (Map.Entry<String, String> model : models.entrySet()) {
            if (isAdapter(model.getValue())) {
                adapter(model.getKey(), CliSettings.path(model.getValue(), "DIR"));
            }
        }
    }

    private static boolean isAdapter(String where) {
        Path directory = StagedDirectory.locate(CliSettings.path(where, "DIR"));
        return TrainedModel.is(directory) || Files.exists(directory.resolve(ADAPTER));
    }

    private String base(String name, Bases.Base base) throws IOException {
        String place = place(base);
        String known = bases.get(place);
        if (known != null) {
            return known;
        }
        if (base.isLanguageModel()) {
            CausalLm model = base.languageModel(
                    LanguageLearner.storage(CliSettings.builder().build()));
            opened.add(model);
            builder.languageModel(name, model);
        } else {
            TextEncoder encoder = base.encoder();
            opened.add(encoder);
            builder.encoder(name, encoder);
        }
        bases.put(place, name);
        return name;
    }

    /** A base that is named in two ways is one. */
    private static String place(Bases.Base base) throws IOException {
        return base.path().isPresent() ? base.path().get().toRealPath().toString() : base.name();
    }

    private void adapter(String name, Path given) throws IOException {
        Path directory = StagedDirectory.locate(given);
        CliSettings flags = settings.text(ServeSettings.Option.BASE)
                .map(base -> CliSettings.builder()
                        .put(Setting.BASE.key(), base, "--base")
                        .build())
                .orElseGet(() -> CliSettings.builder().build());
        if (!TrainedModel.is(directory) && !flags.has(Setting.BASE)) {
            throw CliException.usage(
                    MessageText.path(given) + " is an adapter that does not say what it stands on; say it: --base DIR");
        }
        Bases.Base base = TrainedModel.is(directory)
                ? TrainedModel.base(directory, flags, call)
                : Bases.find(flags.textOr(Setting.BASE), call.environment());
        boolean whole =
                Files.exists(directory.resolve(TrainedModel.LANGUAGE)) && !Files.exists(directory.resolve(ADAPTER));
        if (whole) {
            // All weights were trained: it is a base of its own.
            CausalLm model = CausalLm.load(
                    directory, LanguageLearner.storage(CliSettings.builder().build()), base.folders());
            opened.add(model);
            builder.languageModel(name, model);
            return;
        }
        builder.adapter(base(nameOf(base), base), name, given);
    }

    /** What clients call a base that nobody named. */
    private String nameOf(Bases.Base base) {
        String last =
                base.path().map(path -> String.valueOf(path.getFileName())).orElse(base.name());
        boolean taken = bases.containsValue(last) || settings.models().containsKey(last);
        return taken ? "base-" + last : last;
    }

    /** What directories have to bring. */
    Optional<TrustPolicy> trust() {
        return settings.flag(ServeSettings.Option.STRICT)
                ? Optional.of(TrustPolicy.usual().strict())
                : Optional.empty();
    }

    @Override
    public void close() {
        IllegalStateException failure = null;
        for (AutoCloseable model : opened) {
            try {
                model.close();
            } catch (Exception e) {
                // The others are closed all the same.
                if (failure == null) {
                    failure = new IllegalStateException("serve: a model could not be closed: " + e.getMessage(), e);
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
