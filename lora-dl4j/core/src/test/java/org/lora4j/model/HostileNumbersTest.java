/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterConfigs;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.FieldType.Field;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorStart;
import org.lora4j.method.ModuleShape;
import org.lora4j.random.RandomStreams;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Numbers that no method can compute with, generated: for each method each number of its config, in a program, in a file and in a saved
 * network. They are refused by the library itself, or taken: no exception of the JDK comes out.
 */
class HostileNumbersTest {

    private static final List<Integer> INTEGERS =
            List.of(0, -1, 1, 2, 3, 5, 31, 32, 33, 63, 64, 65, 1 << 16, 1 << 24, Integer.MAX_VALUE, Integer.MIN_VALUE);

    private static final List<Double> NUMBERS =
            List.of(0.0, -1.0, 0.5, Double.MIN_VALUE, Double.MAX_VALUE, Double.NaN, Double.POSITIVE_INFINITY);

    /** What may stand in the place of anything in a file. */
    private static final List<Object> VALUES = Arrays.asList(
            null,
            "x",
            true,
            0,
            -1,
            0.5,
            1e300,
            64,
            1 << 24,
            1L << 31,
            Long.MAX_VALUE,
            List.of(),
            List.of(0),
            List.of("m"),
            Map.of(),
            Map.of("m", 0),
            Map.of("m", -1),
            Map.of("m", 64),
            Map.of("m", List.of()),
            Map.of("[", 1));

    private static final List<ModuleShape> SHAPES = List.of(
            ModuleShape.linear(6, 4),
            ModuleShape.linear(1, 1),
            ModuleShape.embedding(7, 4),
            ModuleShape.convolution(2, 4, 3, 2),
            ModuleShape.groupedConvolution(4, 6, 2, 3, 2),
            ModuleShape.experts(2, 6, 4));

    private static final int SMALL = 10_000;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<String> wrong = new ArrayList<>();

    static List<String> subjects() {
        return SoundAdapters.subjects();
    }

    private interface Work {
        void run() throws IOException;
    }

