/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.internal.image.ResizerTest.FILES;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.ModelFormatException;

/** Files that Pillow wrote, against the pixels that it reads of them, and damaged ones. */
class ImageFileTest {

    /** Decoders of JPEG may round another way in each of two steps. */
    private static final int JPEG_ROUNDING = 3;

    @TempDir
    private Path folder;

    private static void assertRead(String name, JsonNode node) throws IOException {
        Pixels expected = ResizerTest.pixels(node);

        Pixels found = ImageFile.read(FILES.resolve(name));

        assertThat(found).as(name).hasToString(expected.toString());
        int allowed = name.endsWith(".jpg") ? JPEG_ROUNDING : 0;
        for (int i = 0; i < found.values().length; i++) {
            assertThat(Math.abs((found.values()[i] & 0xff) - (expected.values()[i] & 0xff)))
                    .as("%s, byte %d", name, i)
                    .isLessThanOrEqualTo(allowed);
        }
    }

    @Test
    void allEightOrientations_areShownUpright() throws IOException {
        JsonNode files = ResizerTest.json("oriented.json");
        assertThat(files).hasSize(16);
        for (Map.Entry<String, JsonNode> file : files.properties()) {
            assertRead(file.getKey(), file.getValue());
        }
    }

    @Test
    void everyKindOfFile_givesPillowsPixels() throws IOException {
        JsonNode files = ResizerTest.json("kinds.json");
        assertThat(files).hasSize(10);
        for (Map.Entry<String, JsonNode> file : files.properties()) {
            assertRead(file.getKey(), file.getValue());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rgb.png", "grey16.png", "palette.png", "rgb.jpg", "progressive.jpg"})
    void fileThatEndsEarly_isAnErrorWithItsName(String name) throws IOException {
        byte[] bytes = Files.readAllBytes(FILES.resolve(name));
        for (int length : new int[] {0, 1, 7, 12, 30, bytes.length / 2, bytes.length - 20}) {
            Path cut = Files.write(folder.resolve("cut-" + name), Arrays.copyOf(bytes, length));

            assertThatThrownBy(() -> ImageFile.read(cut))
                    .as("%d bytes of %s", length, name)
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContaining("cut-" + name);
        }
    }

    @Test
    void changedBytes_areAnErrorOrAnImageOfTheSameSize() throws IOException {
        for (String name : new String[] {"rgb.png", "oriented-6.png", "rgb.jpg", "oriented-5.jpg"}) {
            byte[] bytes = Files.readAllBytes(FILES.resolve(name));
            for (int at = 0; at < bytes.length; at += 3) {
                byte[] changed = bytes.clone();
                changed[at] ^= (byte) 0xff;
                Path file = Files.write(folder.resolve(name), changed);
                try {
                    assertThat(ImageFile.read(file).values()).isNotEmpty();
                } catch (ModelFormatException e) {
                    assertThat(e).hasMessageContaining(name);
                }
            }
        }
    }

    @Test
    void decompressionBomb_isRefusedByItsHeader() throws IOException {
        byte[] png = Files.readAllBytes(FILES.resolve("rgb.png"));
        ByteBuffer.wrap(png).putInt(16, 50_000).putInt(20, 60_000);
        Path bomb = Files.write(folder.resolve("bomb.png"), png);

        assertThatThrownBy(() -> ImageFile.read(bomb))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("bomb.png: its header says 50000 x 60000 pixels; expected")
                .hasMessageContaining("at most 89478485");
    }

    @Test
    void sizeBeyondAnInt_isRefusedByItsHeader() throws IOException {
        byte[] png = Files.readAllBytes(FILES.resolve("rgb.png"));
        ByteBuffer.wrap(png).putInt(16, -1).putInt(20, -1);
        Path bomb = Files.write(folder.resolve("bomb.png"), png);

        assertThatThrownBy(() -> ImageFile.read(bomb)).hasMessageContaining("4294967295 x 4294967295");
    }

    @Test
    void inksForPrinting_areRefusedInWords() {
        assertThatThrownBy(() -> ImageFile.read(FILES.resolve("cmyk.jpg")))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("cmyk.jpg: ")
                .hasMessageContaining("CMYK");
    }

    @Test
    void otherFormats_areRefusedInWords() throws IOException {
        Path gif = Files.writeString(folder.resolve("a.gif"), "GIF89a, and something behind it");

        assertThatThrownBy(() -> ImageFile.read(gif))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("a.gif: the file begins with no image that is known")
                .hasMessageContaining("a PNG or JPEG image");
        assertThatThrownBy(() -> ImageFile.read(folder.resolve("none.png"))).isInstanceOf(NoSuchFileException.class);
    }
}
