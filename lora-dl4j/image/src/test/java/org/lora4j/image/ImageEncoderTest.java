/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Directories of models, sound and otherwise. */
class ImageEncoderTest {

    private static final Path MODELS = Path.of("src", "test", "resources", "encoders");

    @TempDir
    private Path folder;

    @BeforeEach
    void copy() throws IOException {
        copy(MODELS.resolve("vit-interpolated"));
    }

    private void copy(Path model) throws IOException {
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(model.resolve(file), folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private void config(String from, String to) throws IOException {
        Path file = folder.resolve("config.json");
        String text = Files.readString(file);
        assertThat(text).contains(from);
        Files.writeString(file, text.replace(from, to));
    }

    @Test
    void vector_isThatOfTheGraphOverPreparedPixels_dividedByItsLength() throws IOException {
        Files.writeString(
                folder.resolve("preprocessor_config.json"),
                "{\"image_processor_type\": \"ViTImageProcessor\", \"size\": {\"height\": 24, \"width\": 16}}");
        byte[] values = new byte[24 * 16 * 3];
        for (int i = 0; i < values.length; i++) {
            values[i] = (byte) (i * 37);
        }
        try (ImageEncoder encoder = ImageEncoder.load(folder)) {
            INDArray pixels = Nd4j.create(1, 3, 24, 16);
            for (int i = 0; i < values.length; i++) {
                // (v / 255 - 0.5) / 0.5, red, green and blue side by side in the image and apart in the model.
                pixels.putScalar(new int[] {0, i % 3, i / 3 / 16, i / 3 % 16}, (values[i] & 0xff) / 127.5 - 1);
            }
            GraphExecutor graph = SameDiffExecutor.forInference(encoder.graph());
            INDArray pooled = graph.output(Map.of("pixel_values", pixels), List.of("pooled"))
                    .get("pooled");

            float[] vector = encoder.embed(Image.ofRgb(16, 24, values));

            INDArray unit = pooled.div(pooled.norm2Number());
            assertThat(vector).containsExactly(unit.toFloatVector(), within(1e-5f));
            assertThat(encoder.height()).isEqualTo(24);
            assertThat(encoder.width()).isEqualTo(16);
        }
    }

    @Test
    void sizeBetweenPatches_leavesOutWhatIsBesideTheLast() throws IOException {
        byte[] values = new byte[18 * 18];
        values[17] = 100;
        Files.writeString(folder.resolve("preprocessor_config.json"), "{\"size\": 18}");
        try (ImageEncoder encoder = ImageEncoder.load(folder)) {
            assertThat(encoder.embed(Image.ofGrey(18, 18, values)))
                    .isEqualTo(encoder.embed(Image.ofGrey(18, 18, new byte[18 * 18])));
        }
    }

    /** But those that ask for interpolation: a user takes the table of image_size as it is. */
    static List<Path> rectangular() throws IOException {
        try (Stream<Path> models = Files.list(MODELS.resolve("rectangular"))) {
            return models.filter(Files::isDirectory)
                    .filter(model -> !model.getFileName().toString().startsWith("asked-"))
                    .sorted()
                    .toList();
        }
    }

    /** Logits of {@code encoders/rectangular/make.py}, by the way that users go. */
    @ParameterizedTest
    @MethodSource("rectangular")
    void imagesThatAreNotSquare_goThroughTheDoor(Path model) throws IOException {
        copy(model);
        JsonNode size = new ObjectMapper()
                .readTree(model.resolve("golden.json").toFile())
                .at("/inputs/image_size");
        Files.writeString(
                folder.resolve("preprocessor_config.json"),
                "{\"image_processor_type\": \"ViTImageProcessor\", \"size\": " + size + "}");
        try (ImageEncoder encoder = ImageEncoder.load(folder);
                SafetensorsReader golden = SafetensorsReader.open(model.resolve("golden.safetensors"))) {
            INDArray pixels = read(golden, "pixel_values");

            INDArray logits = SameDiffExecutor.forInference(encoder.classifierGraph())
                    .output(Map.of("pixel_values", pixels), List.of("logits"))
                    .get("logits");

            assertThat(encoder.height()).isEqualTo(size.get(0).asInt());
            assertThat(encoder.width()).isEqualTo(size.get(1).asInt());
            assertThat(logits.ravel().toDoubleVector())
                    .containsExactly(read(golden, "logits").ravel().toDoubleVector(), within(2e-5));
        }
    }

    private static INDArray read(SafetensorsReader golden, String name) throws IOException {
        TensorEntry entry = golden.tensors().get(name);
        return ArrayBytes.read(golden, entry, ElementCodec.of(entry.dtype()).orElseThrow());
    }

    @ParameterizedTest
    @CsvSource({
        "vit-1x2, '[4, 8]', '[4, 8]', 4, 8",
        "deit-2x1, '[8, 4]', '[8, 4]', 8, 4",
        "dinov2-1x4, '[4, 16]', '[4, 16]', 4, 16",
        "convnext-1x2, 32, '[8, 16]', 8, 16"
    })
    void withoutItsFile_imagesGetHeightAndWidthOfTheModel(String model, String from, String to, int height, int width)
            throws IOException {
        copy(MODELS.resolve("rectangular").resolve(model));
        Path file = folder.resolve("config.json");
        String field = "\"image_size\": ";
        String text = Files.readString(file)
                .replaceAll("\\s+", " ")
                .replace("[ ", "[")
                .replace(" ]", "]");
        assertThat(text).contains(field + from);
        Files.writeString(file, text.replace(field + from, field + to));
        try (ImageEncoder encoder = ImageEncoder.load(folder)) {
            Image prepared = encoder.prepared(Image.ofGrey(40, 30, new byte[1200]));

            assertThat(encoder.height()).isEqualTo(height);
            assertThat(encoder.width()).isEqualTo(width);
            assertThat(prepared.height()).isEqualTo(height);
            assertThat(prepared.width()).isEqualTo(width);
        }
    }

    @Test
    void oblongTableWithAsManyPlacesAsASquare_isStretchedForNoOtherSize() throws IOException {
        config("\"image_size\": 16", "\"image_size\": [8, 32]");
        Files.writeString(folder.resolve("preprocessor_config.json"), "{\"size\": [24, 24]}");

        assertThatThrownBy(() -> ImageEncoder.load(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("preprocessor_config.json: images are prepared to 24 x 24 pixels, expected"
                        + " image_size = 8 x 32: only a square table of positions can be stretched");
    }

    @Test
    void withoutItsFile_imagesArePreparedForTheSizeOfTheModel() throws IOException {
        try (ImageEncoder encoder = ImageEncoder.load(folder)) {
            assertThat(encoder.height()).isEqualTo(16);
            assertThat(encoder.labels()).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
            assertThat(encoder.prepared(Image.ofGrey(3, 5, new byte[15])).width())
                    .isEqualTo(16);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    "model_type": "vit" | "model_type": "vitt" | closest: "vit"
                    "model_type": "vit" | "model_type": "bert" | expected one of "vit", "deit", "dinov2", "convnext"
                    "num_attention_heads": 4 | "num_attention_heads": 5 | hidden_size is 32, expected a multiple of num_attention_heads = 5
                    "patch_size": 4 | "patch_size": 20 | image_size is 16 x 16, expected at least patch_size = 20 x 20
                    "patch_size": 4 | "patch_size": 5 | position_embeddings" has the shape [1, 17, 32], expected [1, 10, 32] as patch_size = 5 x 5, which does not divide image_size = 16 x 16, in config.json say
                    "patch_size": 4 | "patch_size": [4, 2] | projection.weight" has the shape [32, 3, 4, 4], expected [32, 3, 4, 2] as num_channels = 3 and patch_size = 4 x 2 in config.json say
                    "image_size": 16 | "image_size": [16, 20] | position_embeddings" has the shape [1, 17, 32], expected [1, 21, 32] as patch_size = 4 x 4 and image_size = 16 x 20 in config.json say
                    "image_size": 16 | "image_size": [16, 20, 3] | image_size is "[16, 20, 3]", expected a whole number from 1 to 1048576, or a list of two, height and width
                    "num_channels": 3 | "num_channels": 4 | num_channels is 4, expected 1 or 3
                    "hidden_act": "gelu" | "hidden_act": "gelo" | hidden_act is "gelo", expected one of
                    "image_size": 16 | "image_size": "wide" | image_size is "wide", expected a whole number
                    "layer_norm_eps": 1e-12 | "layer_norm_eps": -1 | layer_norm_eps is "-1", expected a number of 0 or more
                    "1": "LABEL_1" | "1": "LABEL_0" | id2label has "LABEL_0" for 1, expected a text, each once
                    "intermediate_size": 64 | "intermediate_size": 48 | intermediate.dense.weight" has the shape [64, 32], expected [48, 32]
                    "num_hidden_layers": 2 | "num_hidden_layers": 3 | tensor "vit.encoder.layer.2.
                    "num_hidden_layers": 2 | "num_hidden_layers": 1000000 | it has 40 tensors, expected those of 1000000 layers
                    "num_hidden_layers": 2 | "num_hidden_layers": 1 | tensors that are not of this model: "vit.encoder.layer.1.
                    "2": "LABEL_2" | "2": "LABEL_2", "3": "LABEL_3" | classifier has 3 outputs, expected 4
                    """)
    void configThatDoesNotFit_isRefusedInWords(String from, String to, String words) throws IOException {
        config(from, to);

        assertThatThrownBy(() -> ImageEncoder.load(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(words);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {"size": 3} | images are prepared to 3 x 3 pixels, expected at least patch_size = 4 x 4
                    {"size": [16, 3]} | images are prepared to 16 x 3 pixels, expected at least patch_size = 4 x 4
                    {"size": [16, "3"]} | size is [16, 3], expected a number of pixels, a height and a width
                    {"size": 16000} | expected at most 16777216 pixels and 16384 patches
                    {"size": {"shortest_edge": 16}} | images keep their shape, expected one size for all
                    {"do_resize": false} | images keep their shape, expected one size for all
                    """)
    void preparedSizeThatDoesNotFit_isRefusedInWords(String file, String words) throws IOException {
        Files.writeString(folder.resolve("preprocessor_config.json"), file);

        assertThatThrownBy(() -> ImageEncoder.load(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(words);
    }
}
