/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.HiraConfig;
import org.lora4j.config.LokrConfig;
import org.lora4j.config.MissConfig;
import org.lora4j.config.ShiraConfig;
import org.lora4j.samediff.AdaptedSameDiff;

/** The examples of docs/methods.md. */
class GuideMethodsTest {

    @TempDir
    Path dir;

    @Test
    void lokr() throws IOException {
        LokrConfig lokr = LokrConfig.builder()
                .rank(4)
                .alpha(8)
                .decomposeFactor(4)
                .targetModules("dense1")
                .build();

        check(lokr);
    }

    @Test
    void miss() throws IOException {
        MissConfig miss = MissConfig.builder().rank(16).targetModules("dense1").build();

        check(miss);
    }

    @Test
    void hira() throws IOException {
        HiraConfig hira = HiraConfig.builder()
                .rank(16)
                .dropout(0.05)
                .targetModules("dense1")
                .build();

        check(hira);
    }

    @Test
    void shira() throws IOException {
        ShiraConfig shira =
                ShiraConfig.builder().rank(2).targetModules("dense1").build();

        check(shira);
    }

    private void check(AdapterConfig config) throws IOException {
        AdaptedSameDiff model = Lora.inject(UserGraph.create(), config, 1);

        model.adapter("default").save(dir);

        assertThat(Adapter.load(dir)).isEqualTo(model.adapter("default"));
    }
}
