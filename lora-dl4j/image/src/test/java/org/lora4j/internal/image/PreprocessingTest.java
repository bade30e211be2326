/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.ModelFormatException;

/** What the processors of Transformers compute, step by step with Pillow and numpy: {@code images/make.py}. */
class PreprocessingTest {

    /** A rounding of FLOAT at most, of numbers up to some hundred. */
    private static final float ROUNDING = 1e-6f;

    @TempDir
    private Path folder;

    private Preprocessing read(String json) throws IOException {
        Path file = Files.writeString(folder.resolve(Preprocessing.FILE), json);
        return Preprocessing.read(file, ImageProcessor.VIT, 3);
    }

    @Test
    void everyProcessor_givesTheNumbersOfTransformers() throws IOException {
        for (JsonNode node : ResizerTest.json("prepared.json")) {
            Preprocessing preprocessing = read(node.path("config").toString());

            Pixels framed = preprocessing.framed(ResizerTest.pixels(node));
            float[] numbers = new float[framed.values().length];
            preprocessing.numbers(framed, numbers, 0);

            String name = node.path("name").asText();
            assertThat(preprocessing.heightAndWidth().orElseThrow())
                    .as(name)
                    .containsExactly(
                            node.path("shape").get(0).asInt(),
                            node.path("shape").get(1).asInt());
            float[] expected = new float[numbers.length];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = (float) node.path("numbers").get(i).asDouble();
            }
            assertThat(node.path("numbers")).as(name).hasSize(numbers.length);
            assertThat(numbers).as(name).containsExactly(expected, within(ROUNDING));
        }
    }

    @Test
    void fields_areReadBackAsTheyWere() throws IOException {
        for (JsonNode node : ResizerTest.json("prepared.json")) {
            Preprocessing first = read(node.path("config").toString());

            Preprocessing again = read(new ObjectMapper().writeValueAsString(first.fields()));

            assertThat(again).isEqualTo(first);
        }
    }

    @Test
    void fieldsThatCannotBeFollowed_areAllInOneMessage() {
        assertThatThrownBy(() -> read("{\"image_processor_type\": \"Owlv2ImageProcessor\", \"size\": {\"width\": 3},"
                        + " \"resample\": 9, \"do_normalize\": \"yes\", \"image_std\": [1, 0, 1],"
                        + " \"image_mean\": [0.5]}"))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(Preprocessing.FILE + ": 6 problems: image_processor_type is"
                        + " \"Owlv2ImageProcessor\", expected one of \"ViTImageProcessor\"")
                .hasMessageContaining("size is {width=3}, expected a number of pixels")
                .hasMessageContaining("resample is 9, expected a code of Pillow, 0 to 5")
                .hasMessageContaining("do_normalize is yes, expected true or false")
                .hasMessageContaining("image_mean is [0.5], expected 3 finite numbers")
                .hasMessageContaining("image_std has a 0, expected what can be divided by");
    }

    @Test
    void longestEdgeAlone_keepsTheShape() throws IOException {
        Preprocessing preprocessing = read("{\"size\": {\"longest_edge\": 10}}");

        Pixels framed = preprocessing.framed(new Pixels(40, 15, 3, new byte[1800]));

        assertThat(framed.width()).isEqualTo(10);
        assertThat(framed.height()).isEqualTo(3);
        assertThat(preprocessing.heightAndWidth()).isEmpty();
    }
}
