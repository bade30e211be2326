/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
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
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LokrConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.MissConfig;
import org.lora4j.config.RandLoraConfig;
import org.lora4j.config.ShiraConfig;
import org.lora4j.config.VeraConfig;
import org.lora4j.quant.Quantization;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.LoftqStart;
import org.lora4j.samediff.LoraStart;
import org.lora4j.samediff.StartedAdapter;
import org.lora4j.serve.AdapterServer;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.weights.AdapterConversion;
import org.lora4j.weights.ConvertedAdapter;
import org.lora4j.weights.ModelWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** The examples of docs/methods.md. */
class GuideMethodsTest {

    @TempDir
    Path dir;

    @Test
    void loha() throws IOException {
        LohaConfig loha = LohaConfig.builder()
                .rank(4)
                .alpha(8)
                .rankDropout(0.1)
                .targetModules("dense1")
                .build();

        check(loha);
    }

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

    @Test
    void serveAsLora() throws Exception {
        SameDiff graph = UserGraph.create();
        AdaptedSameDiff model = Lora.inject(
                graph,
                MissConfig.builder().rank(4).targetModules("dense1", "dense2").build(),
                1);
        model.activate("default");
        Trainer.builder(model)
                .plan(TrainingPlan.builder().steps(4).optimizer(AdamW.of(1e-2)).build())
                .build()
                .train(Batches.inOrder(batches()));
        Path directory = dir;
        INDArray examples = batches().get(0).placeholders().get("input");
        AdapterServer server = AdapterServer.builder(graph)
                .outputs("scores")
                .example(Map.of("input", examples))
                .build();

        ConvertedAdapter lora =
                AdapterConversion.of(model.adapter("default")).energy(0.99).on(ModelWeights.of(model));
        double lost = lora.largestError();
        lora.adapter().save(directory);
        server.register("task", directory);

        assertThat(lost).isLessThan(1e-6);
        assertThat(lora.ranks()).isEqualTo(Map.of("dense1", 4, "dense2", 4));
        INDArray served = server.output(Map.of("input", examples), Collections.nCopies((int) examples.size(0), "task"))
                .get("scores");
        INDArray expected = model.output(Map.of("input", examples), "scores").get("scores");
        assertThat(served.equalsWithEps(expected, 1e-5)).isTrue();
    }

    @Test
    void starts() {
        SameDiff graph = UserGraph.create();
        LoraConfig config = LoraConfig.builder()
                .rank(4)
                .alpha(8)
                .targetModules("dense1", "dense2")
                .build();
        List<Batch> batches = batches();

        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        StartedAdapter eva = LoraStart.eva().withRho(2).of(model, config, batches);
        model.startAdapter("eva", eva);
        StartedAdapter lessForgotten = LoraStart.cordaForKnowledge().of(model, config, batches);
        model.startAdapter("corda", lessForgotten);
        LoftqStart loftq = LoftqStart.of(graph, config, Quantization.nf4(), 5);
        AdaptedSameDiff quantized = AdaptedSameDiff.of(loftq.base().graph());
        quantized.startAdapter("loftq", loftq.start());

        assertThat(eva.givenUp()).isEmpty();
        assertThat(lessForgotten.givenUp()).containsOnlyKeys("dense1", "dense2");
        assertThat(model.adapter("corda").loraConfig().rank()).isEqualTo(8);
        assertThat(quantized.adapterNames()).containsExactly("loftq");
    }

    private static List<Batch> batches() {
        DataSet examples = UserGraph.examples(1);
        return List.of(Batch.of(
                Map.of("input", examples.getFeatures(), "labels", examples.getLabels()), examples.numExamples()));
    }

    private void check(AdapterConfig config) throws IOException {
        AdaptedSameDiff model = Lora.inject(UserGraph.create(), config, 1);

        model.adapter("default").save(dir);

        assertThat(Adapter.load(dir)).isEqualTo(model.adapter("default"));
    }
}
