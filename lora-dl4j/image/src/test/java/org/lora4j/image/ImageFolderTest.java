/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.ModelFormatException;

class ImageFolderTest {

    private static final Path FILES = Path.of("src", "test", "resources", "images");

    @TempDir
    private Path folder;

    private void copy(String name, String label, String as) throws IOException {
        Path directory = Files.createDirectories(folder.resolve(label));
        Files.copy(FILES.resolve(name), directory.resolve(as));
    }

    @Test
    void folders_areLabels_inTheOrderOfNames() throws IOException {
        copy("rgb.png", "b", "2.PNG");
        copy("grey.jpg", "b", "1.jpeg");
        copy("oriented-6.jpg", "a", "x.jpg");
        Files.writeString(folder.resolve("a").resolve("notes.txt"), "no image");
        Files.writeString(folder.resolve("a").resolve(".hidden.png"), "no image");
        Files.writeString(folder.resolve("classes.png"), "beside the folders");

        List<LabeledImage> images = LabeledImage.folder(folder);

        assertThat(images).extracting(LabeledImage::labels).containsExactly(List.of("a"), List.of("b"), List.of("b"));
        assertThat(images.get(0).image()).isEqualTo(Image.read(FILES.resolve("oriented-6.jpg")));
        assertThat(images.get(2).image()).isEqualTo(Image.read(FILES.resolve("rgb.png")));
    }

    @Test
    void imagesThatAreShrunk_keepTheirShape() throws IOException {
        copy("oriented-1.png", "a", "1.png");
        copy("rgb.png", "a", "2.png");

        List<LabeledImage> images = LabeledImage.folder(folder, 16);

        // 40 x 64 becomes 10 x 16, 12 x 9 is not larger.
        assertThat(images).extracting(one -> one.image().toString()).containsExactly("Image[10 x 16]", "Image[12 x 9]");
        assertThatThrownBy(() -> LabeledImage.folder(folder, 0)).hasMessageContaining("longestEdge = 0");
    }

    @Test
    void damagedImages_areAllInOneMessage() throws IOException {
        copy("rgb.png", "a", "good.png");
        Files.writeString(folder.resolve("a").resolve("one.png"), "x");
        Files.writeString(folder.resolve("a").resolve("two.jpg"), "y");

        assertThatThrownBy(() -> LabeledImage.folder(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("2 problems: ")
                .hasMessageContaining("one.png")
                .hasMessageContaining("two.jpg");
    }

    @Test
    void folderWithoutImages_saysWhatWasExpected() throws IOException {
        Files.createDirectory(folder.resolve("empty"));

        assertThatThrownBy(() -> LabeledImage.folder(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("no folder in it has an image; expected a folder for each label");
    }
}
