/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of settings: what is read of YAML 1.2, and what is refused. */
class YamlFileTest {

    private static Map<String, Object> read(String text) {
        Map<String, Object> values = new LinkedHashMap<>();
        YamlFile.read("lora4j.yaml", text).forEach((key, value) -> values.put(key, value.value()));
        return values;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "3|3",
                "2e-3|0.002",
                ".5|0.5",
                "true|true",
                "'a b'|a b",
                "yes|yes",
                "0x10|0x10",
                "1_000|1_000",
                "12:30|12:30",
                "\"tab\\there\"|tab\there"
            })
    void plainScalars_areThoseOfYaml12(String written, String value) {
        assertThat(String.valueOf(read("key: " + written).get("key"))).isEqualTo(value);
    }

    @Test
    void quotedNumbers_areTexts() {
        assertThat(read("a: '3'\nb: 3")).containsEntry("a", "3").containsEntry("b", 3L);
    }

    @Test
    void listsMapsAndAliases_areRead() {
        assertThat(read("a: &names [query, value]\nb: *names\nc: {use_rslora: true}"))
                .containsEntry("b", List.of("query", "value"))
                .containsEntry("c", Map.of("use_rslora", true));
    }

    @Test
    void lines_areThoseOfTheFile() {
        assertThat(YamlFile.read("lora4j.yaml", "# a comment\n\nepochs: 3\nrank: 4\n")
                        .get("rank")
                        .line())
                .isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# nothing\n", "---\n...\n", "null"})
    void nothing_isNoSettings(String text) {
        assertThat(read(text)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "epochs: 3\\nepochs: 4|line 2, column 1: \"epochs\" stands twice",
                "a: {b: 1, b: 2}|line 1, column 11: \"b\" stands twice",
                "epochs: !!int '3'|line 1, column 9: the tag",
                "!java.lang.ProcessBuilder {a: 1}|the tag",
                "a: !evil [x]|the tag",
                "a: *nobody|line 1, column 4: the alias *nobody stands for nothing",
                "a: &a [*a]|the alias *a stands for nothing",
                "- a\\n- b|a list, expected settings",
                "words|a single value, expected settings",
                "a: 1\\n---\\nb: 2|a second document",
                "a: [1, 2|no YAML",
                "a: b: c|no YAML",
                "? [a]\\n: b|a name that is no text",
                "a: \"\\\\q\"|no YAML"
            })
    void whatIsNotAllowed_isRefusedWithItsPlace(String written, String message) {
        assertThatThrownBy(() -> read(written.replace("\\n", "\n").replace("\\\\", "\\")))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("lora4j.yaml")
                .hasMessageContaining(message);
    }

    @Test
    void depth_isBounded() {
        assertThatThrownBy(() -> read("a: " + "[".repeat(50) + "]".repeat(50)))
                .hasMessageContaining("more than 20 levels");
    }

    @Test
    void aliasesOfAliases_areCountedAsWhatTheyStandFor() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 9; i++) {
            bomb.append("a").append(i).append(": &a").append(i).append(" [");
            for (int j = 0; j < 10; j++) {
                bomb.append(j == 0 ? "" : ", ").append("*a").append(i - 1);
            }
            bomb.append("]\n");
        }
        assertThatThrownBy(() -> read(bomb.toString())).hasMessageContaining("more than 20000 values");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain",
                "two words",
                "a: b",
                "3",
                "true",
                "null",
                "",
                " ",
                "~",
                "\"q\"",
                "ü",
                "\u0001",
                "\u2028",
                "- x",
                "# c",
                "a\nb",
                "{",
                "@x",
                "%",
                "\uFEFFx",
                "😀",
                "\\"
            })
    void whatIsWritten_isReadBack(String text) {
        assertThat(read(YamlText.line(Setting.TEXT, text))).containsEntry("text", text);
    }

    @Test
    void mapsAndLists_areReadBack() {
        Object map = Map.of("use_rslora", true, "odd name:", List.of(1L, 0.5, "x: y"));
        assertThat(read(YamlText.line(Setting.METHOD_OPTIONS, map))).containsEntry("method-options", map);
    }
}
