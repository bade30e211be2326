/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.exec.LossAndGradients;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Adapters that PEFT made compute here what PEFT computed with them. */
class PeftGoldenTest {

    /** The tolerance that the cases state. */
    private static final double ABSOLUTE = 1e-5;

    private static final double RELATIVE = 1e-4;

    static List<Arguments> cases() {
        return List.of(
                mlp("lora-mlp-basic"),
                mlp("lora-mlp-r1"),
                mlp("lora-mlp-r8-alpha32"),
                mlp("lora-mlp-rslora"),
                mlp("lora-mlp-rank-pattern"),
                mlp("lora-mlp-alpha-pattern"),
                mlp("lora-mlp-bias-all"),
                mlp("lora-mlp-bias-lora-only"),
                mlp("lora-mlp-modules-to-save"),
                mlp("lora-mlp-bias-all-modules-to-save"),
                mlp("lora-mlp-stored-bf16"),
                embedding("lora-embedding"),
                embedding("lora-embedding-and-linear"),
                bert("lora-bert-qv"),
                bert("lora-bert-qv-mask"),
                bert("lora-bert-all-linear"),
                bert("lora-bert-all-linear-seqcls"),
                bert("lora-bert-word-embeddings"),
                convolutions("lora-conv1d", new int[] {1, 1}, new int[] {1, 0}),
                convolutions("lora-conv2d-1x1", new int[] {1, 0}),
                convolutions("lora-conv2d-3x3-1x1", new int[] {1, 1}, new int[] {1, 0}),
                convolutions("lora-conv2d-stride-padding", new int[] {2, 1}, new int[] {1, 2}));
    }

    private static Arguments mlp(String name) {
        return of(name, () -> PeftCase.mlp(name));
    }

    private static Arguments embedding(String name) {
        return of(name, () -> PeftCase.embedding(name));
    }

    private static Arguments bert(String name) {
        return of(name, () -> PeftCase.bert(name));
    }

    private static Arguments convolutions(String name, int[]... geometry) {
        return of(name, () -> PeftCase.convolutions(name, geometry));
    }

    private static Arguments of(String name, Supplier<PeftCase> golden) {
        return Arguments.of(org.junit.jupiter.api.Named.of(name, golden));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void load_givesPeftsOutputs(Supplier<PeftCase> supplier) throws IOException {
        PeftCase golden = supplier.get();

        AdaptedSameDiff model = Lora.load(golden.graph, golden.directory);

        assertClose(model.output(golden.inputs(), "y").get("y"), golden.io.get("y_adapter"));
        model.disable();
        assertClose(model.output(golden.inputs(), "y").get("y"), golden.io.get("y_base"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void mergeAndUnload_givesPeftsWeights(Supplier<PeftCase> supplier) throws IOException {
        PeftCase golden = supplier.get();
        AdaptedSameDiff model = Lora.load(golden.graph, golden.directory);

        SameDiff merged = model.mergeAndUnload();

        assertClose(merged.output(golden.inputs(), "y").get("y"), golden.io.get("y_merged"));
        int compared = 0;
        for (GraphParameter parameter : GraphParameter.of(golden.graph, model.modules())) {
            INDArray expected = golden.io.get("merged." + parameter.path());
            if (expected != null) {
                INDArray found = merged.getVariable(parameter.variable()).getArr();
                assertClose(parameter.toPeft(found), expected);
                compared++;
            }
        }
        long expectedWeights = golden.io.keySet().stream()
                .filter(key -> key.startsWith("merged."))
                .count();
        assertThat(compared).isEqualTo((int) expectedWeights).isPositive();
    }

    @Test
    void load_ofAnAdapterForAnotherBase_namesTheDirectoryAndWhatDiffers() {
        PeftCase golden = PeftCase.embedding("lora-embedding");
        Path foreign = PeftCase.mlp("lora-mlp-basic").directory;

        assertThatThrownBy(() -> Lora.load(golden.graph, foreign))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("lora-mlp-basic")
                .hasMessageContaining("module \"fc1\" of the adapter is not in the graph; closest: \"fc\"");
    }

    @Test
    void adapter_ofALoadedFile_keepsTheFieldsOfTheFile() throws IOException {
        PeftCase golden = PeftCase.mlp("lora-mlp-basic");
        Adapter file = Adapter.load(golden.directory);

        Adapter adapter = Lora.load(golden.graph, golden.directory).adapter("default");

        assertThat(adapter).isEqualTo(file);
        assertThat(file.extras()).isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradients_arePefts(Supplier<PeftCase> supplier) throws IOException {
        PeftCase golden = supplier.get();
        AdaptedSameDiff model = Lora.load(golden.graph, golden.directory);
        model.setTrainable("default", true);

        LossAndGradients step = model.executor().gradients(golden.inputs(), 1);

        int compared = 0;
        for (GraphModule module : model.modules()) {
            for (String factor : List.of("lora_A", "lora_B", "lora_embedding_A", "lora_embedding_B")) {
                INDArray found = step.gradients().get(module.path() + "." + factor + ".default");
                String key = "grad.base_model.model." + module.path() + "." + factor;
                INDArray expected = golden.io.getOrDefault(key + ".weight", golden.io.get(key));
                if (expected != null) {
                    assertClose(module.factorLayout().toPeft(found, module.shape()), expected);
                    compared++;
                }
            }
        }
        assertThat(compared).isPositive();
        assertClose(org.nd4j.linalg.factory.Nd4j.scalar((float) step.loss()).reshape(1), golden.io.get("loss"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void adapter_savedAndLoadedAgain_givesTheSameOutput(Supplier<PeftCase> supplier, @TempDir Path folder)
            throws IOException {
        PeftCase golden = supplier.get();
        AdaptedSameDiff model = Lora.load(golden.graph, golden.directory);

        model.adapter("default").save(folder.resolve("adapter"));
        AdaptedSameDiff again = Lora.load(golden.graph, folder.resolve("adapter"));

        Map<String, INDArray> inputs = golden.inputs();
        Graphs.assertSameValues(
                again.output(inputs, "y").get("y"), model.output(inputs, "y").get("y"));
    }

    private static void assertClose(INDArray found, INDArray expected) {
        assertThat(found.shape()).isEqualTo(expected.shape());
        double[] a = found.dup('c')
                .castTo(org.nd4j.linalg.api.buffer.DataType.DOUBLE)
                .data()
                .asDouble();
        double[] b = expected.dup('c')
                .castTo(org.nd4j.linalg.api.buffer.DataType.DOUBLE)
                .data()
                .asDouble();
        for (int i = 0; i < a.length; i++) {
            assertThat(Math.abs(a[i] - b[i]))
                    .as("element " + i)
                    .isLessThanOrEqualTo(ABSOLUTE + RELATIVE * Math.abs(b[i]));
        }
    }
}
