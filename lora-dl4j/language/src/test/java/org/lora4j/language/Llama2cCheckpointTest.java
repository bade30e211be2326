/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

class Llama2cCheckpointTest {

    @TempDir
    private Path folder;

    @Test
    void convert_putsRowsOfQueriesAndKeysInHalves_andKeepsEveryOtherRow() throws IOException {
        DecoderWeights weights = DecoderWeights.read(TinyLlama2c.convert(folder, true), WeightStorage.AS_STORED);

        // Rows 0, 2, 4 ... of a head of 16, then 1, 3, 5 ...
        INDArray queries = weights.array("model.layers.0.self_attn.q_proj.weight");
        int[] from = {0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15};
        for (int row = 0; row < TinyLlama2c.HIDDEN; row++) {
            int old = row / 16 * 16 + from[row % 16];
            assertThat(queries.getFloat(row, 5))
                    .isEqualTo(TinyLlama2c.weight(TinyLlama2c.BEFORE_QUERIES + (long) old * TinyLlama2c.HIDDEN + 5));
        }
        INDArray words = weights.array("model.embed_tokens.weight");
        assertThat(words.getFloat(7, 3)).isEqualTo(TinyLlama2c.weight(7 * TinyLlama2c.HIDDEN + 3));
        assertThat(weights.names()).doesNotContain("lm_head.weight");
    }

    @Test
    void convert_ofAHeadOfItsOwn_readsItBehindTheRotations() throws IOException {
        DecoderWeights weights = DecoderWeights.read(TinyLlama2c.convert(folder, false), WeightStorage.AS_STORED);

        long before = TinyLlama2c.checkpoint(true).length / 4 - 7 - TinyLlama2c.CONTEXT * TinyLlama2c.HEAD;
        assertThat(weights.config().tied()).isFalse();
        assertThat(weights.array("lm_head.weight").getFloat(0, 0)).isEqualTo(TinyLlama2c.weight(before));
    }

    @Test
    void convert_mergesByScore() throws IOException {
        Map<?, ?> model =
                (Map<?, ?>) JsonObjects.read(TinyLlama2c.convert(folder, true).resolve("tokenizer.json"))
                        .get("model");

        assertThat((Object) model.get("merges")).isEqualTo(List.of("▁ a", "a b", "▁a b", "▁ ab"));
        assertThat(((Map<?, ?>) model.get("vocab")).get("▁ab")).isEqualTo(261);
    }

    @Test
    void scores_areThoseOfTheFile() throws IOException {
        float[] scores = Llama2cCheckpoint.scores(Files.write(folder.resolve("tok"), TinyLlama2c.tokenizer()));

        assertThat(Arrays.copyOfRange(scores, 257, 263)).containsExactly(0, 0, 0, -1, -2, -3);
    }

    @Test
    void stories260k_areTheGoldenDirectory_toTheBit() throws IOException {
        Path shared = Path.of(System.getProperty("lora4j.shared", "shared"));
        Path golden = shared.resolve("fixtures/lm/models/stories260k");
        Path data = shared.resolve("data/stories260k");
        assumeTrue(Files.isDirectory(golden) && Files.isDirectory(data), "skipped: no stories260k");
        Path found = folder.resolve("stories260k");

        Llama2cCheckpoint.convert(data.resolve("stories260K.bin"), data.resolve("tok512.bin"), found);

        try (ModelWeights expected = ModelWeights.open(golden);
                ModelWeights converted = ModelWeights.open(found)) {
            assertThat(converted.names()).containsExactlyInAnyOrderElementsOf(expected.names());
            for (String name : expected.names()) {
                assertThat(converted.get(name)).as(name).isEqualTo(expected.get(name));
            }
        }
        for (String file : List.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")) {
            assertThat(JsonObjects.read(found.resolve(file)))
                    .as(file)
                    .isEqualTo(JsonObjects.read(golden.resolve(file)));
        }
        assertThat(JsonObjects.read(golden.resolve("config.json")))
                .containsAllEntriesOf(JsonObjects.read(found.resolve("config.json")));
    }

