/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.format.peft.PeftKey;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters that PEFT made compute here what PEFT computed with them. */
class PeftGoldenTest {

    static List<String> cases() {
        return List.of(
                "config-minimal",
                "config-unknown-keys",
                "convert-pissa-to-lora",
                "dora-bert-qv",
                "dora-embedding",
                "dora-mlp",
                "dora-mlp-bias-modules-to-save",
                "dora-mlp-rank-pattern",
                "ia3-conv2d-stride",
                "ia3-mlp",
                "init-default",
                "init-false",
                "init-gaussian",
                "init-olora",
                "init-orthogonal",
                "init-pissa",
                "loha-mlp-patterns",
                "lora-bert-all-linear",
                "lora-bert-all-linear-seqcls",
                "lora-bert-default-targets",
                "lora-bert-qv",
                "lora-bert-qv-mask",
                "lora-bert-seqcls",
                "lora-bert-word-embeddings",
                "lora-conv1d",
                "lora-conv2d-1x1",
                "lora-conv2d-3x3-1x1",
                "lora-conv2d-grouped",
                "lora-conv2d-stride-padding",
                "lora-embedding",
                "lora-embedding-and-linear",
                "lora-gpt2-fan-flag-corrected",
                "lora-mlp-alpha-pattern",
                "lora-mlp-basic",
                "lora-mlp-bias-all",
                "lora-mlp-bias-all-modules-to-save",
                "lora-mlp-bias-lora-only",
                "lora-mlp-dropout-config",
                "lora-mlp-lora-bias",
                "lora-mlp-modules-to-save",
                "lora-mlp-r1",
                "lora-mlp-r8-alpha32",
                "lora-mlp-rank-pattern",
                "lora-mlp-rslora",
                "lora-mlp-stored-bf16",
                "lora-mlp-stored-f16",
                "lora-mlp-zero-init",
                "lora-seq-numeric-names",
                "lora-stack-exclude-list",
                "lora-stack-rank-pattern-suffix",
                "lora-stack-regex-target",
                "lora-stack-suffix-target",
                "lora-target-parameters-3d",
                "lora-trainable-token-indices",
                "lora-twostack-layers-pattern",
                "lora-twostack-layers-to-transform",
                "multi-named-subfolder");
    }

    /** One of each method, of each kind of module, and of what a file may hold beside factors. */
    static List<String> representatives() {
        return List.of(
                "dora-mlp-bias-modules-to-save",
                "ia3-mlp",
                "loha-mlp-patterns",
                "lora-bert-all-linear-seqcls",
                "lora-conv1d",
                "lora-conv2d-stride-padding",
                "lora-embedding",
                "lora-gpt2-fan-flag-corrected",
                "lora-target-parameters-3d",
                "lora-trainable-token-indices");
    }

    static List<String> representativesWithGradients() {
        return representatives().stream().filter(PeftGoldenTest::hasGradients).toList();
    }

    static List<String> representativesThatPeftMerges() {
        return representatives().stream().filter(PeftGoldenTest::isMerged).toList();
    }

    private static boolean hasGradients(String name) {
        return PeftCase.open(name).io.keySet().stream().anyMatch(key -> key.startsWith("grad."));
    }

    private static boolean isMerged(String name) {
        return PeftCase.open(name).io.containsKey("y_merged");
    }

    /** The tests below for every case, which the conformance tests of both hosts run too. */
    @Tag("thorough")
    @ParameterizedTest
    @MethodSource("cases")
    void everyCase_isReadComputedMergedTrainedAndSavedAsInPeft(String name, @TempDir Path folder) throws IOException {
        load_givesPeftsOutputs(name);
        adapter_ofALoadedFile_isTheFile(name);
        adapter_savedAndLoadedAgain_givesTheSameOutput(name, folder);
        if (isMerged(name)) {
            mergeAndUnload_givesPeftsWeights(name);
        }
        if (hasGradients(name)) {
            gradients_arePefts(name);
        }
    }

    @ParameterizedTest
    @MethodSource("representatives")
    void load_givesPeftsOutputs(String name) throws IOException {
        PeftCase golden = PeftCase.open(name);

        AdaptedSameDiff model = DefaultAdapter.saved(AdaptedSameDiff.of(golden.graph), golden.adapter());

        golden.assertClose(model.output(golden.inputs(), "y").get("y"), golden.expected("y_adapter", ""));
        model.disable();
        golden.assertClose(model.output(golden.inputs(), "y").get("y"), golden.io.get("y_base"));
    }