    private void check(String what, Work work) {
        try {
            work.run();
        } catch (RuntimeException | IOException | Error e) {
            if (!MalformedTwinsContract.isOfTheLibrary(e)) {
                wrong.add(what + ": " + e + " at " + e.getStackTrace()[0] + " " + e.getStackTrace()[1]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void numbersOfAConfig_areRefusedOrTaken(String subject) {
        for (Field<?> field : SoundAdapters.start(subject).fields()) {
            hostile(field.initial())
                    .forEach(value -> check(subject + ", " + field.name() + " = " + value, () -> {
                        AdapterConfig.Builder<?> builder =
                                SoundAdapters.start(subject).targetModules("m");
                        set(builder, field, value);
                        use(builder.build());
                    }));
        }

        assertThat(wrong).isEmpty();
    }

    private static List<?> hostile(Object initial) {
        return initial instanceof Integer ? INTEGERS : initial instanceof Double ? NUMBERS : List.of();
    }

    @SuppressWarnings("unchecked")
    private static <V> void set(AdapterConfig.Builder<?> builder, Field<V> field, Object value) {
        builder.set(field, (V) value);
    }

    /** What hosts ask of a config and its method. */
    private void use(AdapterConfig config) {
        for (ModuleShape shape : SHAPES) {
            check(config + " on " + shape, () -> {
                AdapterMethod method = AdapterMethods.of(config, "m", shape);
                use(method, shape, config.rankOf("m"), config.scalingOf("m"), config);
            });
        }
    }

    private static void use(AdapterMethod method, ModuleShape shape, int rank, double scaling, AdapterConfig config) {
        method.traits().id();
        Map<String, long[]> factors = method.factors(shape, rank);
        method.place(shape, rank);
        method.changesWeight(shape);
        method.ranks(shape, factors).limit(9).forEach(found -> {});
        long values = factors.values().stream()
                .mapToLong(sizes -> Arrays.stream(sizes).reduce(1, Math::multiplyExact))
                .sum();
        if (values > SMALL) {
            return;
        }
        INDArray weight = RandomStreams.uniform(RandomStreams.of(1, "w"), 1, DataType.FLOAT, shape.weight());
        method.initialize(new FactorStart(
                shape,
                rank,
                scaling,
                config.initialization(),
                RandomStreams.of(1, "m"),
                DataType.FLOAT,
                AdapterMethods.shared(config, Map.of("m", shape)),
                () -> weight));
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void valuesOfAFile_areRefusedOrTaken(String subject) throws IOException {
        AdapterConfig sound = SoundAdapters.start(subject).targetModules("m").build();
        Map<?, ?> written = JSON.readValue(AdapterConfigs.write(sound), Map.class);
        for (Object field : written.keySet()) {
            for (Object value : VALUES) {
                Map<Object, Object> other = new LinkedHashMap<>(written);
                other.put(field, value);
                String text = JSON.writeValueAsString(other);
                check(subject + ", " + field + " = " + value, () -> use(AdapterConfigs.parse(text)));
            }
        }

        assertThat(wrong).isEmpty();
    }

    /** A saved network says by an id what its layers compute. */
    @ParameterizedTest
    @MethodSource("subjects")
    void numbersOfASavedNetwork_areRefusedOrTaken(String subject) {
        AdapterConfig config = SoundAdapters.start(subject).targetModules("m").build();
        if (config.targetUse() != AdapterConfig.TargetUse.FACTORS) {
            return;
        }
        for (ModuleShape shape : SHAPES) {
            AdapterMethod method = AdapterMethods.of(config, "m", shape);
            String id = method.traits().id();
            boolean bias = method.traits().biasEffect() == AdapterMethod.BiasEffect.ADDS;
            for (String option : id.replaceFirst("^[^:]*:?", "").split(",")) {
                for (String value : List.of("0", "-1", "64", "65", "16777216", "2147483648", "NaN", "x", "")) {
                    String name = option.replaceFirst("=.*", "");
                    String other = name.isEmpty() ? id + ":x=" + value : id.replace(option, name + "=" + value);
                    check(
                            other + " on " + shape,
                            () -> use(AdapterMethods.named(other, bias), shape, config.rankOf("m"), 1, config));
                }
            }
        }

        assertThat(wrong).isEmpty();
    }

    /** What is called without a check before it. */
    @ParameterizedTest
    @MethodSource("subjects")
    void malformedFactors_areRefusedByTheArithmetic(String subject) {
        for (ModuleShape shape : SHAPES) {
            ModelWeights weights = ModelWeights.of(Map.of("m.weight", Nd4j.ones(DataType.FLOAT, shape.weight())));
            new SoundAdapters(subject, weights, Map.of("m", shape))
                    .of(List.of("m"))
                    .ifPresent(sound -> {
                        if (sound.config().selects("m") && !sound.modules().isEmpty()) {
                            arithmetic(subject, shape, sound);
                        }
                    });
        }

        assertThat(wrong).isEmpty();
    }

    private void arithmetic(String subject, ModuleShape shape, Adapter sound) {
        AdapterMethod method = AdapterMethods.of(sound.config(), "m", shape);
        Map<String, INDArray> factors = sound.modules().get("m");
        INDArray weight = Nd4j.ones(DataType.FLOAT, shape.weight());
        factors.forEach((suffix, array) -> {
            for (MalformedTwin twin : MalformedTwin.of(array, true)) {
                Map<String, INDArray> others = new LinkedHashMap<>(factors);
                if (twin.array() == null) {
                    others.remove(suffix);
                } else {
                    others.put(suffix, twin.array());
                }
                String what = subject + ", " + suffix + ", " + twin.what() + " on " + shape;
                boolean merged = method.changesWeight(shape);
                check(what, () -> method.problems(shapes(others), sound.config().rankOf("m")));
                check(what, () -> method.ranks(shape, shapes(others)).limit(9).forEach(rank -> {}));
                if (merged && (twin.array() == null || twin.array().dataType() == array.dataType())) {
                    check(what, () -> method.mergedWeight(shape, weight, others, 1));
                }
            }
        });
    }

    private static Map<String, long[]> shapes(Map<String, INDArray> factors) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        factors.forEach((suffix, array) -> shapes.put(suffix, array.shape()));
        return shapes;
    }
}
