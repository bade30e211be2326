/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.vehicles;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lora4j.integration.datasets.SignScene;
import org.lora4j.integration.datasets.SignSet;
import org.lora4j.integration.datasets.TrafficSigns;

/** Pictures of all sixty signs, and the network that learns them, untrained. */
class SignSetTest {

    private static TrafficSigns drawings;

    @BeforeAll
    static void read() throws IOException {
        drawings = TrafficSigns.read(Path.of("src/main/resources/org/lora4j/examples/traffic-signs/signs-60.zip"));
    }

    @Test
    void drawings_areSixtySignsInTwoDesigns() {
        assertThat(drawings.signs()).hasSize(60).contains("regulatory--stop", "warning--tunnel");
        assertThat(drawings.drawings()).containsOnlyKeys("g1", "g2");
        assertThat(drawings.drawings().values())
                .allSatisfy(all -> assertThat(all).hasSize(60));
    }

    @Test
    void of_theSameSeed_isTheSame_andOfAnotherAnother() {
        SignSet first = SignSet.of(drawings, SignScene.DAY, 2, 7);

        assertThat(first.signs()).hasSize(120);
        assertThat(IntStream.of(first.signs()).filter(sign -> sign == 5).count())
                .isEqualTo(2);
        assertThat(first.pictures())
                .usingRecursiveComparison()
                .isEqualTo(SignSet.of(drawings, SignScene.DAY, 2, 7).pictures());
        assertThat(first.pictures().get(0))
                .isNotEqualTo(
                        SignSet.of(drawings, SignScene.DAY, 2, 8).pictures().get(0));
    }

    @Test
    void pictures_areFrom0To1_andDarkerByNight() {
        assertThat(mean(SignScene.NIGHT)).isLessThan(0.5 * mean(SignScene.DAY));
        for (SignScene scene : SignScene.values()) {
            for (float[] picture : SignSet.of(drawings, scene, 1, 1).pictures()) {
                assertThat(picture).hasSize(3 * 32 * 32);
                for (float value : picture) {
                    assertThat(value).isBetween(0f, 1f);
                }
            }
        }
    }

    private static double mean(SignScene scene) {
        return SignSet.of(drawings, scene, 1, 1).features().meanNumber().doubleValue() / 4 + 0.5;
    }

    @Test
    void network_saysProbabilitiesOfAllSigns_andHasLooksOfEveryPicture() {
        SignSet set = SignSet.of(drawings, SignScene.RAIN, 1, 1);
        MultiLayerNetwork network = SignNetwork.create(60, 1e-3, 2, 1);

        assertThat(SignNetwork.said(network, set).sum(1).meanNumber().doubleValue())
                .isBetween(0.999, 1.001);
        assertThat(SignNetwork.vectors(network, set)[0]).hasSize(128);
        // The vectors, and mean and deviation of 3, 24 and 48 channels.
        assertThat(SignNetwork.looks(network, set).shape()).containsExactly(60, 128 + 2 * (3 + 24 + 48));
        assertThat(set.hits(set.signs())).containsOnly(1);
        assertThat(set.features().shape()).containsExactly(60, 3, 32, 32);
    }
}
