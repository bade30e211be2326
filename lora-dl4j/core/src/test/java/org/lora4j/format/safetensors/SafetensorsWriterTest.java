/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;

class SafetensorsWriterTest {

    @TempDir
    Path dir;

    @Test
    void write_sortsByWidthThenName_andPadsTheHeaderToEight() throws IOException {
        Path file = dir.resolve("f");
        SafetensorsWriter.write(
                file,
                List.of(tensor("a", DType.F16, 1), tensor("z", DType.F32, 1), tensor("b", DType.F32, 1)),
                Map.of("k", "v"));

        byte[] bytes = Files.readAllBytes(file);
        int length =
                ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN).getInt();
        String header = new String(bytes, 8, length, StandardCharsets.UTF_8);
        assertThat(length % 8).isZero();
        assertThat(header.stripTrailing())
                .isEqualTo("{\"__metadata__\":{\"k\":\"v\"},"
                        + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                        + "\"z\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
                        + "\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[8,10]}}");
        assertThat(bytes).hasSize(8 + length + 10);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lora-mlp-basic",
                "lora-mlp-stored-f16",
                "lora-mlp-stored-bf16",
                "lora-conv2d-3x3-1x1",
                "lora-embedding-and-linear",
                "lora-bert-seqcls",
                "lora-mlp-bias-all-modules-to-save"
            })
    void write_whatTheReferenceImplementationWrote_givesTheSameBytes(String name) throws IOException {
        Path original = Path.of("src/test/resources/peft", name, "adapter_model.safetensors");
        Path copy = dir.resolve("copy");

        try (SafetensorsReader reader = SafetensorsReader.open(original)) {
            List<TensorSource> sources = new ArrayList<>();
            for (TensorEntry entry : reader.tensors().values()) {
                ByteBuffer bytes = reader.map(entry, 0, (int) entry.byteCount());
                sources.add(0, TensorSource.of(entry.name(), entry.dtype(), entry.shape(), bytes));
            }
            SafetensorsWriter.write(copy, sources, reader.metadata());
        }

        assertThat(copy).hasSameBinaryContentAs(original);
    }

    @Test
    void write_namesBeyondTheBasicPlane_sortsByCodePointAsUtf8Does() throws IOException {
        Path file = dir.resolve("f");
        // U+FF5E is above the surrogates in UTF-16 but below U+1F600 in UTF-8.
        SafetensorsWriter.write(
                file, List.of(tensor("\uD83D\uDE00", DType.U8, 1), tensor("\uFF5E", DType.U8, 1)), Map.of());

        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertThat(reader.tensors().keySet()).containsExactly("\uFF5E", "\uD83D\uDE00");
        }
    }

    @Test
    void write_nothing_givesAnEmptyFileThatOpens() throws IOException {
        Path file = dir.resolve("f");
        SafetensorsWriter.write(file, List.of(), Map.of());

        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertThat(reader.tensors()).isEmpty();
        }
    }

    @Test
    void write_badTensors_namesAllAndWritesNothing() {
        Path file = dir.resolve("f");
        List<TensorSource> bad = List.of(
                tensor("a", DType.U8, 1),
                tensor("a", DType.U8, 1),
                tensor("__metadata__", DType.U8, 1),
                tensor("n", DType.U8, -1));

        assertThatThrownBy(() -> SafetensorsWriter.write(file, bad, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 problems: tensor \"a\" occurs twice")
                .hasMessageContaining("name of the metadata")
                .hasMessageContaining("shape [-1]");
        assertThat(file).doesNotExist();
    }

    @Test
    void write_halfASurrogatePair_isRefused() {
        List<TensorSource> half = List.of(tensor("\uD83D", DType.U8, 1));

        assertThatThrownBy(() -> SafetensorsWriter.write(dir.resolve("f"), half, Map.of("k", "\uDE00")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 problems")
                .hasMessageContaining("metadata \"k\" contains half a surrogate pair");
        assertThat(dir).isEmptyDirectory();
    }

    @Test
    void write_aShapeOfTooManyBytes_isRefused() {
        TensorSource huge = TensorSource.of("h", DType.F64, new long[] {1L << 40, 1L << 40}, ByteBuffer.allocate(0));

        assertThatThrownBy(() -> SafetensorsWriter.write(dir.resolve("f"), List.of(huge), Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"h\" F64[1099511627776, 1099511627776] has an impossible size");
    }

    @Test
    void write_contentOfTheWrongLength_isRefusedAndLeavesTheOldFile() throws IOException {
        Files.writeString(dir.resolve("f"), "old");
        TensorSource shortOne = TensorSource.of("s", DType.F32, new long[] {2}, ByteBuffer.allocate(4));

        assertThatThrownBy(() -> SafetensorsWriter.write(dir.resolve("f"), List.of(shortOne), Map.of()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("\"s\" wrote 4 bytes; expected 8");
        assertThat(dir.resolve("f")).hasContent("old");
        assertThat(dir).isDirectoryNotContaining("glob:**.tmp");
    }

    private static TensorSource tensor(String name, DType dtype, long elements) {
        int bytes = (int) Math.max(0, elements) * dtype.bits() / 8;
        return TensorSource.of(name, dtype, new long[] {elements}, ByteBuffer.allocate(bytes));
    }
}
