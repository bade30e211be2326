/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Resizing against images that Pillow resized, by {@code images/make.py}, and against its formula by hand. */
class ResizerTest {

    static final Path FILES = Path.of("src", "test", "resources", "images");

    private static final ObjectMapper JSON = new ObjectMapper();

    static JsonNode json(String file) throws IOException {
        return JSON.readTree(FILES.resolve(file).toFile());
    }

    static Pixels pixels(JsonNode node) {
        byte[] values = Base64.getDecoder().decode(node.path("pixels").asText());
        return new Pixels(node.path("width").asInt(), node.path("height").asInt(), 3, values);
    }

    @Test
    void everyFilterAndSize_givesPillowsPixelsToTheBit() throws IOException {
        JsonNode file = json("resampled.json");

        assertThat(file.path("cases")).hasSize(84).allSatisfy(node -> {
            Pixels input = pixels(file.path("inputs").path(node.path("input").asText()));
            Pixels expected = pixels(node);
            Resampling filter = Resampling.valueOf(node.path("filter").asText());
            assertThat(input.resized(expected.width(), expected.height(), filter)
                            .values())
                    .as("%s by %s to %s", node.path("input").asText(), filter, expected)
                    .isEqualTo(expected.values());
        });
    }

    @Test
    void largerImages_giveTheSameBytesAsPillow() throws Exception {
        JsonNode cases = json("digests.json");
        assertThat(cases).hasSize(48);
        for (JsonNode node : cases) {
            Pixels input = formula(
                    node.path("from").get(0).asInt(), node.path("from").get(1).asInt());

            Pixels resized = input.resized(
                    node.path("to").get(0).asInt(),
                    node.path("to").get(1).asInt(),
                    Resampling.valueOf(node.path("filter").asText()));

            byte[] digest = MessageDigest.getInstance("SHA-256").digest(resized.values());
            assertThat(HexFormat.of().formatHex(digest))
                    .as("%s", node)
                    .isEqualTo(node.path("sha256").asText());
        }
    }

    /** As in {@code make.py}. */
    private static Pixels formula(int width, int height) {
        byte[] values = new byte[width * height * 3];
        for (int i = 0; i < values.length; i++) {
            int c = i % 3;
            int x = i / 3 % width;
            int y = i / 3 / width;
            values[i] = (byte) (x * x * 7 + y * y * 13 + x * y * 3 + c * 101 + (x * 31 ^ y * 17));
        }
        return new Pixels(width, height, 3, values);
    }

    @Test
    void bilinear_halvingFourPixels_weighsThreeOfThemByTheTriangle() {
        // Centers 1 and 3, support 2: pixels 0, 1, 2 at distances 0.5, 0.5, 1.5 of the first weigh 0.75, 0.75, 0.25
        // over 1.75.
        Pixels row = new Pixels(4, 1, 1, new byte[] {10, 20, 70, 40});

        Pixels half = row.resized(2, 1, Resampling.BILINEAR);

        // (7.5 + 15 + 17.5) / 1.75 = 22.86; (0.25 * 20 + 0.75 * 70 + 0.75 * 40) / 1.75 = 50
        assertThat(half.values()).containsExactly(23, 50);
    }

    @Test
    void bicubic_doublingAnEdge_isClippedAtBothEnds() {
        Pixels row = new Pixels(4, 1, 1, new byte[] {0, 0, (byte) 255, (byte) 255});

        Pixels wide = row.resized(8, 1, Resampling.BICUBIC);

        assertThat(wide.values()[2]).isZero();
        assertThat(wide.values()[5] & 0xff).isEqualTo(255);
    }

    @Test
    void codes_arePillows() {
        assertThat(Resampling.of(3)).contains(Resampling.BICUBIC);
        assertThat(Resampling.of(6)).isEmpty();
    }
}
