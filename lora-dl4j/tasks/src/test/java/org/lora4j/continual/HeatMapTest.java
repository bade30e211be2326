/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeatMapTest {

    private static final double[][] ACCURACY = {{1, 0.5}, {0.25, 0}};

    private static HeatMap map() {
        return HeatMap.of(ForgettingReport.of(List.of("travel", "a much longer name"), ACCURACY), "Title");
    }

    @Test
    void color_isThatOfTheMapAtItsFiveStops_andBetweenThem() {
        assertThat(HeatMap.color(0)).isEqualTo(new Color(0x440154));
        assertThat(HeatMap.color(0.25)).isEqualTo(new Color(0x3b528b));
        assertThat(HeatMap.color(0.5)).isEqualTo(new Color(0x21918c));
        assertThat(HeatMap.color(1)).isEqualTo(new Color(0xfde725));
        // Halfway between (0x5e, 0xc9, 0x62) and (0xfd, 0xe7, 0x25).
        assertThat(HeatMap.color(0.875)).isEqualTo(new Color(174, 216, 68));
    }

    @Test
    void color_ofNoAccuracy_isRefused() {
        assertThatThrownBy(() -> HeatMap.color(Double.NaN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("accuracy = NaN");
    }

    @Test
    void image_hasTheColorOfEachAccuracyInItsCell() {
        HeatMap map = map();

        BufferedImage image = map.image();

        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                // Inside of the frame, outside of the number.
                int x = map.x(j) + 4;
                int y = map.y(i) + HeatMap.CELL_HEIGHT - 5;
                assertThat(new Color(image.getRGB(x, y))).isEqualTo(HeatMap.color(ACCURACY[i][j]));
            }
        }
        assertThat(image.getWidth()).isGreaterThan(map.x(2));
        assertThat(image.getHeight()).isGreaterThan(map.y(2));
    }

    @Test
    void image_framesTheTimeRightAfterLearning() {
        HeatMap map = map();

        BufferedImage image = map.image();

        assertThat(new Color(image.getRGB(map.x(0) + 1, map.y(0) + 10))).isEqualTo(Color.BLACK);
        assertThat(new Color(image.getRGB(map.x(1) + 1, map.y(0) + 10))).isEqualTo(HeatMap.color(0.5));
    }

    @Test
    void image_hasLettersInEveryCell() {
        HeatMap map = map();

        BufferedImage image = map.image();

        Color background = HeatMap.color(0.25);
        int letters = 0;
        for (int x = map.x(0) + 5; x < map.x(1) - 5; x++) {
            for (int y = map.y(1) + 5; y < map.y(2) - 5; y++) {
                letters += image.getRGB(x, y) == background.getRGB() ? 0 : 1;
            }
        }
        assertThat(letters).isBetween(20, 400);
    }

    @Test
    void save_writesAPngThatHasTheSamePixels(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("map.png");
        HeatMap map = map();

        map.save(file);

        BufferedImage read = ImageIO.read(file.toFile());
        BufferedImage drawn = map.image();
        assertThat(read.getWidth()).isEqualTo(drawn.getWidth());
        assertThat(read.getRGB(0, 0, read.getWidth(), read.getHeight(), null, 0, read.getWidth()))
                .isEqualTo(drawn.getRGB(0, 0, drawn.getWidth(), drawn.getHeight(), null, 0, drawn.getWidth()));
    }
}
