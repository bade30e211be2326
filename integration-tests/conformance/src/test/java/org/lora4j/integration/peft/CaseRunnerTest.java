/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.integration.peft.cases.Tensors;
import org.nd4j.linalg.factory.Nd4j;

/** The harness finds what is wrong: cases that were sound are spoiled in one place. */
class CaseRunnerTest {

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource({
        "lora-mlp-basic, y_base, y_base",
        "lora-mlp-basic, y_adapter, y_adapter",
        "lora-mlp-basic, y_merged, y_merged",
        "lora-mlp-basic, merged.fc1.weight, merged weights: fc1.weight",
        "lora-mlp-basic, merged.fc1.weight, merged weights of the network: fc1.weight",
        "lora-mlp-basic, loss, loss",
        "lora-mlp-basic, grad., gradients",
        "lora-conv2d-1x1, grad., gradients",
        "lora-embedding, grad., gradients",
        "multi-two-adapters, y.default+other, active sets: default+other",
        "multi-two-adapters, y.disabled, active sets: disabled",
        "multi-two-adapters, y.mixed, active sets: mixed",
        "multi-modules-to-save, merged.fc3.weight, merged weights: fc3.weight",
        "init-default, y_init, y_init",
        "init-pissa, resid., residual",
        "init-pissa, init., start values",
        "train-mlp-sgd, grad0., grad0",
        "train-mlp-sgd, losses, losses: step 1",
        "train-mlp-sgd, step1., steps: step1.",
        "train-mlp-adamw, step3., steps: step3.",
        "train-mlp-adamw, start., steps: step1.",
        "combine-svd, delta., combined updates",
        "convert-pissa-to-lora, trained., merged weights before the conversion",
    })
    void run_whenAnExpectedValueIsOff_failsAndNamesTheCheck(String name, String prefix, String check)
            throws IOException {
        CaseResult result =
                DoctoredCase.of(name, temporary).spoil("io.safetensors", prefix).run();

        assertThat(result.status()).as(result.line()).isEqualTo(Status.FAILED);
        assertThat(result.reason()).contains(check);
    }

    @Test
    void run_whenAWeightOfTheAdapterIsOff_fails() throws IOException {
        CaseResult result = DoctoredCase.of("lora-mlp-basic", temporary)
                .spoil("adapter_model.safetensors", "base_model.model.fc2.lora_B")
                .run();

        assertThat(result.status()).isEqualTo(Status.FAILED);
        assertThat(result.reason()).contains("merged weights: fc2.weight", "y_adapter");
    }

    @Test
    void run_whenAWeightChangesThatPeftDidNotChange_fails() throws IOException {
        CaseResult result = DoctoredCase.of("lora-mlp-basic", temporary)
                .withoutTensor("io.safetensors", "merged.fc2.weight")
                .run();

        assertThat(result.status()).isEqualTo(Status.FAILED);
        assertThat(result.reason()).contains("merged weights: fc2.weight", "merged weights of the network: fc2.weight");
    }

    @Test
    void run_whenTheModelIsUnknown_checksTheFilesAndSaysSo() throws IOException {
        CaseResult result = DoctoredCase.of("lora-mlp-basic", temporary)
                .about(about -> about.put("model", "resnet"))
                .run();

        assertThat(result.status()).isEqualTo(Status.PASSED);
        assertThat(result.reason()).isEqualTo("network not built: unknown model 'resnet'");
        assertThat(result.checks())
                .extracting(Check::name)
                .containsExactly("load", "saved tensors", "saved config", "saved adapter read again", "merged weights");
    }

    @Test
    void run_whenAnAttentionIsWiredInNoWayThatIsKnown_checksTheRest() throws IOException {
        CaseResult result = DoctoredCase.of("lora-mlp-basic", temporary)
                .about(about -> about.put("model", "attnnet"))
                .withTensor("base.safetensors", "attn.in_proj_weight", Nd4j.ones(24, 8))
                .withTensor("base.safetensors", "attn.out_proj.weight", Nd4j.ones(8, 8))
                .run();

        assertThat(result.status()).as(result.line()).isEqualTo(Status.PASSED);
        assertThat(result.reason()).isEqualTo("network not built: unknown model 'attnnet'");
    }

