/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import picocli.CommandLine.Model.CommandSpec;

/** What {@code serve} is told: on the command line, or in a file of YAML whose names are those of the options; the command line wins. */
final class ServeSettings {

    static final String CONFIG = "--config";
    static final String MODELS = "models";

    /** What can be said. */
    enum Option {
        BASE("base", Kind.TEXT, "DIR", "what adapters without a description of their own stand on"),
        HOST("host", Kind.TEXT, "ADDRESS", "address to listen on [127.0.0.1]; another one needs a token, or --open"),
        PORT("port", Kind.TEXT, "N", "port to listen on, 0 for any that is free [8080]"),
        KNOWN_AS("known-as", Kind.TEXTS, "NAME", "a name by which clients call this server, such as that of a proxy"),
        OPEN("open", Kind.FLAG, "", "let everybody ask who reaches the address, without a token"),
        TOKEN_FILE("token-file", Kind.TEXT, "FILE", "token that requests bring [variable LORA4J_TOKEN]"),
        ADMIN_TOKEN_FILE(
                "admin-token-file",
                Kind.TEXT,
                "FILE",
                "token that changes bring [variable LORA4J_ADMIN_TOKEN]; none: no changes"),
        LOAD_FROM("load-from", Kind.TEXTS, "DIR", "folder below which adapters may be loaded while it runs"),
        USUALLY("usually", Kind.TEXT, "NAME", "who is meant where a request names nobody"),
        TLS("tls", Kind.TEXT, "FILE", "key and certificate in PKCS#12: encrypts"),
        TLS_PASSWORD_FILE("tls-password-file", Kind.TEXT, "FILE", "password of that file"),
        STRICT("strict", Kind.FLAG, "", "refuse adapters without a receipt"),
        ACCESS_LOG("access-log", Kind.FLAG, "", "write a line of JSON for each request, without its texts"),
        LOG_CONTENTS("log-contents", Kind.FLAG, "", "with the texts"),
        VLLM_METRICS("vllm-metrics", Kind.FLAG, "", "call metrics of language models as vLLM does"),
        DRAIN("drain", Kind.TEXT, "SECONDS", "how long to wait for answers when it is stopped [30]");

        private final String key;
        private final Kind kind;
        private final String placeholder;
        private final String meaning;

        Option(String key, Kind kind, String placeholder, String meaning) {
            this.key = key;
            this.kind = kind;
            this.placeholder = placeholder;
            this.meaning = meaning;
        }

        String flag() {
            return "--" + key;
        }
    }

    private enum Kind {
        TEXT,
        TEXTS,
        FLAG
    }

    private final Call call;
    private final Map<String, YamlFile.Value> file;

    private ServeSettings(Call call, Map<String, YamlFile.Value> file) {
        this.call = call;
        this.file = file;
    }

    static void describe(CommandSpec spec) {
        spec.addOption(CliCommand.option(CONFIG, "FILE", "settings in YAML: the names of these options, and models"));
        for (Option option : Option.values()) {
            spec.addOption(
                    switch (option.kind) {
                        case TEXT -> CliCommand.option(option.flag(), option.placeholder, option.meaning);
                        case TEXTS -> CliCommand.several(option.flag(), option.placeholder, option.meaning);
                        case FLAG -> CliCommand.flag(option.flag(), option.meaning);
                    });
        }
    }

    static ServeSettings of(Call call) {
        Optional<Path> config = call.path(CONFIG);
        Map<String, YamlFile.Value> file = config.map(YamlFile::read).orElse(Map.of());
        List<String> known = new ArrayList<>(List.of(MODELS));
        for (Option option : Option.values()) {
            known.add(option.key);
        }
        file.forEach((key, value) -> {
            if (!known.contains(key)) {
                throw CliException.usage(place(config.get(), value) + MessageText.name(key) + " is no setting of serve"
                        + ClosestNames.hint(key, known) + "; there are: " + String.join(", ", known));
            }
        });
        return new ServeSettings(call, file);
    }

    private static String place(Path config, YamlFile.Value value) {
        return MessageText.path(config) + ", line " + value.line() + ": ";
    }

    /** The models with their names: of the command line if it has any. */
    Map<String, String> models() {
        Map<String, String> models = new LinkedHashMap<>();
        for (String given : call.rest(0)) {
            int at = given.indexOf('=');
            add(models, at > 0 ? given.substring(0, at) : last(given), given.substring(at > 0 ? at + 1 : 0));
        }
        if (models.isEmpty() && file.containsKey(MODELS)) {
            Object value = file.get(MODELS).value();
            if (value instanceof Map<?, ?> named) {
                named.forEach((name, where) -> add(models, String.valueOf(name), String.valueOf(where)));
            } else {
                texts(MODELS).forEach(where -> add(models, last(where), where));
            }
        }
        if (models.isEmpty()) {
            throw CliException.usage("there is nothing to serve: give directories of models, or a file by " + CONFIG);
        }
        return models;
    }

    private static void add(Map<String, String> models, String name, String where) {
        if (models.put(name, where) != null) {
            throw CliException.usage(
                    "two models are called " + MessageText.name(name) + "; give one another name: NAME=DIR");
        }
    }

    private static String last(String where) {
        String trimmed = where.replaceAll("/+$", "");
        return trimmed.substring(trimmed.lastIndexOf('/') + 1);
    }

    Optional<String> text(Option option) {
        return call.text(option.flag())
                .or(() -> Optional.ofNullable(file.get(option.key)).map(value -> String.valueOf(value.value())));
    }

    Optional<Path> path(Option option) {
        return text(option).map(text -> CliSettings.path(text, option.flag()));
    }

    int integer(Option option, int usual) {
        Optional<String> text = text(option);
        try {
            return text.map(Integer::parseInt).orElse(usual);
        } catch (NumberFormatException e) {
            throw CliException.usage(option.flag() + " " + MessageText.name(text.get()) + ": expected a whole number");
        }
    }

    boolean flag(Option option) {
        if (call.has(option.flag())) {
            return true;
        }
        Object value = file.containsKey(option.key) ? file.get(option.key).value() : Boolean.FALSE;
        if (!(value instanceof Boolean on)) {
            throw CliException.usage(option.key + " = " + MessageText.value(value) + ", expected true or false");
        }
        return on;
    }

    List<String> texts(Option option) {
        List<String> given = call.texts(option.flag());
        return given.isEmpty() ? texts(option.key) : given;
    }

    private List<String> texts(String key) {
        Object value = file.containsKey(key) ? file.get(key).value() : List.of();
        if (value instanceof List<?> list) {
            return list.stream().map(String::valueOf).toList();
        }
        return List.of(String.valueOf(value));
    }
}
