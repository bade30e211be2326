/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

/** What {@code lora4j help settings} shows. */
final class SettingsHelp {

    private static final int COLUMN = 22;

    private SettingsHelp() {}

    static String text(Terminal terminal) {
        StringBuilder text = new StringBuilder(Columns.line(
                "",
                0,
                "Settings of \"lora4j train\", as keys of a file in YAML (--config FILE) and behind --set key=value. Those of"
                        + " the first parts are flags, too: --epochs 3. Flags win over the file.",
                terminal.width()));
        for (Setting.Part part : Setting.Part.values()) {
            text.append('\n').append(part.title()).append('\n');
            Setting.of(part)
                    .forEach(setting -> text.append(Columns.line(
                            "  " + setting.key(),
                            COLUMN,
                            setting.meaning() + (setting.initial().isEmpty() ? "" : " [" + setting.initial() + "]"),
                            terminal.width())));
        }
        return text.append('\n')
                .append(Columns.line(
                        "",
                        0,
                        "In brackets: what holds without it. Words of PEFT and transformers are understood: r, lora_alpha,"
                                + " target_modules, num_train_epochs, learning_rate, per_device_train_batch_size and others.",
                        terminal.width()))
                .append(Columns.line(
                        "",
                        0,
                        "Tasks: " + String.join(", ", TaskChoice.names()) + ". In doubt --task says it.",
                        terminal.width()))
                .append(Columns.line(
                        "", 0, "Methods: " + String.join(", ", AdapterSettings.names()) + ".", terminal.width()))
                .toString();
    }
}
