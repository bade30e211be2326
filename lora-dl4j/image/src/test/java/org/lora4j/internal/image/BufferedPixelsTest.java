/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images of the JDK of every type as plain pixels. */
class BufferedPixelsTest {

    @ParameterizedTest
    @ValueSource(
            ints = {
                BufferedImage.TYPE_INT_RGB,
                BufferedImage.TYPE_INT_ARGB,
                BufferedImage.TYPE_INT_ARGB_PRE,
                BufferedImage.TYPE_INT_BGR,
                BufferedImage.TYPE_3BYTE_BGR,
                BufferedImage.TYPE_4BYTE_ABGR,
                BufferedImage.TYPE_4BYTE_ABGR_PRE
            })
    void colors_areTakenAsTheyAre(int type) {
        BufferedImage image = new BufferedImage(2, 1, type);
        image.setRGB(0, 0, 0xff0a141e);
        image.setRGB(1, 0, 0xffc8d2dc);

        assertThat(BufferedPixels.of(image).values()).containsExactly(10, 20, 30, (byte) 200, (byte) 210, (byte) 220);
    }

    @Test
    void grey_isNotMadeBrighter() {
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_GRAY);
        image.getRaster().setSample(0, 0, 0, 100);
        image.getRaster().setSample(1, 0, 0, 255);

        assertThat(BufferedPixels.of(image).values())
                .containsExactly(100, 100, 100, (byte) 255, (byte) 255, (byte) 255);
    }

    @Test
    void sixteenBits_loseTheirLowerHalf() {
        BufferedImage image = new BufferedImage(1, 1, BufferedImage.TYPE_USHORT_GRAY);
        image.getRaster().setSample(0, 0, 0, 0x64ff);

        assertThat(BufferedPixels.of(image).values()).containsExactly(100, 100, 100);
    }

    @Test
    void palettesAndPackedColors_areLookedUp() {
        BufferedImage palette = new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_INDEXED);
        palette.setRGB(0, 0, 0xffffffff);
        BufferedImage packed = new BufferedImage(1, 1, BufferedImage.TYPE_USHORT_565_RGB);
        packed.setRGB(0, 0, 0xffff0000);

        assertThat(BufferedPixels.of(palette).values()).containsExactly(-1, -1, -1);
        assertThat(BufferedPixels.of(packed).values()).containsExactly(-1, 0, 0);
    }

    @Test
    void partOfAnImage_isThatPart() {
        BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_3BYTE_BGR);
        image.setRGB(2, 1, 0x010203);

        assertThat(BufferedPixels.of(image.getSubimage(2, 1, 1, 1)).values()).containsExactly(1, 2, 3);
    }
}
