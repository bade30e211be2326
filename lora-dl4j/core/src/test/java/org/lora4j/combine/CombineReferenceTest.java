/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Updates that NumPy computed from the formulas, see src/test/resources/combine. */
class CombineReferenceTest {

    /** Both sides compute in double precision; the result is rounded to DOUBLE factors of size 10 at most. */
    private static final Offset<Double> TOLERANCE = Offset.offset(1e-9);

    static List<Arguments> cases() throws IOException {
        List<Arguments> cases = new ArrayList<>();
        JsonNode all = new ObjectMapper()
                .readTree(Path.of("src/test/resources/combine/reference.json").toFile());
        for (JsonNode one : all) {
            String name = one.get("algorithm").asText() + " " + one.get("kind").asText()
                    + (one.get("peft").asBoolean() ? " as PEFT" : "");
            cases.add(Arguments.of(name, one));
        }
        return cases;
    }

    @ParameterizedTest(name = "{index} {0}")
    @MethodSource("cases")
    void combine_givesTheUpdateOfTheFormula(String name, JsonNode golden) {
        List<Adapter> adapters = new ArrayList<>();
        golden.get("adapters")
                .forEach(adapter -> adapters.add(adapter(golden.get("kind").asText(), adapter)));

        Adapter found = combined(golden, adapters).combine();

        double[] delta = TestAdapters.delta(found, "m");
        double[] expected = doubles(golden.get("delta"));
        assertThat(delta).hasSameSizeAs(expected);
        for (int i = 0; i < delta.length; i++) {
            assertThat(delta[i]).as("element " + i).isCloseTo(expected[i], TOLERANCE);
        }
    }

    private static Combine combined(JsonNode golden, List<Adapter> adapters) {
        CombineAlgorithm algorithm =
                CombineAlgorithm.valueOf(golden.get("algorithm").asText());
        Combine combine =
                Combine.of(adapters).weights(doubles(golden.get("weights"))).algorithm(algorithm);
        if (golden.get("peft").asBoolean()) {
            combine.peftCompatible();
        }
        if (!golden.get("density").isNull()) {
            combine.density(golden.get("density").asDouble());
        }
        if (!golden.get("rank").isNull()) {
            combine.rank(golden.get("rank").asInt());
        }
        if (!golden.get("clamp").isNull()) {
            combine.clampQuantile(golden.get("clamp").asDouble());
        }
        if (algorithm.uses(CombineAlgorithm.Option.SIGN)) {
            combine.majoritySign(MajoritySign.valueOf(golden.get("sign").asText()));
        }
        if (!golden.get("masks").isEmpty()) {
            combine.masks((module, part, adapter) -> mask(golden, part, adapter, adapters.get(adapter)));
        }
        return combine;
    }

    private static INDArray mask(JsonNode golden, DareMasks.Part part, int index, Adapter adapter) {
        double[] values = doubles(golden.get("masks").get(part.peftName() + "." + index));
        INDArray like = part == DareMasks.Part.UPDATE
                ? AdapterAlgebra.deltaWeight(adapter, "m")
                : adapter.modules().get("m").entrySet().stream()
                        .filter(tensor -> tensor.getKey().contains("_" + part))
                        .findFirst()
                        .orElseThrow()
                        .getValue();
        return Nd4j.create(values, like.shape(), 'c');
    }

    private static Adapter adapter(String kind, JsonNode json) {
        INDArray a = Nd4j.create(doubles(json.get("a")), longs(json.get("aShape")), 'c');
        INDArray b = Nd4j.create(doubles(json.get("b")), longs(json.get("bShape")), 'c');
        LoraConfig config = LoraConfig.builder()
                .rank(json.get("rank").asInt())
                .alpha(json.get("alpha").asDouble())
                .targetModules("m")
                .build();
        return Adapter.of(
                config,
                Map.of("m", kind.equals("embedding") ? TestAdapters.embedding(a, b) : TestAdapters.linear(a, b)),
                Map.of());
    }

    private static double[] doubles(JsonNode array) {
        double[] values = new double[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asDouble();
        }
        return values;
    }

    private static long[] longs(JsonNode array) {
        long[] values = new long[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asLong();
        }
        return values;
    }
}
