/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.ArrayList;
import java.util.List;

/** Files of settings as this program writes them. */
final class SettingsText {

    private SettingsText() {}

    /** What was given, which repeats the run. */
    static String given(CliSettings settings) {
        return "# lora4j train --config THIS_FILE --out DIR repeats the training. \"lora4j help settings\" lists all settings.\n"
                + YamlText.of(settings);
    }

    /** Every setting: those that were given, and the others as comments with what holds without them. */
    static String complete(CliSettings settings) {
        List<String> lines = new ArrayList<>();
        lines.add("# All settings of \"lora4j train\". A line behind # says what holds as long as nothing is set.");
        Setting.Part part = null;
        for (Setting setting : Setting.values()) {
            if (setting.part() != part && setting.part() != Setting.Part.RARE) {
                part = setting.part();
                lines.add("");
                lines.add("# " + part.title());
            }
            if (settings.has(setting)) {
                lines.add(YamlText.line(setting, settings.given().get(setting).value()) + "  # " + setting.meaning());
            } else {
                lines.add("# " + setting.key() + ": "
                        + (setting.initial().isEmpty() ? "(not set)" : setting.initial()) + "  -- "
                        + setting.meaning());
            }
        }
        return String.join("\n", lines) + "\n";
    }
}
