/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.image.PixelChanges;
import org.lora4j.internal.image.Pixels;

class AugmentationTest {

    private static Image noise() {
        byte[] values = new byte[3 * 24 * 16];
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < values.length; i++) {
            values[i] = (byte) random.nextInt(256);
        }
        return Image.ofRgb(24, 16, values);
    }

    @Test
    void sameSeed_givesTheSamePixels_andLeavesTheImage() {
        Image image = noise();
        byte[] before = image.rgb();

        Image one = Augmentation.PHOTOGRAPHS.apply(image, 7);

        assertThat(one).isEqualTo(Augmentation.PHOTOGRAPHS.apply(image, 7));
        assertThat(one).isNotEqualTo(Augmentation.PHOTOGRAPHS.apply(image, 8));
        assertThat(image.rgb()).isEqualTo(before);
    }

    @Test
    void none_givesTheImage() {
        assertThat(Augmentation.NONE.apply(noise(), 1)).isEqualTo(noise());
    }

    @Test
    void flip_mirrorsHalfOfTheImages() {
        Image image = Image.ofGrey(3, 1, new byte[] {1, 2, 3});
        Image mirrored = Image.ofGrey(3, 1, new byte[] {3, 2, 1});
        Augmentation flip = new Augmentation(true, 1, 0, 0);

        long turned = LongStream.range(0, 200)
                .filter(seed -> flip.apply(image, seed).equals(mirrored))
                .count();

        assertThat(turned).isBetween(70L, 130L);
    }

    @Test
    void crop_takesAtLeastItsShare() {
        Augmentation crop = new Augmentation(false, 0.5, 0, 0);
        LongStream.range(0, 50).forEach(seed -> {
            Image part = crop.apply(noise(), seed);
            // A row and a column may be lost to rounding.
            assertThat((part.width() + 1) * (part.height() + 1)).isGreaterThanOrEqualTo(24 * 16 / 2);
            assertThat(part.width()).isLessThanOrEqualTo(24);
        });
    }

    @Test
    void quarterTurnOfASquare_movesItsCorners() {
        Pixels square = new Pixels(2, 2, 1, new byte[] {1, 2, 3, 4});

        // Against the clock: the right column becomes the upper row.
        assertThat(PixelChanges.turned(square, 90).values()).containsExactly(2, 4, 1, 3);
        assertThat(PixelChanges.turned(square, 0)).isEqualTo(square);
    }

    @Test
    void numbersOutOfRange_areAllInOneMessage() {
        assertThatThrownBy(() -> new Augmentation(true, 0, 200, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Augmentation: 3 problems: smallestCrop = 0.0")
                .hasMessageContaining("rotation = 200.0")
                .hasMessageContaining("color = 1.0");
    }
}
