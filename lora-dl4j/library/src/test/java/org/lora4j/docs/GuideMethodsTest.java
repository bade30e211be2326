/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterLoader;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.C3aConfig;
import org.lora4j.config.DeloraConfig;
import org.lora4j.config.GraloraConfig;
import org.lora4j.config.HiraConfig;
import org.lora4j.config.Initialization;
import org.lora4j.config.KasaOptions;
import org.lora4j.config.LokrConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.MissConfig;
import org.lora4j.config.RandLoraConfig;
import org.lora4j.config.ShiraConfig;
import org.lora4j.config.VeraConfig;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

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

    @Test
    void gralora() throws IOException {
        GraloraConfig gralora = GraloraConfig.builder()
                .rank(8)
                .alpha(16)
                .blocks(2)
                .targetModules("dense1")
                .build();

        check(gralora);
    }

    @Test
    void delora() throws IOException {
        DeloraConfig delora = DeloraConfig.builder()
                .rank(8)
                .lambda(15)
                .targetModules("dense1")
                .build();

        check(delora);
    }

    @Test
    void c3a() throws IOException {
        C3aConfig c3a = C3aConfig.builder()
                .blockSize(2)
                .initialization(Initialization.KAIMING_UNIFORM)
                .targetModules("dense1")
                .build();

        check(c3a);
    }

    @Test
    void vera() throws IOException {
        VeraConfig vera = VeraConfig.builder().rank(64).targetModules("dense1").build();

        check(vera);
    }

    @Test
    void randLora() throws IOException {
        RandLoraConfig randLora = RandLoraConfig.builder()
                .rank(4)
                .alpha(80)
                .targetModules("dense1")
                .build();

        check(randLora);
    }

    @Test
    void adaLora() throws IOException {
        AdaLoraConfig adaLora = AdaLoraConfig.builder()
                .initialRank(12)
                .targetRank(8)
                .alpha(32)
                .schedule(30, 100, 10)
                .totalSteps(300)
                .targetModules("dense1", "dense2")
                .build();

        check(adaLora);
    }

    @Test
    void projectionsThatNoFileHolds() throws IOException {
        VeraConfig config = VeraConfig.builder()
                .rank(1)
                .saveProjection(false)
                .targetModules("dense1")
                .build();
        INDArray a = Nd4j.ones(1, 8);
        INDArray b = Nd4j.ones(16, 1);
        Map<String, INDArray> own =
                Map.of("vera_A", a, "vera_B", b, "vera_lambda_b", Nd4j.ones(16), "vera_lambda_d", Nd4j.ones(1));
        Adapter.of(config, Map.of("dense1", own), Map.of()).save(dir);

        Adapter adapter = AdapterLoader.of(dir)
                .tensors(Map.of("base_model.vera_A", a, "base_model.vera_B", b))
                .load();

        assertThat(adapter.unsavedTensors()).hasSize(2);
    }

    @Test
    void kasa() throws IOException {
        LoraConfig kasa = LoraConfig.builder()
                .rank(2)
                .kasa(new KasaOptions())
                .targetModules("dense1")
                .build();

        check(kasa);
    }

    private void check(AdapterConfig config) throws IOException {
        AdaptedSameDiff model = Lora.inject(UserGraph.create(), config, 1);

        model.adapter("default").save(dir);

        assertThat(Adapter.load(dir)).isEqualTo(model.adapter("default"));
    }
}
