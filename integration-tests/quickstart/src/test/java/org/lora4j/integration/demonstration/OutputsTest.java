/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.demonstration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.factory.Nd4j;

class OutputsTest {

    @TempDir
    private Path folder;

    @Test
    void sameBits_seesTheSmallestDifference_andTheSignOfZero() {
        assertThat(Outputs.sameBits(Nd4j.createFromArray(1f, 2f), Nd4j.createFromArray(1f, 2f)))
                .isTrue();
        assertThat(Outputs.sameBits(Nd4j.createFromArray(1f, 2f), Nd4j.createFromArray(1f, Math.nextUp(2f))))
                .isFalse();
        assertThat(Outputs.sameBits(Nd4j.createFromArray(0f), Nd4j.createFromArray(-0f)))
                .isFalse();
    }

    @Test
    void sameBits_ofOtherShapes_isFalse() {
        assertThat(Outputs.sameBits(Nd4j.ones(2, 3), Nd4j.ones(3, 2))).isFalse();
    }

    @Test
    void sameBits_doesNotMindTheOrderInMemory() {
        assertThat(Outputs.sameBits(
                        Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}}),
                        Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}}).dup('f')))
                .isTrue();
    }

    @Test
    void largestDifference_isAbsolute() {
        assertThat(Outputs.largestDifference(Nd4j.createFromArray(1f, 2f), Nd4j.createFromArray(2f, -1f)))
                .isEqualTo(3);
    }

    @Test
    void bytes_addsUpAFolder() throws IOException {
        Files.write(folder.resolve("a"), new byte[3]);
        Files.createDirectory(folder.resolve("b"));
        Files.write(folder.resolve("b/c"), new byte[4]);

        assertThat(ReportFile.bytes(folder)).isEqualTo(7);
    }

    @Test
    void number_thatIsNone_isNamed() {
        assertThatThrownBy(() -> new Arguments("folder", "many").number(1, "seed", 1, 42))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("seed = \"many\"; expected a whole number of at least 1.");
        assertThat(new Arguments("folder").number(1, "seed", 1, 42)).isEqualTo(42);
    }
}
