/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.ModelFormatException;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;

class CheckpointTest {

    @TempDir
    private Path directory;

    /** A file of tensors of one byte each, whose value is the letter that they are called by. */
    private void write(String file, String... names) throws IOException {
        List<TensorSource> tensors = Stream.of(names)
                .map(name -> TensorSource.of(
                        name, DType.U8, new long[] {1}, ByteBuffer.wrap(new byte[] {(byte) name.charAt(0)})))
                .toList();
        SafetensorsWriter.write(directory.resolve(file), tensors, Map.of());
    }

    private void index(String weightMap) throws IOException {
        Files.writeString(directory.resolve(Checkpoint.INDEX), "{\"metadata\": {}, \"weight_map\": " + weightMap + "}");
    }

    private static byte read(Checkpoint checkpoint, String name) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        checkpoint.read(checkpoint.tensor(name), 0, one);
        return one.get(0);
    }

    @Test
    void singleFile_isReadWithoutIndex() throws IOException {
        write("model.safetensors", "a", "b");

        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("a", "b");
            assertThat(checkpoint.source()).isEqualTo(directory.resolve("model.safetensors"));
            assertThat(read(checkpoint, "b")).isEqualTo((byte) 'b');
        }
    }

    @Test
    void shards_areReadAsOne() throws IOException {
        write("m-1.safetensors", "a", "c");
        write("m-2.safetensors", "b");
        index("{\"a\": \"m-1.safetensors\", \"b\": \"m-2.safetensors\", \"c\": \"m-1.safetensors\"}");

        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("a", "b", "c");
            assertThat(read(checkpoint, "b")).isEqualTo((byte) 'b');
            assertThat(read(checkpoint, "c")).isEqualTo((byte) 'c');
        }
    }

    @Test
    void singleFile_goesBeforeAnIndex() throws IOException {
        write("model.safetensors", "a");
        index("{\"b\": \"missing.safetensors\"}");

        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("a");
        }
    }

    @Test
    void read_ofAnUnknownTensor_offersTheClosest() throws IOException {
        write("model.safetensors", "embeddings");

        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> read(checkpoint, "embedding"))
                    .withMessageContaining("no tensor \"embedding\" among 1; closest: \"embeddings\"");
        }
    }

    @Test
    void open_whenIndexAndShardsDisagree_namesEveryTensor() throws IOException {
        write("m-1.safetensors", "a", "b", "x");
        write("m-2.safetensors", "c");
        index("{\"a\": \"m-1.safetensors\", \"b\": \"m-2.safetensors\", \"c\": \"m-2.safetensors\","
                + " \"d\": \"m-1.safetensors\"}");

        assertThatThrownBy(() -> Checkpoint.open(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(directory.resolve(Checkpoint.INDEX) + ": 4 problems:"
                        + " tensor \"b\" is in \"m-1.safetensors\", expected in \"m-2.safetensors\" by the index;"
                        + " tensor \"x\" is in \"m-1.safetensors\", expected in no file by the index;"
                        + " tensor \"b\" is not in \"m-2.safetensors\", where the index has it;"
                        + " tensor \"d\" is not in \"m-1.safetensors\", where the index has it."
                        + " Index and shards are of different models: get all files again.");
    }

    @Test
    void open_whenShardsAreMissing_namesThem() throws IOException {
        write("m-1.safetensors", "a");
        index("{\"a\": \"m-1.safetensors\", \"b\": \"m-2.safetensors\", \"c\": \"m-3.safetensors\"}");

        assertThatThrownBy(() -> Checkpoint.open(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("2 problems: shard \"m-2.safetensors\" is missing, expected it beside the index;"
                        + " shard \"m-3.safetensors\" is missing");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"../secret.safetensors\"",
                "\"/etc/secret.safetensors\"",
                "\"folder/m.safetensors\"",
                "\"..\\\\m.safetensors\"",
                "\"C:m.safetensors\"",
                "\".safetensors\"",
                "\"m.bin\"",
                "\"a\\u0000.safetensors\"",
                "7",
                "null",
                "[]"
            })
    void open_whenAShardIsNoFileBesideTheIndex_refusesIt(String shard) throws IOException {
        index("{\"a\": " + shard + "}");

        assertThatThrownBy(() -> Checkpoint.open(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("tensor \"a\" is in the file \"")
                .hasMessageContaining("expected the name of a safetensors file beside the index");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "[]", "null", "\"m.safetensors\""})
    void open_whenTheIndexMapsNothing_saysSo(String weightMap) throws IOException {
        index(weightMap);

        assertThatThrownBy(() -> Checkpoint.open(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("weight_map is ")
                .hasMessageContaining("expected an object that maps each tensor to its file");
    }

    @Test
    void open_ofATruncatedShard_namesTheFile() throws IOException {
        write("m-1.safetensors", "a");
        write("m-2.safetensors", "b");
        index("{\"a\": \"m-1.safetensors\", \"b\": \"m-2.safetensors\"}");
        Path damaged = directory.resolve("m-2.safetensors");
        byte[] bytes = Files.readAllBytes(damaged);
        Files.write(damaged, Arrays.copyOf(bytes, bytes.length - 1));

        assertThatThrownBy(() -> Checkpoint.open(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasCauseInstanceOf(CorruptAdapterException.class)
                .hasMessageStartingWith(damaged.toString());
    }

    @Test
    void open_ofAPickle_saysHowToSaveIt() throws IOException {
        Files.write(directory.resolve("pytorch_model.bin"), new byte[] {1});

        assertThatThrownBy(() -> Checkpoint.open(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(directory + ": holds \"pytorch_model.bin\" and no model.safetensors; expected"
                        + " model.safetensors. Load and save the model again in Python:"
                        + " model.save_pretrained(directory, safe_serialization=True).");
    }

    @Test
    void open_ofAnEmptyDirectory_namesWhatIsMissing() {
        assertThatThrownBy(() -> Checkpoint.open(directory))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("no such file, and no model.safetensors.index.json");
    }

    @Test
    void open_ofNoDirectory_saysSo() {
        assertThatThrownBy(() -> Checkpoint.open(directory.resolve("nowhere")))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("no such directory");
    }
}
