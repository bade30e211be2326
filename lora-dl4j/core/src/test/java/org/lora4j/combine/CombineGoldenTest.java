/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Every case of PEFT's add_weighted_adapter that there is, with PEFT's numbers. */
class CombineGoldenTest {

    private static final Path CASES = Path.of("src/test/resources/peft");

    static List<Path> cases() throws IOException {
        try (Stream<Path> folders = Files.list(CASES)) {
            return folders.filter(folder -> folder.getFileName().toString().startsWith("combine-"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void cases_areThere() throws IOException {
        assertThat(cases()).hasSizeGreaterThanOrEqualTo(8);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void combine_inTheCompatibleMode_givesPeftsUpdates(Path folder) throws IOException {
        JsonNode golden = json(folder);
        Map<String, INDArray> io = read(folder.resolve("io.safetensors"));

        Adapter found = combined(folder, golden, io).combine();

        List<String> keys =
                io.keySet().stream().filter(key -> key.startsWith("delta.")).toList();
        assertThat(keys).hasSameSizeAs(found.modules().keySet()).isNotEmpty();
        for (String key : keys) {
            INDArray delta = AdapterAlgebra.deltaWeight(found, key.substring("delta.".length()));
            assertClose(key, delta, io.get(key), golden.get("tolerance"));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void combine_inTheCompatibleMode_givesPeftsConfigAndShapes(Path folder) throws IOException {
        JsonNode golden = json(folder);
        Map<String, INDArray> io = read(folder.resolve("io.safetensors"));
        Adapter expected = Adapter.load(folder.resolve(golden.get("result").asText()));

        Adapter found = combined(folder, golden, io).combine();

        LoraConfig config = expected.loraConfig();
        assertThat(found.config()).isEqualTo(config);
        assertThat(found.extras()).isEqualTo(expected.extras());
        assertThat(found.modules().keySet()).isEqualTo(expected.modules().keySet());
        found.modules()
                .forEach((path, tensors) -> tensors.forEach((suffix, array) -> assertThat(array.shape())
                        .as(path + suffix)
                        .isEqualTo(expected.modules().get(path).get(suffix).shape())));
    }

    private static Combine combined(Path folder, JsonNode golden, Map<String, INDArray> io) throws IOException {
        List<String> names = new ArrayList<>();
        golden.get("adapters").forEach(name -> names.add(name.asText()));
        List<Adapter> adapters = new ArrayList<>();
        for (String name : names) {
            adapters.add(Adapter.load(folder.resolve(name)));
        }
        List<Double> weights = new ArrayList<>();
        golden.get("weights").forEach(weight -> weights.add(weight.asDouble()));
        Combine combine = Combine.of(adapters)
                .weights(weights.stream().mapToDouble(Double::doubleValue).toArray())
                .algorithm(CombineAlgorithm.valueOf(
                        golden.get("combination_type").asText().toUpperCase(Locale.ROOT)))
                .peftCompatible();
        JsonNode args = golden.get("args");
        if (args.has("density")) {
            combine.density(args.get("density").asDouble());
        }
        if (args.has("svd_clamp")) {
            combine.clampQuantile(args.get("svd_clamp").asDouble());
        }
        if (golden.has("mask_order")) {
            combine.masks((module, part, adapter) ->
                    io.get("mask." + module + "." + part.peftName() + "." + names.get(adapter)));
        }
        return combine;
    }

    private static JsonNode json(Path folder) throws IOException {
        return new ObjectMapper().readTree(folder.resolve("case.json").toFile());
    }

    private static Map<String, INDArray> read(Path file) throws IOException {
        Map<String, INDArray> arrays = new TreeMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (TensorEntry entry : reader.tensors().values()) {
                if (entry.dtype() == org.lora4j.format.DType.F32) {
                    ByteBuffer bytes = reader.map(entry, 0, (int) entry.byteCount());
                    float[] values = new float[bytes.remaining() / Float.BYTES];
                    bytes.asFloatBuffer().get(values);
                    arrays.put(entry.name(), Nd4j.create(values, entry.shape(), 'c'));
                }
            }
        }
        return arrays;
    }

    private static void assertClose(String key, INDArray found, INDArray expected, JsonNode tolerance) {
        assertThat(found.shape()).as(key).isEqualTo(expected.shape());
        float[] a = found.dup('c').data().asFloat();
        float[] b = expected.dup('c').data().asFloat();
        for (int i = 0; i < a.length; i++) {
            assertThat((double) Math.abs(a[i] - b[i]))
                    .as(key + ", element " + i)
                    .isLessThanOrEqualTo(tolerance.get("atol").asDouble()
                            + tolerance.get("rtol").asDouble() * Math.abs(b[i]));
        }
    }
}
