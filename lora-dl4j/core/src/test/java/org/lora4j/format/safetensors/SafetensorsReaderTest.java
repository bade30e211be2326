/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;

class SafetensorsReaderTest {

    private static final String GOOD = "{\"__metadata__\":{\"format\":\"pt\"},"
            + Crafted.entry("b", "F32", "[1,2]", 0, 8) + "," + Crafted.entry("a", "BF16", "[3]", 8, 14) + "}  ";

    @TempDir
    Path dir;

    @Test
    void open_aGoodFile_listsTensorsInFileOrder() throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(Crafted.file(dir, GOOD, 14))) {
            long start = 8 + GOOD.length();

            assertThat(reader.tensors().values())
                    .containsExactly(
                            new TensorEntry("b", DType.F32, new long[] {1, 2}, start, 8),
                            new TensorEntry("a", DType.BF16, new long[] {3}, start + 8, 6));
            assertThat(reader.metadata()).containsExactly(Map.entry("format", "pt"));
        }
    }

    @Test
    void open_aFileWithoutTensors_isAllowed() throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(Crafted.file(dir, "{}", 0))) {
            assertThat(reader.tensors()).isEmpty();
        }
    }

    @Test
    void open_scalarsAndEmptyTensors_areAllowed() throws IOException {
        String header = "{" + Crafted.entry("none", "F32", "[0,5]", 0, 0) + ","
                + Crafted.entry("scalar", "F32", "[]", 0, 4) + "}";
        try (SafetensorsReader reader = SafetensorsReader.open(Crafted.file(dir, header, 4))) {
            assertThat(reader.tensor("scalar").shape()).isEmpty();
            assertThat(reader.tensor("none").byteCount()).isZero();
        }
    }

    static List<Arguments> types() {
        return List.of(
                Arguments.of("BOOL", 3, 3),
                Arguments.of("F4", 4, 2),
                Arguments.of("F6_E2M3", 4, 3),
                Arguments.of("F6_E3M2", 8, 6),
                Arguments.of("U8", 3, 3),
                Arguments.of("I8", 3, 3),
                Arguments.of("F8_E5M2", 3, 3),
                Arguments.of("F8_E4M3", 3, 3),
                Arguments.of("F8_E8M0", 3, 3),
                Arguments.of("F8_E4M3FNUZ", 3, 3),
                Arguments.of("F8_E5M2FNUZ", 3, 3),
                Arguments.of("I16", 3, 6),
                Arguments.of("U16", 3, 6),
                Arguments.of("F16", 3, 6),
                Arguments.of("BF16", 3, 6),
                Arguments.of("I32", 3, 12),
                Arguments.of("U32", 3, 12),
                Arguments.of("F32", 3, 12),
                Arguments.of("C64", 3, 24),
                Arguments.of("F64", 3, 24),
                Arguments.of("I64", 3, 24),
                Arguments.of("U64", 3, 24));
    }

    /** Widths are those of {@code Dtype::bitsize} in the reference implementation, worked out by hand. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("types")
    void open_everyTypeOfTheFormat_isReadByItsWidth(String type, int elements, int bytes) throws IOException {
        String header = "{" + Crafted.entry("a", type, "[" + elements + "]", 0, bytes) + "}";

        try (SafetensorsReader reader = SafetensorsReader.open(Crafted.file(dir, header, bytes))) {
            assertThat(reader.tensor("a").dtype()).hasToString(type);
        }
        assertThat(types()).hasSameSizeAs(DType.values());
    }

    static List<Arguments> damages() {
        String a = Crafted.entry("a", "F32", "[2]", 0, 8);
        return List.of(
                damage("", 0, "does not start with '{'"),
                damage("[1]", 0, "does not start with '{'"),
                damage(" {}", 0, "does not start with '{'"),
                damage("{" + a, 8, "header character"),
                damage("{" + a + "}{}", 8, "something follows"),
                damage("{" + a + "}x", 8, "Unrecognized token"),
                damage("{" + a + "," + a + "}", 8, "Duplicate"),
                damage(
                        "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
                        8,
                        "Duplicate"),
                damage("{\"a\":7}", 0, "tensor \"a\" is or contains VALUE_NUMBER_INT; expected START_OBJECT"),
                damage("{\"a\":null}", 0, "tensor \"a\""),
                damage(
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}",
                        8,
                        "has the key \"x\""),
                damage("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "lacks one of"),
                damage("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}}", 8, "(two numbers)"),
                damage("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}}", 8, "VALUE_NUMBER_FLOAT"),
                damage("{\"a\":{\"dtype\":\"F32\",\"shape\":[[2]],\"data_offsets\":[0,8]}}", 8, "nesting depth"),
                damage("{\"a\":{\"dtype\":1,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "tensor \"a\", dtype"),
                damage(
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}",
                        8,
                        "long"),
                damage(
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[" + "9".repeat(5000) + "],\"data_offsets\":[0,8]}}",
                        8,
                        "Number value length"),
                damage("{\"__metadata__\":{\"n\":1}}", 0, "__metadata__.\"n\""),
                damage("{\"__metadata__\":[]}", 0, "__metadata__ is or contains"),
                damage("{" + Crafted.entry("a", "Q7", "[2]", 0, 8) + "}", 8, "tensor \"a\" has dtype \"Q7\""),
                damage("{" + Crafted.entry("a", "Q".repeat(99), "[2]", 0, 8) + "}", 8, "has a dtype of 99 characters"),
                damage("{" + Crafted.entry("a", "F32", "[-2]", 0, 8) + "}", 8, "shape [-2], expected no negative"),
                damage("{" + Crafted.entry("a", "F32", "[3]", 0, 8) + "}", 8, "F32[3] occupies 8 bytes, expected 12"),
                damage("{" + Crafted.entry("a", "F4", "[3]", 0, 2) + "}", 2, "12 bits do not fill whole bytes"),
                damage("{" + Crafted.entry("a", "U8", "[4294967296,4294967296]", 0, 8) + "}", 8, "impossible size"),
                damage("{" + Crafted.entry("a", "F32", "[2]", 8, 0) + "}", 8, "lies at [8, 0), expected within"),
                damage("{" + Crafted.entry("a", "F32", "[2]", -8, 0) + "}", 8, "lies at [-8, 0), expected within"),
                damage("{" + Crafted.entry("a", "F32", "[2]", 0, 8) + "}", 7, "lies at [0, 8), expected within the 7"),
                damage("{" + a + "}", 9, "which has 9 bytes, expected nothing after the last tensor"),
                damage(
                        "{" + Crafted.entry("a", "F32", "[2]", 1, 9) + "}",
                        9,
                        "leaves a hole, expected it to begin at 0"),
                damage(
                        "{" + a + "," + Crafted.entry("b", "F32", "[2]", 4, 12) + "}",
                        12,
                        "overlaps the tensor before it"),
                damage(
                        "{" + a + "," + Crafted.entry("b", "F32", "[2]", 0, 8) + "}",
                        8,
                        "overlaps the tensor before it"),
                damage(
                        "{" + Crafted.entry("a", "U8", "[9223372036854775807]", 0, Long.MAX_VALUE) + "}",
                        8,
                        "impossible"),
                damage("{" + Crafted.entry("a", "F32", "[-0]", 0, 0) + "}", 0, "contains -0"),
                damage("{" + Crafted.entry("a\\ud83d", "F32", "[2]", 0, 8) + "}", 8, "surrogate pair"),
                damage("{\"__metadata__\":{\"k\":\"\\udc00\"}}", 0, "half a surrogate pair"),
                damage("{" + Crafted.entry("a", "F32", "[02]", 0, 8) + "}", 8, "header character"),
                damage("{" + Crafted.entry("a", "F32", "[+2]", 0, 8) + "}", 8, "header character"),
                damage("{" + Crafted.entry("a", "F32", "[2,]", 0, 8) + "}", 8, "header character"),
                damage("{/**/}", 0, "header character"),
                damage("{'a':1}", 0, "header character"),
                damage("{" + Crafted.entry("a\nb", "F32", "[2]", 0, 8) + "}", 8, "header character"),
                damage("{" + Crafted.entry("a\\nb", "F32", "[3]", 0, 8) + "}", 8, "tensor \"a\\nb\" F32[3]"),
                damage(
                        "{" + Crafted.entry("a", "F32", "[1" + ",1".repeat(999) + "]", 0, 8) + "}",
                        8,
                        "F32[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, and 990 more] occupies 8 bytes, expected 4"),
                damage("{" + Crafted.entry("n".repeat(300), "F32", "[3]", 0, 8) + "}", 8, "n...(300 characters)...n"),
                damage("{}", 3, "which has 3 bytes"));
    }

    private static Arguments damage(String header, int dataBytes, String expected) {
        return Arguments.of(expected, header, dataBytes);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damages")
    void open_aDamagedHeader_namesFileAndDamage(String expected, String header, int dataBytes) throws IOException {
        Path file = Crafted.file(dir, header, dataBytes);

        assertThatThrownBy(() -> SafetensorsReader.open(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(expected);
    }

    @Test
    void open_severalBadTensors_namesAllOfThem() throws IOException {
        Path file = Crafted.file(
                dir,
                "{" + Crafted.entry("a", "Q7", "[2]", 0, 8) + "," + Crafted.entry("b", "F32", "[9]", 8, 16) + "}",
                16);

        assertThatThrownBy(() -> SafetensorsReader.open(file))
                .hasMessageContaining("2 problems: tensor \"a\" has dtype \"Q7\"")
                .hasMessageContaining("tensor \"b\" F32[9] occupies 8 bytes, expected 36");
    }

    @Test
    void open_aHeaderThatIsNotUtf8_saysSo() throws IOException {
        byte[] header = ("{" + Crafted.entry("a?", "F32", "[2]", 0, 8) + "}").getBytes(StandardCharsets.UTF_8);
        header[3] = (byte) 0xC3;
        Path file = Crafted.file(dir, header, 8);

        assertThatThrownBy(() -> SafetensorsReader.open(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("not UTF-8");
    }

    @Test
    void open_aHeaderLengthBeyondTheFile_printsItUnsigned() throws IOException {
        byte[] bytes = new byte[20];
        Arrays.fill(bytes, 0, 8, (byte) 0xFF);
        Path file = Files.write(dir.resolve("f"), bytes);

        assertThatThrownBy(() -> SafetensorsReader.open(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining(
                        "byte 0: the header length 18446744073709551615 exceeds the 12 bytes that follow");
    }

    @Test
    void open_aHeaderBeyondTheLimit_isRefusedBeforeItIsRead() throws IOException {
        Path file = dir.resolve("large");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.writeLong(Long.reverseBytes(100_000_001L));
            sparse.setLength(200_000_000L);
        }

        assertThatThrownBy(() -> SafetensorsReader.open(file)).hasMessageContaining("expected at most 100000000");
    }

    @Test
    void open_anEmptyFile_saysTruncated() throws IOException {
        Path file = Files.createFile(dir.resolve("empty"));

        assertThatThrownBy(() -> SafetensorsReader.open(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("the file has 0 bytes; expected at least 8");
    }

    @Test
    void open_aMissingFile_namesIt() {
        assertThatThrownBy(() -> SafetensorsReader.open(dir.resolve("nowhere")))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("nowhere: no such file");
    }

    @Test
    void open_aFileCutAnywhere_isAlwaysCorrupt() throws IOException {
        byte[] whole = Files.readAllBytes(Crafted.file(dir, GOOD, 14));
        for (int length = 0; length < whole.length; length++) {
            Path cut = Files.write(dir.resolve("cut"), Arrays.copyOf(whole, length));

            assertThatThrownBy(() -> SafetensorsReader.open(cut)).isInstanceOf(CorruptAdapterException.class);
        }
    }

    @Test
    void open_aFileWithAnyByteChanged_opensOrIsCorruptButNeverFailsOtherwise() throws IOException {
        byte[] whole = Files.readAllBytes(Crafted.file(dir, GOOD, 14));
        for (int at = 0; at < 8 + GOOD.length(); at++) {
            for (int value : new int[] {0, '"', '9', '-', '{', '}', '[', ',', 0x80, 0xFF}) {
                byte[] changed = whole.clone();
                changed[at] = (byte) value;
                Path file = Files.write(dir.resolve("changed"), changed);
                try (SafetensorsReader reader = SafetensorsReader.open(file)) {
                    assertThat(reader.tensors()).hasSizeLessThanOrEqualTo(2);
                } catch (CorruptAdapterException expected) {
                    assertThat(expected).hasMessageContaining(file.toString());
                } catch (RuntimeException e) {
                    fail("byte " + at + " = " + value, e);
                }
            }
        }
    }

    @Test
    void readAndMap_giveTheBytesOfTheTensor() throws IOException {
        byte[] whole = Files.readAllBytes(Crafted.file(dir, GOOD, 14));
        whole[8 + GOOD.length() + 8] = 42;
        try (SafetensorsReader reader = SafetensorsReader.open(Files.write(dir.resolve("f"), whole))) {
            TensorEntry a = reader.tensor("a");
            ByteBuffer copy = ByteBuffer.allocate(6);
            reader.read(a, 0, copy);

            assertThat(copy.array()).containsExactly(42, 0, 0, 0, 0, 0);
            assertThat(reader.map(a, 0, 2).getShort()).isEqualTo((short) 42);
            assertThat(reader.map(a, 0, 6).order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
        }
    }

    @Test
    void read_beyondTheTensor_isRefused() throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(Crafted.file(dir, GOOD, 14))) {
            TensorEntry a = reader.tensor("a");

            assertThatThrownBy(() -> reader.read(a, 1, ByteBuffer.allocate(6)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected within its 6 bytes");
            assertThatThrownBy(() -> reader.map(a, -1, 2)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void read_anEntryOfAnotherFile_isRefused() throws IOException {
        TensorEntry foreign = new TensorEntry("a", DType.BF16, new long[] {3}, 0, 6);
        try (SafetensorsReader reader = SafetensorsReader.open(Crafted.file(dir, GOOD, 14))) {
            assertThatThrownBy(() -> reader.map(foreign, 0, 6)).hasMessageContaining("not an entry of this file");
        }
    }

    @Test
    void tensor_ofAnUnknownName_offersTheClosest() throws IOException {
        String header = "{" + Crafted.entry("fc1.lora_A.weight", "F32", "[2]", 0, 8) + "}";
        try (SafetensorsReader reader = SafetensorsReader.open(Crafted.file(dir, header, 8))) {
            assertThatThrownBy(() -> reader.tensor("fc1.lora_a.wieght"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("closest: \"fc1.lora_A.weight\"");
        }
    }

    @Test
    void read_atTheEndOfATensorBeyondTwoGibibytes_works() throws IOException {
        long size = (1L << 31) + 100;
        String header = "{" + Crafted.entry("big", "U8", "[" + size + "]", 0, size) + "}";
        Path file = Crafted.file(dir, header, 0);
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(8 + header.length() + size);
            sparse.seek(8 + header.length() + size - 1);
            sparse.write(7);
        }
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            TensorEntry big = reader.tensor("big");
            ByteBuffer last = ByteBuffer.allocate(1);
            reader.read(big, size - 1, last);

            assertThat(last.get(0)).isEqualTo((byte) 7);
            assertThat(reader.map(big, size - 1, 1).get()).isEqualTo((byte) 7);
        }
    }
}
