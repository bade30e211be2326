/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureSheetTest {

    @TempDir
    private Path folder;

    @Test
    void save_writesTwelveAColumn_withRedGreenAndBlueInTheirPlaces() throws IOException {
        Path file = folder.resolve("sheet.png");
        PictureSheet sheet = new PictureSheet();
        sheet.row();
        sheet.add(1, 1, 0, 0);
        sheet.row();
        for (int i = 0; i < PictureSheet.COLUMNS + 1; i++) {
            sheet.add(1, 0, 0.2f, 1);
        }

        sheet.save(file);

        BufferedImage written = ImageIO.read(file.toFile());
        assertThat(written.getWidth()).isEqualTo(12 * 68 + 4);
        assertThat(written.getHeight()).isEqualTo(2 * 68 + 4);
        assertThat(written.getRGB(30, 30)).isEqualTo(0xffff0000);
        assertThat(written.getRGB(30, 100)).isEqualTo(0xff0033ff);
        assertThat(written.getRGB(1, 1)).isEqualTo(0xffffffff);
    }
}