    @Test
    void run_whenTheBaseCannotBeHad_isUnsupportedWithTheReason() throws IOException {
        CaseResult result = DoctoredCase.of("init-pissa-niter-4", temporary).run();

        assertThat(result.status()).isEqualTo(Status.UNSUPPORTED);
        assertThat(result.reason()).contains("init_lora_weights = \"pissa_niter_4\"");
    }

    @Test
    void run_whenARequiredCaseIsRefused_fails() throws IOException {
        CaseResult result = DoctoredCase.of("init-pissa-niter-4", temporary)
                .about(about -> about.put("family", "lora-linear"))
                .run();

        assertThat(result.status()).isEqualTo(Status.FAILED);
        assertThat(result.reason()).startsWith("not supported, but required: ").contains("pissa_niter_4");
    }

    @Test
    void run_whenAMalformedCaseIsSound_fails() throws IOException {
        CaseResult result = DoctoredCase.of("lora-mlp-basic", temporary)
                .about(about -> about.put("family", "malformed").put("expect", "reject"))
                .run();

        assertThat(result.status()).isEqualTo(Status.FAILED);
        assertThat(result.reason()).contains("loaded and applied without a refusal, expected: reject");
    }

    @Test
    void run_whenAMalformedCaseExpectsTheUnknown_fails() throws IOException {
        CaseResult result = DoctoredCase.of("bad-nan", temporary)
                .about(about -> about.put("expect", "repair"))
                .run();

        assertThat(result.status()).isEqualTo(Status.FAILED);
        assertThat(result.reason()).contains("\"repair\" is unknown to the harness");
    }

    @Test
    void run_whenAdaptersAreOnlyInSubFoldersAndNotListed_findsThem() throws IOException {
        CaseResult result = DoctoredCase.of("multi-named-subfolder", temporary)
                .about(about -> about.remove("adapters"))
                .run();

        assertThat(result.status()).as(result.line()).isEqualTo(Status.PASSED);
        assertThat(result.checks()).extracting(Check::name).contains("gradients");
    }

    @Test
    void run_whenTheDescriptionIsMissing_fails() throws IOException {
        DoctoredCase golden = DoctoredCase.of("lora-mlp-basic", temporary);
        Files.delete(golden.folder().resolve("case.json"));

        CaseResult result = golden.run();

        assertThat(result.status()).isEqualTo(Status.FAILED);
        assertThat(result.reason()).contains("no case.json");
    }

    @Test
    void run_whenExpectedValuesAreMissing_fails() throws IOException {
        DoctoredCase golden = DoctoredCase.of("lora-mlp-basic", temporary);
        Files.delete(golden.folder().resolve("io.safetensors"));

        CaseResult result = golden.run();

        assertThat(result.status()).isEqualTo(Status.FAILED);
        assertThat(result.reason()).contains("io.safetensors has no \"x\"");
    }

    @Test
    void run_whenTheOptimizerIsNotOurs_isUnsupportedWithItsName() throws IOException {
        CaseResult result = DoctoredCase.of("train-lorafa", temporary)
                .about(about -> about.put("optimizer", "Riemannian AdamW"))
                .run();

        assertThat(result.status()).isEqualTo(Status.UNSUPPORTED);
        assertThat(result.reason()).contains("Riemannian AdamW");
    }

    @Test
    void run_whenNumbersOfTheCaseAreUnknown_saysThatTheyWereNotChecked() throws IOException {
        DoctoredCase golden = DoctoredCase.of("lora-mlp-r1", temporary);
        var tensors = Tensors.read(golden.folder().resolve("io.safetensors"));
        tensors.put("y_quantum", tensors.get("y_base"));
        Tensors.write(golden.folder().resolve("io.safetensors"), tensors);

        CaseResult result = golden.run();

        assertThat(result.reason()).isEqualTo("not checked, unknown to the harness: [y_quantum]");
    }
}
