/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.MessageText;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Settings on a command line: {@code --config}, {@code --set}, and the flags of the table. */
final class SettingFlags {

    private static final String CONFIG = "--config";
    private static final String SET = "--set";

    private SettingFlags() {}

    static void describe(CommandSpec spec) {
        for (Setting.Part part : Setting.Part.values()) {
            Setting.of(part).filter(Setting::isFlag).forEach(setting -> spec.addOption(flag(setting)));
        }
        addConfig(spec);
    }

    /** Only some of the flags, for commands that need a few. */
    static void describe(CommandSpec spec, Setting... settings) {
        for (Setting setting : settings) {
            spec.addOption(flag(setting));
        }
        addConfig(spec);
    }

    private static void addConfig(CommandSpec spec) {
        spec.addOption(CliCommand.option(CONFIG, "FILE", "settings in YAML, as lora4j init writes them"));
        spec.addOption(CliCommand.several(SET, "KEY=VALUE", "any setting; lora4j help settings lists them"));
    }

    private static OptionSpec flag(Setting setting) {
        if (setting.kind() == Setting.Kind.FLAG) {
            return CliCommand.flag("--" + setting.key(), setting.meaning());
        }
        String initial = setting.initial().isEmpty() ? "" : " [" + setting.initial() + "]";
        return CliCommand.option("--" + setting.key(), setting.placeholder(), setting.meaning() + initial);
    }

    /** What file, flags and {@code --set} say together. */
    static CliSettings read(Call call) {
        CliSettings.Builder builder = CliSettings.builder();
        Optional<Path> config = call.path(CONFIG);
        config.ifPresent(file -> {
            Map<String, YamlFile.Value> values = YamlFile.read(file);
            values.forEach(
                    (key, value) -> builder.put(key, value.value(), MessageText.path(file) + ", line " + value.line()));
        });
        for (Setting setting : Setting.values()) {
            String name = "--" + setting.key();
            OptionSpec option = call.parsed().commandSpec().findOption(name);
            if (option != null && call.parsed().hasMatchedOption(option)) {
                builder.put(setting, call.parsed().matchedOptionValue(name, (Object) null), name);
            }
        }
        for (String entry : call.texts(SET)) {
            int at = entry.indexOf('=');
            if (at < 1) {
                throw CliException.usage(SET + " " + MessageText.name(entry) + ": expected such as epochs=3");
            }
            builder.put(entry.substring(0, at).strip(), entry.substring(at + 1), SET);
        }
        builder.translated().forEach(line -> call.terminal().note("note: " + line));
        return builder.build();
    }
}