    @ParameterizedTest
    @MethodSource("representativesThatPeftMerges")
    void mergeAndUnload_givesPeftsWeights(String name) throws IOException {
        PeftCase golden = PeftCase.open(name);
        AdaptedSameDiff model = DefaultAdapter.saved(AdaptedSameDiff.of(golden.graph), golden.adapter());

        SameDiff merged = model.mergeAndUnload();

        golden.assertClose(merged.output(golden.inputs(), "y").get("y"), golden.io.get("y_merged"));
        List<String> compared = new ArrayList<>();
        for (GraphParameter parameter : GraphParameter.of(golden.graph, model.modules())) {
            INDArray expected = golden.expected("merged", "." + parameter.path());
            if (expected != null) {
                INDArray found = merged.getVariable(parameter.variable()).getArr();
                boolean ofConv1D = expected.rank() == 2
                        && model.adapter("default").config().fanInFanOut();
                golden.assertClose(ofConv1D ? found : parameter.toPeft(found), expected);
                compared.add("merged." + parameter.path());
            }
        }
        assertThat(compared)
                .containsExactlyInAnyOrderElementsOf(golden.io.keySet().stream()
                        .filter(key -> key.startsWith("merged."))
                        .toList());
    }

    @Test
    void load_ofAnAdapterForAnotherBase_namesTheDirectoryAndWhatDiffers() {
        PeftCase golden = PeftCase.open("lora-embedding");
        Path foreign = PeftCase.open("lora-mlp-basic").directory;

        assertThatThrownBy(() -> DefaultAdapter.saved(AdaptedSameDiff.of(golden.graph), foreign))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("lora-mlp-basic")
                .hasMessageContaining("module \"fc1\" of the adapter is not in the graph; closest: \"fc\"");
    }

    @ParameterizedTest
    @MethodSource("representatives")
    void adapter_ofALoadedFile_isTheFile(String name) throws IOException {
        PeftCase golden = PeftCase.open(name);
        Adapter file = Adapter.load(golden.adapter());

        Adapter adapter = DefaultAdapter.saved(AdaptedSameDiff.of(golden.graph), golden.adapter())
                .adapter("default");

        assertThat(adapter).isEqualTo(file);
    }

    @ParameterizedTest
    @MethodSource("representativesWithGradients")
    void gradients_arePefts(String name) throws IOException {
        PeftCase golden = PeftCase.open(name);
        AdaptedSameDiff model = DefaultAdapter.saved(AdaptedSameDiff.of(golden.graph), golden.adapter());
        model.setTrainable("default", true);

        LossAndGradients step = model.executor().gradients(golden.inputs(), 1);

        Map<String, INDArray> found = PeftGradients.of(model.live("default"), step.gradients());
        for (String key : golden.io.keySet()) {
            // PEFT also trains the copies of a bias that it does not use.
            if (key.startsWith("grad.") && !(PeftKeys.parse(key.substring(5)) instanceof PeftKey.Copy)) {
                assertThat(found).containsKey(key.substring(5));
                golden.assertClose(found.get(key.substring(5)), golden.expected("grad", key.substring(4)));
            }
        }
        golden.assertClose(Nd4j.createFromArray((float) step.loss()), golden.io.get("loss"));
    }

    @ParameterizedTest
    @MethodSource("representatives")
    void adapter_savedAndLoadedAgain_givesTheSameOutput(String name, @TempDir Path folder) throws IOException {
        PeftCase golden = PeftCase.open(name);
        AdaptedSameDiff model = DefaultAdapter.saved(AdaptedSameDiff.of(golden.graph), golden.adapter());

        model.adapter("default").save(folder.resolve("adapter"));
        AdaptedSameDiff again = DefaultAdapter.saved(AdaptedSameDiff.of(golden.graph), folder.resolve("adapter"));

        Map<String, INDArray> inputs = golden.inputs();
        Graphs.assertSameValues(
                again.output(inputs, "y").get("y"), model.output(inputs, "y").get("y"));
    }
}