    static Stream<Arguments> damage() {
        return Stream.of(
                damaged("a file of 3 bytes", bytes -> Arrays.copyOf(bytes, 3), "the file has 3 bytes"),
                damaged(
                        "a byte less",
                        bytes -> Arrays.copyOf(bytes, bytes.length - 1),
                        "the file has " + (TinyLlama2c.checkpoint(true).length - 1) + " bytes, expected "
                                + TinyLlama2c.checkpoint(true).length),
                damaged("a byte more", bytes -> Arrays.copyOf(bytes, bytes.length + 1), "bytes, expected"),
                set("no layers", 2, 0, "n_layers"),
                set("a negative size", 0, -32, "dim"),
                set("three heads", 3, 3, "n_heads = 3, expected a divisor of dim = 32"),
                set("a head of an odd size", 3, 32, "that gives an even number"),
                set("keys that queries cannot share", 4, 3, "n_kv_heads = 3, expected a divisor of n_heads = 2"),
                set("no tokens", 5, 0, "vocab_size"),
                set("the smallest number of tokens", 5, Integer.MIN_VALUE, "vocab_size"),
                damaged(
                        "sizes beyond 64 bits",
                        bytes -> {
                            ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
                            List.of(0, 1, 2, 6).forEach(at -> header.putInt(4 * at, 0x7FFFFFF0));
                            return bytes;
                        },
                        "sizes that a file can have"),
                set("a newer version", 0, 0x616B3432, "a checkpoint of version 12; expected version 0"),
                set("NaN in a weight", 7, 0x7FC00000, "tensor model.embed_tokens.weight holds NaN"),
                damaged(
                        "another rotation",
                        bytes -> {
                            ByteBuffer.wrap(bytes)
                                    .order(ByteOrder.LITTLE_ENDIAN)
                                    .putFloat(bytes.length - 4, 0.5f);
                            return bytes;
                        },
                        "freq_cis_imag[4, 7] is 0.5"));
    }

    private static Arguments damaged(String what, UnaryOperator<byte[]> change, String message) {
        return arguments(what, change, message);
    }

    private static Arguments set(String what, int at, int number, String message) {
        return damaged(
                what,
                bytes -> {
                    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(4 * at, number);
                    return bytes;
                },
                message);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damage")
    void convert_ofADamagedCheckpoint_isRefused_andLeavesNothing(
            String what, UnaryOperator<byte[]> change, String message) throws IOException {
        Path checkpoint = Files.write(folder.resolve("d.bin"), change.apply(TinyLlama2c.checkpoint(true)));
        Path tokenizer = Files.write(folder.resolve("tok.bin"), TinyLlama2c.tokenizer());

        assertThatThrownBy(() -> Llama2cCheckpoint.convert(checkpoint, tokenizer, folder.resolve("out")))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("d.bin")
                .hasMessageContaining(message);
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactlyInAnyOrder(checkpoint, tokenizer);
        }
    }

    static Stream<Arguments> damagedTokenizers() {
        Consumer<ByteBuffer> negative = bytes -> bytes.putInt(8, -1);
        Consumer<ByteBuffer> longer = bytes -> bytes.putInt(8, 7);
        Consumer<ByteBuffer> noNumber = bytes -> bytes.putFloat(4, Float.NaN);
        Consumer<ByteBuffer> noText = bytes -> bytes.put(12, (byte) 0xFF);
        Consumer<ByteBuffer> another = bytes -> bytes.put(12, (byte) '[');
        Consumer<ByteBuffer> shortest = bytes -> bytes.putInt(0, 0);
        Consumer<ByteBuffer> twice = bytes -> bytes.put(bytes.capacity() - 1, (byte) 'b');
        return Stream.of(
                arguments("a negative length", negative, "token 0: -1 bytes"),
                arguments("a length above the longest", longer, "token 0: 7 bytes, expected 1 to 6"),
                arguments("a score of NaN", noNumber, "token 0: score NaN"),
                arguments("no UTF-8", noText, "token 0: bytes that are no UTF-8"),
                arguments("another first token", another, "token 0 is \"[unk>\", expected \"<unk>\""),
                arguments("no longest token", shortest, "the longest token has 0 bytes"),
                arguments("a token twice", twice, "token 265 is \"b\" once more"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damagedTokenizers")
    void convert_withADamagedTokenizer_isRefused(String what, Consumer<ByteBuffer> change, String message)
            throws IOException {
        byte[] bytes = TinyLlama2c.tokenizer();
        change.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));

        assertRefused(bytes, message);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 9, 4000})
    void convert_withATokenizerThatEnds_isRefused(int length) throws IOException {
        assertRefused(Arrays.copyOf(TinyLlama2c.tokenizer(), length), "");
    }

    @Test
    void convert_withATokenizerOfAnotherModel_isRefused() throws IOException {
        byte[] bytes = TinyLlama2c.tokenizer();

        // A token has 8 bytes before its text, and the last one a single byte.
        assertRefused(Arrays.copyOf(bytes, bytes.length - 9), "265 tokens; expected 266");
    }

    private void assertRefused(byte[] tokenizer, String message) throws IOException {
        Path checkpoint = Files.write(folder.resolve("tiny.bin"), TinyLlama2c.checkpoint(true));
        Path file = Files.write(folder.resolve("d.tok"), tokenizer);

        assertThatThrownBy(() -> Llama2cCheckpoint.convert(checkpoint, file, folder.resolve("out")))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("d.tok")
                .hasMessageContaining(message);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void convert_toADirectoryThatExists_isRefused() throws IOException {
        TinyLlama2c.convert(folder, true);

        assertThatThrownBy(() -> TinyLlama2c.convert(folder, true)).isInstanceOf(FileAlreadyExistsException.class);
    }
}
