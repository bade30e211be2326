/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.StorageType;
import org.lora4j.export.CausalLmExport;
import org.lora4j.export.ExportReport;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Every golden decoder written as a directory and read back: the same tensors, or those with an adapter by the formula. */
class CausalLmExportGoldenTest {

    private static final Path MODELS = Path.of(System.getProperty("lora4j.shared"), "fixtures/lm/models");

    @TempDir
    private Path folder;

    static List<Path> models() throws IOException {
        if (!Files.isDirectory(MODELS)) {
            return List.of(MODELS);
        }
        try (Stream<Path> models = Files.list(MODELS)) {
            return models.filter(Files::isDirectory).sorted().toList();
        }
    }

    private static void find() {
        assumeTrue(Files.isDirectory(MODELS), "skipped: no golden language models (-Dlora4j.shared=FOLDER)");
    }

    @ParameterizedTest
    @MethodSource("models")
    @Tag("thorough")
    void model_isReadBackAsItWas_withTheConfigToTheLetter(Path model) throws IOException {
        find();
        Path target = folder.resolve("written");

        ExportReport report = CausalLmExport.of(model).write(target);

        assertThat(report.changed()).isEmpty();
        assertThat(report.largestError()).isZero();
        assertSame(
                floats(DecoderWeights.read(target, WeightStorage.AS_STORED)),
                floats(DecoderWeights.read(model, WeightStorage.AS_STORED)),
                0);
        String type = "\"(torch_)?dtype\": \"\\w+\"";
        assertThat(Files.readString(target.resolve("config.json")).replaceAll(type, "dtype"))
                .isEqualTo(Files.readString(model.resolve("config.json")).replaceAll(type, "dtype"));
        assertThat(Files.readString(target.resolve("config.json"))).contains("dtype\": \"float32\"");
    }

    @ParameterizedTest
    @MethodSource("models")
    @Tag("thorough")
    void model_withAnAdapter_inSmallFiles_isReadBackMerged(Path model) throws IOException {
        find();
        Adapter adapter = Adapter.load(model.resolve("adapter-all"));
        Path target = folder.resolve("written");

        ExportReport report = CausalLmExport.of(model)
                .adapter(adapter)
                .type(StorageType.BF16)
                .shardBytes(6000)
                .write(target);

        assertThat(target.resolve("model.safetensors.index.json")).exists();
        assertThat(report.files().stream().filter(file -> file.matches("model-\\d{5}-of-\\d{5}\\.safetensors")))
                .hasSizeGreaterThan(1);
        Map<String, INDArray> expected = floats(DecoderWeights.read(model, WeightStorage.AS_STORED));
        boolean turned = adapter.config().fanInFanOut();
        List<String> changed = new ArrayList<>();
        adapter.modules().forEach((path, factors) -> {
            INDArray update = factors.get("lora_B.weight")
                    .mmul(factors.get("lora_A.weight"))
                    .mul(adapter.loraConfig().scalingOf(path));
            expected.get(path + ".weight").addi(turned ? update.transpose() : update);
            changed.add(path + ".weight");
        });
        assertThat(report.changed()).containsExactlyInAnyOrderElementsOf(changed);
        DecoderWeights read = DecoderWeights.read(target, WeightStorage.AS_STORED);
        assertThat(read.names()).anyMatch(name -> read.array(name).dataType() == DataType.BFLOAT16);
        // Half a unit in the last place of 8 bits, of numbers below 8.
        assertSame(floats(read), expected, Math.nextUp(report.largestError()) + 1e-6);
        assertThat(report.largestError()).isBetween(1e-6, 0.016);
    }

    private static Map<String, INDArray> floats(DecoderWeights weights) {
        Map<String, INDArray> floats = new LinkedHashMap<>();
        weights.names()
                .forEach(name -> floats.put(
                        name, weights.array(name).castTo(DataType.FLOAT).dup('c')));
        return floats;
    }

    private static void assertSame(Map<String, INDArray> found, Map<String, INDArray> expected, double tolerance) {
        assertThat(found.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
        expected.forEach((name, array) -> {
            assertThat(found.get(name).shape()).as(name).isEqualTo(array.shape());
            double largest = found.get(name)
                    .castTo(DataType.FLOAT)
                    .sub(array)
                    .amaxNumber()
                    .doubleValue();
            assertThat(largest).as(name).isCloseTo(0, within(tolerance));
        });
    }
}
