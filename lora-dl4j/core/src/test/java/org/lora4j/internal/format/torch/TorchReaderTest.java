/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;

/** Files as Python and PyTorch write them; {@code torch/make.py} in the resources says what is in them. */
class TorchReaderTest {

    private static final Path MADE = Path.of("src/test/resources/torch");
    private static final Path PEFT = Path.of("src/test/resources/peft/bad-weights-pickle-only/adapter_model.bin");
    private static final Path MNLI =
            Path.of(System.getProperty("lora4j.shared"), "data/roberta-lora-mnli/roberta_base_lora_mnli.bin");

    @TempDir
    private Path dir;

    private static ByteBuffer bytes(TorchReader reader, String name) throws IOException {
        TensorEntry entry = reader.tensor(name);
        ByteBuffer bytes = ByteBuffer.allocate((int) entry.byteCount()).order(ByteOrder.LITTLE_ENDIAN);
        reader.read(entry, 0, bytes);
        return bytes.flip();
    }

    private static float[] floats(TorchReader reader, String name) throws IOException {
        ByteBuffer bytes = bytes(reader, name);
        float[] values = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(values);
        return values;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "protocol-2.bin",
                "protocol-3.bin",
                "protocol-4.bin",
                "protocol-5.bin",
                "deflated.bin",
                "big-endian.bin",
                "checkpoint.bin"
            })
    void read_everyVariantOfTheFormat_givesTheSameTensors(String file) throws IOException {
        try (TorchReader reader = TorchReader.open(MADE.resolve(file))) {
            assertThat(reader.tensors().keySet())
                    .containsExactly(
                            "rows",
                            "transposed",
                            "column",
                            "tail",
                            "scalar",
                            "empty",
                            "half",
                            "long",
                            "flags",
                            "parameter");
            assertThat(floats(reader, "rows")).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
            assertThat(reader.tensor("transposed").shape()).containsExactly(4, 3);
            assertThat(floats(reader, "transposed")).containsExactly(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11);
            assertThat(floats(reader, "column")).containsExactly(1, 5, 9);
            assertThat(floats(reader, "tail")).containsExactly(10, 11);
            assertThat(reader.tensor("scalar").shape()).isEmpty();
            assertThat(bytes(reader, "scalar").getDouble()).isEqualTo(-0.5);
            assertThat(reader.tensor("empty").shape()).containsExactly(0, 5);
            assertThat(bytes(reader, "empty").remaining()).isZero();
            assertThat(reader.tensor("half").dtype()).isEqualTo(DType.F16);
            assertThat(bytes(reader, "half").getInt()).isEqualTo(0xC000_3E00);
            assertThat(bytes(reader, "long").getLong(8)).isEqualTo(1L << 40);
            assertThat(bytes(reader, "flags").array()).containsExactly(1, 0, 1);
            assertThat(floats(reader, "parameter")).containsExactly(7);
        }
    }

    @Test
    void read_typesThatStoragesDoNotName_takesThemFromTheTensor() throws IOException {
        try (TorchReader reader = TorchReader.open(MADE.resolve("float8.bin"))) {
            assertThat(reader.tensor("bytes").dtype()).isEqualTo(DType.F8_E4M3);
            assertThat(bytes(reader, "bytes").array()).containsExactly(0x38, 0xC0);
            assertThat(reader.tensor("bf16").dtype()).isEqualTo(DType.BF16);
        }
    }

    @Test
    void read_whatPytorchWrote_givesItsNumbers() throws IOException {
        try (TorchReader reader = TorchReader.open(PEFT)) {
            assertThat(reader.tensors()).hasSize(4);
            TensorEntry first = reader.tensor("base_model.model.fc1.lora_A.weight");
            assertThat(first.shape()).containsExactly(4, 8);
            assertThat(floats(reader, first.name())).startsWith(-0.54794693f, 0.22917739f, -0.42635924f, 0.14764899f);
        }
    }

    @Test
    void read_aPublishedCheckpoint_givesItsTensors() throws IOException {
        assumeTrue(Files.isRegularFile(MNLI), () -> "skipped: no file " + MNLI + " (-Dlora4j.shared=FOLDER)");
        try (TorchReader reader = TorchReader.open(MNLI)) {
            assertThat(reader.tensors()).hasSize(52);
            String first = "roberta.encoder.layer.0.attention.self.query.lora_A";
            assertThat(reader.tensor(first).shape()).containsExactly(8, 768);
            assertThat(floats(reader, first))
                    .startsWith(0.0104984427f, -0.0241887793f, 0.0761482790f, 0.0167538282f, 0.0015417729f);
            assertThat(floats(reader, "classifier.out_proj.bias"))
                    .containsExactly(-0.047125734f, 0.052593164f, -0.012944169f);
        }
    }

    @Test
    void tensors_contiguousAndStored_areReadInPlace() throws IOException {
        try (TorchReader reader = TorchReader.open(MADE.resolve("protocol-2.bin"))) {
            long start = reader.tensor("rows").position();

            assertThat(reader.tensor("tail").position()).isEqualTo(start + 40);
            assertThat(reader.tensor("column").position()).isEqualTo(TensorEntry.NOT_IN_ONE_PIECE);
            assertThat(reader.tensor("column")).hasToString("column F32[3]");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"protocol-2.bin", "deflated.bin"})
    void read_aPieceOfATensor_givesThatPiece(String file) throws IOException {
        try (TorchReader reader = TorchReader.open(MADE.resolve(file))) {
            ByteBuffer piece = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            reader.read(reader.tensor("transposed"), 8, piece);

            assertThat(piece.flip().getFloat()).isEqualTo(8);
            assertThat(piece.getFloat()).isEqualTo(1);
        }
    }

    @Test
    void read_beyondTheTensor_isRefused() throws IOException {
        try (TorchReader reader = TorchReader.open(MADE.resolve("protocol-2.bin"))) {
            TensorEntry tail = reader.tensor("tail");

            assertThatThrownBy(() -> reader.read(tail, 4, ByteBuffer.allocate(8)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected within its 8 bytes");
            assertThatThrownBy(() -> reader.tensor("tial")).hasMessageContaining("closest: \"tail\"");
        }
    }

    @Test
    void open_severalDictionariesOfTensors_asksForTheSection() throws IOException {
        Path file = MADE.resolve("two-sections.bin");

        assertThatThrownBy(() -> TorchReader.open(file))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("has tensors in \"model\", \"ema\"");
        try (TorchReader reader = TorchReader.open(file, "ema")) {
            assertThat(floats(reader, "rows")).containsExactly(1);
        }
    }

    @Test
    void open_aSectionThatIsNotThere_offersTheClosest() {
        assertThatThrownBy(() -> TorchReader.open(MADE.resolve("two-sections.bin"), "modle"))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining(
                        "no dictionary of tensors \"modle\" among \"model\", \"ema\"; closest: \"model\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"attack.bin", "attack-protocol-4.bin"})
    void open_aPickleThatCallsTheShell_namesTheCallAndExecutesNothing(String file) {
        assertThatThrownBy(() -> TorchReader.open(MADE.resolve(file)))
                .isExactlyInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("archive/data.pkl, byte")
                .hasMessageContaining("the pickle asks to call posix.system; refused, nothing was executed");
        assertThat(Path.of("executed")).doesNotExist();
    }

    @Test
    void open_sizesOf64Bits_areRead() throws IOException {
        byte[] pickle = new Pickled()
                .op('}')
                .text("w")
                .tensor("0", 1, 0, new long[] {1}, new long[] {1})
                .op('s')
                .end();
        byte[] number = {0, 0, (byte) 0x80, 0x3F};
        Path file = new Zipped()
                .large()
                .add("a/data.pkl", pickle)
                .add("a/data/0", number)
                .comment("a remark")
                .in(dir);

        try (TorchReader reader = TorchReader.open(file)) {
            assertThat(floats(reader, "w")).containsExactly(1);
        }
    }

    @Test
    void open_theFormatBefore16_saysHowToConvert() throws IOException {
        // The magic number of torch/serialization.py, 0x1950a86a20f9469cfc6c, as a pickle.
        byte[] legacy = HexFormat.of().parseHex("80028a0a6cfc9c46f9206aa850192e80024de9032e");
        Path file = Files.write(dir.resolve("old.bin"), legacy);

        assertThatThrownBy(() -> TorchReader.open(file))
                .isInstanceOf(UnsupportedAdapterVersionException.class)
                .hasMessageContaining("torch.save(torch.load(f, weights_only=True), f)");
    }

    @Test
    void open_aMissingFile_namesIt() {
        assertThatThrownBy(() -> TorchReader.open(dir.resolve("nowhere")))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("nowhere: no such file");
    }

    @Test
    void tensors_cannotBeChanged() throws IOException {
        try (TorchReader reader = TorchReader.open(MADE.resolve("protocol-2.bin"))) {
            Map<String, TensorEntry> tensors = reader.tensors();

            assertThat(tensors).contains(entry("rows", reader.tensor("rows")));
            assertThatThrownBy(tensors::clear).isInstanceOf(UnsupportedOperationException.class);
        }
    }
}
