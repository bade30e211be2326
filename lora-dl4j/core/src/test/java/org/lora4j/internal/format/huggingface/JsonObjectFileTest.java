/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.ModelFormatException;

class JsonObjectFileTest {

    @TempDir
    private Path directory;

    private Map<String, Object> read(String text) throws IOException {
        return JsonObjectFile.read(Files.writeString(directory.resolve("config.json"), text), "a config");
    }

    @Test
    void read_givesPlainValues() throws IOException {
        Map<String, Object> fields =
                read("{\"a\": 1, \"b\": 1e-12, \"c\": [\"x\"], \"d\": {\"e\": null}, \"f\": true, \"g\": 9999999999}");

        assertThat(fields)
                .containsEntry("a", 1)
                .containsEntry("b", 1e-12)
                .containsEntry("c", List.of("x"))
                .containsEntry("f", true)
                .containsEntry("g", 9999999999L);
        assertThat(fields.get("d"))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.MAP)
                .containsEntry("e", null);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"a\": 1, \"a\": 2}",
                "{\"a\": 1} {}",
                "{\"a\": 1",
                "{\"a\": NaN}",
                "{'a': 1}",
                "version https://git-lfs.github.com/spec/v1",
                "\u0000\u0000"
            })
    void read_ofDamagedJson_isRefused(String text) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("config.json: not valid JSON")
                .hasMessageContaining("expected a config");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "7", "null", "\"text\""})
    void read_ofNoObject_saysWhatItIs(String text) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("config.json: holds ")
                .hasMessageContaining("expected a config, one JSON object");
    }

    @Test
    void read_ofDeepNesting_isRefused() {
        String deep = "{\"a\": " + "[".repeat(100) + "]".repeat(100) + "}";

        assertThatThrownBy(() -> read(deep)).isInstanceOf(ModelFormatException.class);
    }

    @Test
    void read_ofAHugeFile_isRefusedUnread() throws IOException {
        Path file = directory.resolve("config.json");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(1L << 33);
        }

        assertThatThrownBy(() -> JsonObjectFile.read(file, "a config"))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("the file has 8589934592 bytes; expected a config, at most 16777216 bytes");
    }

    @Test
    void read_ofNoFile_namesIt() {
        assertThatThrownBy(() -> JsonObjectFile.read(directory.resolve("config.json"), "a config"))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("config.json")
                .hasMessageContaining("expected a config");
    }
}
