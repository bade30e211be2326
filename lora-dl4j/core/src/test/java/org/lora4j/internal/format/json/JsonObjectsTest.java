/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.CorruptAdapterException;

class JsonObjectsTest {

    @TempDir
    private Path folder;

    private static Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("text", "\u00e9\"\n");
        fields.put("number", 0.1 + 0.2);
        fields.put("whole", 7);
        fields.put("rows", List.of(List.of(1.5, -0.25), List.of()));
        fields.put("map", Map.of("yes", true));
        return fields;
    }

    @Test
    void file_readAgain_givesEqualFieldsInTheirOrder() throws IOException {
        Path file = folder.resolve("a.json");

        JsonObjects.write(file, fields());

        assertThat(JsonObjects.read(file)).isEqualTo(fields());
        assertThat(JsonObjects.read(file).keySet()).containsExactly("text", "number", "whole", "rows", "map");
        assertThat(Files.list(folder)).containsExactly(file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[1]", "7", "{\"a\":1,\"a\":2}", "{} 1", "{\"a\":NaN}", "{'a':1}", "{\"a\":", "\u0000"})
    void read_ofAnythingButOneObject_isRefused(String text) {
        assertThatThrownBy(() -> JsonObjects.read("report.json", text))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("report.json: ")
                .hasMessageContaining("expected one JSON object");
    }

    @Test
    void read_ofDeepNesting_isRefused() {
        String deep = "{\"a\":" + "[".repeat(10_000) + "]".repeat(10_000) + "}";

        assertThatThrownBy(() -> JsonObjects.read("report.json", deep)).isInstanceOf(CorruptAdapterException.class);
    }

    @Test
    void read_ofAHugeFile_isRefusedUnread() throws IOException {
        Path file = folder.resolve("a.json");
        try (RandomAccessFile huge = new RandomAccessFile(file.toFile(), "rw")) {
            huge.setLength(JsonObjects.MOST_BYTES + 1);
        }

        assertThatThrownBy(() -> JsonObjects.read(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("at most " + JsonObjects.MOST_BYTES + " bytes");
    }
}
