/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.format.TensorEntry;

/** Files that do not keep their promises, written byte by byte. */
class TorchReaderDamageTest {

    private static final long[] SIX = {2, 3};
    private static final long[] ROWS = {3, 1};

    @TempDir
    private Path dir;

    /** A dictionary {"w": tensor} over data/0. */
    private static byte[] pickle(long elements, long offset, long[] shape, long... strides) {
        return new Pickled()
                .op('}')
                .text("w")
                .tensor("0", elements, offset, shape, strides)
                .op('s')
                .end();
    }

    private static byte[] good() {
        return pickle(6, 0, SIX, ROWS);
    }

    private static byte[] deflated(byte[] bytes) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        Deflater deflater = new Deflater(9, true);
        try (DeflaterOutputStream out = new DeflaterOutputStream(packed, deflater)) {
            out.write(bytes);
        } catch (IOException e) {
            throw new AssertionError("in memory", e);
        } finally {
            deflater.end();
        }
        return packed.toByteArray();
    }

    private static Arguments tensor(String expected, byte[] pickle) {
        return Arguments.of(expected, Zipped.of(pickle, new byte[24]));
    }

    static List<Arguments> tensors() {
        long huge = 1L << 40;
        return List.of(
                tensor("of a storage of 7 elements F32, expected its 24 bytes", pickle(7, 0, SIX, ROWS)),
                tensor("of a storage of -6 elements", pickle(-6, 0, SIX, ROWS)),
                tensor("at 1 with strides [3, 1] exceeds its storage", pickle(6, 1, SIX, ROWS)),
                tensor("at 0 with strides [4, 1] exceeds its storage", pickle(6, 0, SIX, 4, 1)),
                tensor("offset -1", pickle(6, -1, SIX, ROWS)),
                tensor("strides [-3, 1], expected a stride for each", pickle(6, 0, SIX, -3, 1)),
                tensor("strides [3], expected a stride for each", pickle(6, 0, SIX, 3)),
                tensor("[-2, 3]", pickle(6, 0, new long[] {-2, 3}, ROWS)),
                tensor("impossible size", pickle(6, 0, new long[] {huge, huge}, 0, 0)),
                tensor("impossible size", pickle(6, 0, SIX, Long.MAX_VALUE, 1)),
                tensor("impossible size", pickle(6, Long.MAX_VALUE, SIX, ROWS)),
                tensor("repeats elements of its storage", pickle(6, 0, new long[] {huge, 6}, 0, 1)),
                tensor(
                        "of storage \"9\", expected an entry \"a/data/9\"",
                        new Pickled()
                                .op('}')
                                .text("w")
                                .tensor("9", 6, 0, SIX, ROWS)
                                .op('s')
                                .end()),
                tensor(
                        "expected an entry \"a/data/../data/0\"",
                        new Pickled()
                                .op('}')
                                .text("w")
                                .tensor("../data/0", 6, 0, SIX, ROWS)
                                .op('s')
                                .end()),
                tensor("numbers, expected at most 64", pickle(6, 0, new long[65], ROWS)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tensors")
    void open_aTensorThatDoesNotFitItsStorage_namesBoth(String expected, Zipped zip) throws IOException {
        Path file = zip.in(dir);

        assertThatThrownBy(() -> TorchReader.open(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(expected);
    }

    @Test
    void open_severalBadTensors_namesAllOfThem() throws IOException {
        byte[] two = new Pickled()
                .op('}', '(')
                .text("v")
                .tensor("0", 6, 2, SIX, ROWS)
                .text("w")
                .tensor("1", 6, 0, SIX, ROWS)
                .op('u')
                .end();
        Path file = Zipped.of(two, new byte[24]).in(dir);

        assertThatThrownBy(() -> TorchReader.open(file))
                .hasMessageContaining("2 problems: tensor \"v\" F32[2, 3] at 2")
                .hasMessageContaining("tensor \"w\" F32[2, 3] is of storage \"1\"");
    }

    private static Arguments content(String expected, Pickled pickle) {
        return Arguments.of(expected, Zipped.of(pickle.end(), new byte[24]));
    }

    static List<Arguments> contents() {
        return List.of(
                content("holds a list; expected a dictionary of tensors", new Pickled().op(']')),
                content("holds a tensor", new Pickled().tensor("0", 6, 0, SIX, ROWS)),
                content(
                        "\"w\" is an integer, expected a tensor",
                        new Pickled().op('}').text("w").op('K', 1, 's')),
                content(
                        "key 0 is an integer, expected a string",
                        new Pickled()
                                .op('}', 'K', 1)
                                .tensor("0", 6, 0, SIX, ROWS)
                                .op('s')),
                content(
                        "\"w\" is there twice",
                        new Pickled()
                                .op('}')
                                .text("w")
                                .tensor("0", 6, 0, SIX, ROWS)
                                .op('s')
                                .text("w")
                                .tensor("0", 6, 0, SIX, ROWS)
                                .op('s')),
                content(
                        "\"m\", \"n\" is None, expected a tensor",
                        new Pickled()
                                .op('}')
                                .text("m")
                                .op('}', '(')
                                .text("w")
                                .tensor("0", 6, 0, SIX, ROWS)
                                .text("n")
                                .op('N', 'u', 's')));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("contents")
    void open_somethingElseThanTensors_saysWhat(String expected, Zipped zip) throws IOException {
        Path file = zip.in(dir);

        assertThatThrownBy(() -> TorchReader.open(file))
                .isExactlyInstanceOf(AdapterFormatException.class)
                .hasMessageContaining(expected);
    }

    static List<Arguments> zips() {
        byte[] data = new byte[24];
        byte[] packed = deflated(data);
        return List.of(
                Arguments.of("0 entries <name>/data.pkl", new Zipped().add("data.pkl", good())),
                Arguments.of("0 entries <name>/data.pkl", new Zipped().add("a/b/data.pkl", good())),
                Arguments.of(
                        "2 entries <name>/data.pkl", Zipped.of(good(), data).add("b/data.pkl", good())),
                Arguments.of("two entries \"a/data/0\"", Zipped.of(good(), data).add("a/data/0", data)),
                Arguments.of(
                        "has 2 entries; expected 3", Zipped.of(good(), data).entries(3)),
                Arguments.of("encrypted", Zipped.of(good()).add("a/data/0", data, said -> said.flags(1))),
                Arguments.of(
                        "compressed by method 12", Zipped.of(good()).add("a/data/0", data, said -> said.method(12))),
                Arguments.of(
                        "expected it to lie", Zipped.of(good()).add("a/data/0", data, said -> said.header(1 << 30))),
                Arguments.of("is not at byte 5", Zipped.of(good()).add("a/data/0", data, said -> said.header(5))),
                Arguments.of("as long as stored", Zipped.of(good()).add("a/data/0", data, said -> said.size(25))),
                Arguments.of("expected it to lie", Zipped.of(good()).add("a/data/0", data, said -> {
                    said.size(1 << 30);
                    said.compressed(1 << 30);
                })),
                Arguments.of("or not whole", Zipped.of(good()).add("a/data/0", new byte[10], said -> {
                    said.size(24);
                    said.compressed(24);
                })),
                Arguments.of("deflated 1032:1 at most", Zipped.of(good()).add("a/data/0", packed, said -> {
                    said.method(8);
                    said.size(1 << 30);
                })),
                Arguments.of(
                        "expected it to lie",
                        new Zipped().large().add("a/data.pkl", good(), said -> said.header(Long.MIN_VALUE))),
                Arguments.of("expected it to lie", new Zipped().large().add("a/data.pkl", good(), said -> {
                            said.size(Long.MAX_VALUE);
                            said.compressed(Long.MAX_VALUE);
                        })),
                Arguments.of(
                        "byte order \"middle",
                        Zipped.of(good(), data)
                                .add("a/byteorder", "middle-endian".getBytes(StandardCharsets.US_ASCII))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("zips")
    void open_aZipThatContradictsItself_saysWhere(String expected, Zipped zip) throws IOException {
        Path file = zip.in(dir);

        assertThatThrownBy(() -> TorchReader.open(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(expected);
    }

    @Test
    void open_theTwoEndsOfALargeZipDisagree_isRefused() throws IOException {
        byte[] bytes = new Zipped().large().add("a/data.pkl", good()).bytes();
        ByteBuffer.wrap(bytes).putShort(bytes.length - 22 + 10, (short) 0x0500).putShort(bytes.length - 22 + 8, (short)
                0x0500);
        Path file = Files.write(dir.resolve("f"), bytes);

        assertThatThrownBy(() -> TorchReader.open(file)).hasMessageContaining("disagree");
    }

    @Test
    void open_bytesBetweenDirectoryAndEnd_areRefused() throws IOException {
        byte[] bytes = Zipped.of(good(), new byte[24]).bytes();
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
        System.arraycopy(bytes, bytes.length - 22, longer, longer.length - 22, 22);
        Path file = Files.write(dir.resolve("f"), longer);

        assertThatThrownBy(() -> TorchReader.open(file)).hasMessageContaining("expected it to end at byte");
    }

    @Test
    void open_aPickleThatInflatesBeyondTheFile_isRefusedBeforeItIsInflated() throws IOException {
        byte[] packed = deflated(new byte[30_000_000]);
        Path file = new Zipped()
                .add("a/data.pkl", packed, said -> {
                    said.method(8);
                    said.size(30_000_000);
                })
                .in(dir);

        assertThatThrownBy(() -> TorchReader.open(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("has a pickle of 30000000 bytes; expected at most");
    }

    @Test
    void open_tensorsThatShareOneStorageAHundredTimes_areRefused() throws IOException {
        Pickled pickle = new Pickled().op('}', '(');
        for (int i = 0; i < 100; i++) {
            pickle.text("w" + i).tensor("0", 1 << 20, 0, new long[] {1 << 20}, new long[] {1});
        }
        Path file = Zipped.of(pickle.op('u').end(), new byte[4 << 20]).in(dir);

        assertThatThrownBy(() -> TorchReader.open(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("tensors together larger than 20 times the file's");
    }

    @Test
    void open_zerosThatWereCompressedAThousandTimes_areRefused() throws IOException {
        byte[] zeros = deflated(new byte[64 << 20]);
        Path file = Zipped.of(pickle(16 << 20, 0, new long[] {16 << 20}, 1))
                .add("a/data/0", zeros, said -> {
                    said.method(8);
                    said.size(64 << 20);
                })
                .in(dir);

        assertThatThrownBy(() -> TorchReader.open(file)).hasMessageContaining("tensors together larger than 20 times");
    }

    private TorchReader withDeflated(byte[] content, long size) throws IOException {
        Path file = Zipped.of(good())
                .add("a/data/0", content, said -> {
                    said.method(8);
                    said.size(size);
                })
                .in(dir);
        return TorchReader.open(file);
    }

    @Test
    void read_aCompressedStorageThatIsDamagedShortOrLong_saysSo() throws IOException {
        byte[] garbage = new byte[24];
        Arrays.fill(garbage, (byte) 0xFF);

        assertReadFails(withDeflated(garbage, 24), "cannot be decompressed");
        assertReadFails(withDeflated(deflated(new byte[20]), 24), "ends before its 24 bytes");
        assertReadFails(withDeflated(Arrays.copyOf(deflated(new byte[24]), 2), 24), "ends before its 24 bytes");
        assertReadFails(withDeflated(deflated(new byte[25]), 24), "is longer than its 24 bytes");
    }

    private static void assertReadFails(TorchReader opened, String expected) throws IOException {
        try (TorchReader reader = opened) {
            TensorEntry tensor = reader.tensor("w");
            assertThatThrownBy(() -> reader.read(tensor, 0, ByteBuffer.allocate(24)))
                    .isInstanceOf(CorruptAdapterException.class)
                    .hasMessageContaining(expected);
        }
    }

    @Test
    void open_aFileCutAnywhere_isAlwaysCorrupt() throws IOException {
        byte[] whole = Zipped.of(good(), new byte[24]).bytes();
        for (int length = 0; length < whole.length; length++) {
            Path cut = Files.write(dir.resolve("cut"), Arrays.copyOf(whole, length));

            assertThatThrownBy(() -> TorchReader.open(cut)).isInstanceOf(CorruptAdapterException.class);
        }
    }

    @Test
    void open_aFileWithBytesChangedAtRandom_opensOrFailsAsAFile() throws IOException {
        SplittableRandom random = new SplittableRandom(20260101);
        byte[] whole = Files.readAllBytes(Path.of("src/test/resources/torch/protocol-2.bin"));
        int opened = 0;
        for (int run = 0; run < 3000; run++) {
            byte[] changed = whole.clone();
            for (int change = random.nextInt(1, 4); change > 0; change--) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
            }
            try (TorchReader reader = TorchReader.open(Files.write(dir.resolve("changed"), changed))) {
                for (TensorEntry tensor : reader.tensors().values()) {
                    reader.read(tensor, 0, ByteBuffer.allocate((int) tensor.byteCount()));
                }
                opened++;
            } catch (AdapterFormatException expected) {
                assertThat(expected).hasMessageContaining("changed");
            }
        }
        assertThat(opened).isBetween(100, 2900);
    }

    @Test
    void read_atTheEndOfATensorBeyondTwoGibibytes_works() throws IOException {
        long size = (1L << 31) + 100;
        byte[] pickle = new Pickled()
                .op('}')
                .text("big")
                .global("torch._utils", "_rebuild_tensor_v2")
                .op('(')
                .storage("ByteStorage", "0", size)
                .whole(0)
                .tuple(size)
                .tuple(1)
                .op(0x89, 'N', 't', 'R', 's')
                .end();
        Path file = sparse(pickle, size);
        try (TorchReader reader = TorchReader.open(file)) {
            ByteBuffer last = ByteBuffer.allocate(1);
            reader.read(reader.tensor("big"), size - 1, last);

            assertThat(last.get(0)).isEqualTo((byte) 7);
        }
    }

    /** A file whose storage is a hole of the file system. */
    private Path sparse(byte[] pickle, long size) throws IOException {
        Zipped zip = new Zipped().large().add("a/data.pkl", pickle).add("a/data/0", new byte[0], said -> {
            said.size(size);
            said.compressed(size);
        });
        byte[] bytes = zip.shifted(size);
        int local = zip.localLength();
        Path file = dir.resolve("sparse");
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.write(bytes, 0, local);
            out.seek(local + size - 1);
            out.write(7);
            out.write(bytes, local, bytes.length - local);
        }
        return file;
    }
}
