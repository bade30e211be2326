/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.internal.format.huggingface.JsonObjectFile;
import org.lora4j.internal.format.peft.PeftConfigJson;
import org.lora4j.internal.format.table.JsonLines;

/** One rule for bytes that are no UTF-8, whoever reads them. */
class StrictJsonTest {

    private interface Reader {
        Object read(Path file) throws IOException;
    }

    private static final List<Reader> READERS = List.of(
            JsonObjects::read,
            file -> JsonObjectFile.read(file, "the config.json of a model"),
            file -> JsonObjectFile.readList(file, "a list"),
            PeftConfigJson::read,
            file -> JsonLines.read(file, StandardCharsets.UTF_8));

    @TempDir
    private Path folder;

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    /** A key that begins at the third byte: a stray byte, an overlong slash, half a character, a part of one, beyond Unicode. */
    static Stream<Arguments> noText() {
        return Stream.of(
                Arguments.of(bytes('{', '"', 0xFF, '"', ':', '1', '}'), "byte 0xFF at 2"),
                Arguments.of(bytes('{', '"', 0xC0, 0xAF, '"', ':', '1', '}'), "byte 0xC0 at 2"),
                Arguments.of(bytes('{', '"', 0xED, 0xA0, 0x80, '"', ':', '1', '}'), "byte 0xED at 2"),
                Arguments.of(bytes('{', '"', 0xC3, '"', ':', '1', '}'), "byte 0xC3 at 2"),
                Arguments.of(bytes('{', '"', 0xF5, 0x80, 0x80, 0x80, '"', ':', '1', '}'), "byte 0xF5 at 2"),
                Arguments.of("{\"a\":1}".getBytes(StandardCharsets.UTF_16), "byte 0xFE at 0"));
    }

    @ParameterizedTest
    @MethodSource("noText")
    void bytesThatAreNoText_areRefusedByEveryReader(byte[] bytes, String problem) throws IOException {
        Path file = Files.write(folder.resolve("a.json"), bytes);

        assertThatExceptionOfType(CharacterCodingException.class)
                .isThrownBy(() -> StrictJson.text(bytes))
                .withMessage(problem + " is no UTF-8");
        for (Reader reader : READERS) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> reader.read(file))
                    .withMessageContaining(file.toString())
                    .withMessageContaining("UTF-8")
                    .withMessageContaining(problem.substring(0, 9));
        }
    }

    @Test
    void text_isWhatBytesSay_withoutTheMarkInFront() throws IOException {
        String text = "{\"\u00e9\u4e2d\ud83d\ude00\": \"\ufeff\"}";

        assertThat(StrictJson.text(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(text);
        assertThat(StrictJson.text(("\ufeff" + text).getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(text);
        assertThat(StrictJson.text(new byte[0])).isEmpty();
    }
}
