/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Intruder dimensions and their reduction against PEFT's {@code reduce_intruder_dimension}. */
class IntruderGoldenTest {

    private static final Path CASES = Path.of("src/test/resources/intruders");

    @TempDir
    Path dir;

    private Map<String, Object> asked;
    private Adapter adapter;
    private Map<String, INDArray> base;
    private Map<String, INDArray> io;
    private double atol;
    private double rtol;

    static List<String> cases() throws IOException {
        try (Stream<Path> folders = Files.list(CASES)) {
            return folders.filter(Files::isDirectory)
                    .map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @BeforeEach
    void allCasesAreThere() throws IOException {
        assertThat(cases()).hasSize(6);
    }

    private void read(String name) throws IOException {
        Path folder = CASES.resolve(name);
        asked = JsonObjects.read(folder.resolve("case.json"));
        adapter = Adapter.load(folder);
        base = tensors(folder.resolve("base.safetensors"));
        io = tensors(folder.resolve("io.safetensors"));
        atol = number("atol");
        rtol = number("rtol");
    }

    private static Map<String, INDArray> tensors(Path file) throws IOException {
        try (ModelWeights weights = ModelWeights.open(file)) {
            return weights.names().stream()
                    .filter(weights::isFloatingPoint)
                    .collect(Collectors.toMap(name -> name, weights::get));
        }
    }

    private double number(String key) {
        return ((Number) asked.get(key)).doubleValue();
    }

    private IntruderDimensions intruders() {
        return IntruderDimensions.of(adapter)
                .topK((int) number("top_k"))
                .epsilon(number("threshold_epsilon"))
                .lambda(number("mitigation_lambda"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void on_findsTheCosinesValuesAndIntrudersOfPeft(String name) throws IOException {
        read(name);
        ModelWeights weights = ModelWeights.of(base);

        IntruderReport found = intruders().on(weights);
        IntruderReport whole = intruders().topK(1_000).on(weights);

        Map<String, Integer> counts = new TreeMap<>();
        found.modules()
                .forEach(module -> counts.put(module.path(), module.intruders().size()));
        assertThat(counts).isEqualTo(asked.get("counts"));
        for (ModuleIntruders module : whole.modules()) {
            assertNear(module.path(), io.get("cosine." + module.path()), module.cosines());
            assertNear(module.path(), io.get("singular." + module.path()), module.singularValues());
        }
        for (ModuleIntruders module : found.modules()) {
            assertThat(module.intruders()).isEqualTo(integers(name, "intruders." + module.path()));
        }
    }

    private static List<Integer> integers(String name, String key) throws IOException {
        try (SafetensorsReader reader =
                SafetensorsReader.open(CASES.resolve(name).resolve("io.safetensors"))) {
            TensorEntry entry = reader.tensor(key);
            LongBuffer values = reader.map(entry, 0, (int) entry.byteCount()).asLongBuffer();
            return IntStream.range(0, values.remaining())
                    .mapToObj(i -> (int) values.get(i))
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void reducedOn_givesTheChangeAndTheOutputsOfPeft(String name) throws IOException {
        read(name);
        Map<String, INDArray> untouched = base.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().dup()));

        IntruderReduction reduction = intruders().reducedOn(ModelWeights.of(base));
        reduction.adapter().save(dir);
        Adapter reduced = Adapter.load(dir);

        assertThat(reduced).isEqualTo(reduction.adapter());
        assertThat(reduced.config()).isEqualTo(adapter.config());
        assertThat(base).isEqualTo(untouched);
        Map<String, INDArray> merged = WeightMerge.merged(ModelWeights.of(base), List.of(reduced));
        for (String path : reduced.modules().keySet()) {
            INDArray change = merged.get(path + ".weight").sub(base.get(path + ".weight"));
            assertNear(path, io.get("reduced." + path), list(change));
            boolean isReduced = ((Map<?, ?>) asked.get("counts")).get(path) instanceof Integer count && count > 0;
            assertThat(reduction.relativeErrors().containsKey(path)).isEqualTo(isReduced);
            assertThat(reduced.modules().get(path).equals(adapter.modules().get(path)))
                    .isEqualTo(!isReduced);
        }
        assertNear(
                "y_adapter",
                io.get("y_adapter"),
                list(output(WeightMerge.merged(ModelWeights.of(base), List.of(adapter)))));
        assertNear("y_reduced", io.get("y_reduced"), list(output(merged)));
    }

    /** tanh between the linear layers fc1 and fc2; embedded ids are averaged first. */
    private INDArray output(Map<String, INDArray> merged) throws IOException {
        Map<String, INDArray> weights = new TreeMap<>(base);
        weights.putAll(merged);
        INDArray x = weights.containsKey("emb.weight") ? averaged(weights.get("emb.weight")) : io.get("x");
        INDArray hidden = Transforms.tanh(linear(weights, "fc1", x));
        return weights.containsKey("fc2.weight") ? linear(weights, "fc2", hidden) : hidden;
    }

    private INDArray averaged(INDArray table) throws IOException {
        List<Integer> ids = integers("embedding", "x");
        int rows = (int) io.get("y_adapter").size(0);
        int each = ids.size() / rows;
        INDArray averages = Nd4j.create(DataType.FLOAT, rows, table.size(1));
        IntStream.range(0, ids.size())
                .forEach(i ->
                        averages.getRow(i / each).addi(table.getRow(ids.get(i)).div(each)));
        return averages;
    }

    private static INDArray linear(Map<String, INDArray> weights, String module, INDArray x) {
        INDArray product = x.mmul(weights.get(module + ".weight").transpose());
        INDArray bias = weights.get(module + ".bias");
        return bias == null ? product : product.addRowVector(bias.reshape(1, bias.length()));
    }

    private static List<Double> list(INDArray array) {
        return Arrays.stream(array.dup('c').data().asDouble()).boxed().toList();
    }

    private void assertNear(String what, INDArray expected, List<Double> found) {
        List<Double> wanted = list(expected);
        assertThat(found).as(what).hasSameSizeAs(wanted);
        for (int i = 0; i < wanted.size(); i++) {
            assertThat(found.get(i)).as(what).isCloseTo(wanted.get(i), offset(atol + rtol * Math.abs(wanted.get(i))));
        }
    }
}
