/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.BoftConfig;
import org.lora4j.config.C3aConfig;
import org.lora4j.config.DeloraConfig;
import org.lora4j.config.GraloraConfig;
import org.lora4j.config.HiraConfig;
import org.lora4j.config.HraConfig;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.Initialization;
import org.lora4j.config.KasaOptions;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LokrConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.MissConfig;
import org.lora4j.config.MissVariant;
import org.lora4j.config.OftConfig;
import org.lora4j.config.RandLoraConfig;
import org.lora4j.config.RoadConfig;
import org.lora4j.config.RoadVariant;
import org.lora4j.config.ShiraConfig;
import org.lora4j.config.VeraConfig;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.DoraMethod;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.MethodTraits;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What every method must keep in every host. A method is done when its line below passes in both; a host when its subclass
 * does.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class AdapterMethodContract {

    /** Sums of few numbers of order 1 in double precision, in another order. */
    private static final double ROUNDING = 1e-10;

    private static final double STEP = 1e-5;

    /** Of differences over that step. */
    private static final double NUMERIC = 1e-6;

    /** A probability below 1 that no draw reaches. */
    private static final double ALWAYS = 1 - 1e-15;

    private static final int DRAWS = 4;

    /** So many values of a factor are compared with differences. */
    private static final int SAMPLE = 3;

    /** A network in double precision, without its adapters; equal at each call. */
    protected abstract AdaptedModel model(String network);

    /** The networks, each for what it is made of. */
    protected abstract List<String> networks();

    /** The output in the current state, always for the same input. */
    protected abstract double[] output(AdaptedModel adapted, String network);

    /** The loss, without dropout. */
    protected abstract double loss(AdaptedModel adapted, String network);

    /** The gradients of the loss by parameter, and the values of these parameters, which training would change. */
    protected abstract Map<String, ParameterAndGradient> gradients(AdaptedModel adapted, String network);

    /** Says that values of parameters were changed by hand. */
    protected void changed(AdaptedModel adapted) {}

    /** A live parameter with its gradient. */
    public record ParameterAndGradient(INDArray value, INDArray gradient) {}

    private static final Map<String, Supplier<AdapterConfig.Builder<?>>> METHODS = new LinkedHashMap<>();

    static {
        METHODS.put("LoRA", () -> LoraConfig.builder().rank(2).alpha(3));
        METHODS.put("DoRA", () -> LoraConfig.builder().rank(2).alpha(3).dora(true));
        METHODS.put("KaSA", () -> LoraConfig.builder().rank(2).alpha(3).kasa(new KasaOptions()));
        METHODS.put("IA3", Ia3Config::builder);
        METHODS.put("IA3, feed-forward", Ia3Config::builder);
        METHODS.put("LoHa", () -> LohaConfig.builder().rank(2).alpha(3));
        METHODS.put(
                "LoHa with a factor for windows",
                () -> LohaConfig.builder().rank(2).alpha(3).effectiveConvolution(true));
        METHODS.put("LoKr", () -> LokrConfig.builder().rank(1).alpha(3));
        METHODS.put(
                "LoKr of four factors, or with one for windows",
                () -> LokrConfig.builder().rank(1).alpha(3).decomposeBoth(true).effectiveConvolution(true));
        METHODS.put("MiSS", () -> MissConfig.builder().rank(3));
        METHODS.put("MiSS, bat", () -> MissConfig.builder().rank(2).variant(MissVariant.BAT));
        METHODS.put("MiSS, mini", () -> MissConfig.builder().rank(3).miniRank(2).variant(MissVariant.MINI));
        METHODS.put("HiRA", () -> HiraConfig.builder().rank(2));
        METHODS.put("VeRA", () -> VeraConfig.builder().rank(2));
        METHODS.put("RandLoRA", () -> RandLoraConfig.builder().rank(2).alpha(3));
        METHODS.put("SHiRA", () -> ShiraConfig.builder().rank(1));
        METHODS.put(
                "AdaLoRA",
                () -> AdaLoraConfig.builder().initialRank(2).targetRank(1).totalSteps(9));
        METHODS.put("GraLoRA", () -> GraloraConfig.builder().rank(2).blocks(1));
        METHODS.put(
                "GraLoRA, hybrid",
                () -> GraloraConfig.builder().rank(4).blocks(2).hybridRank(1));
        METHODS.put("DeLoRA", () -> DeloraConfig.builder().rank(2).lambda(3));
        METHODS.put("C3A", () -> C3aConfig.builder().blockSize(2));
        METHODS.put("RoAD 1", () -> RoadConfig.builder().groupSize(2));
        METHODS.put("RoAD 4", () -> RoadConfig.builder().groupSize(2).variant(RoadVariant.ROAD_4));
        METHODS.put("OFT", () -> OftConfig.builder().blockSize(2));
        METHODS.put(
                "OFT, exact, equal blocks",
                () -> OftConfig.builder().blocks(2).cayleyNeumann(false).blockShare(true));
        METHODS.put("HRA", () -> HraConfig.builder().rank(2));
        METHODS.put("BOFT", () -> BoftConfig.builder().blockSize(2));
    }

    /** Every method with small settings, by name; the targets are still to be named. */
    public static Map<String, Supplier<AdapterConfig.Builder<?>>> methods() {
        return Collections.unmodifiableMap(METHODS);
    }

    /** Every method in every network. */
    Stream<Arguments> cases() {
        List<Arguments> cases = new ArrayList<>();
        for (String network : networks()) {
            METHODS.keySet().forEach(method -> cases.add(Arguments.of(method, network)));
        }
        return cases.stream();
    }

    /** Configurations, and outputs of networks without adapters: both are the same in every test. */
    private final Map<List<Object>, AdapterConfig> configs = new HashMap<>();

    private final Map<String, double[]> baseOutputs = new HashMap<>();

    private AdapterConfig config(String method, String network, Initialization start) {
        return configs.computeIfAbsent(List.of(method, network, start), key -> makeConfig(method, network, start));
    }

    /** All modules of the network that the method is made for. */
    private AdapterConfig makeConfig(String method, String network, Initialization start) {
        AdapterConfig.Builder<?> builder = METHODS.get(method).get();
        List<String> targets = new ArrayList<>();
        AdapterConfig any = builder.targetModules("any").build();
        for (AdaptableModule module : model(network).modules()) {
            try {
                AdapterMethods.of(any, module.path(), module.shape()).factors(module.shape(), 2);
                if (AdapterMethods.of(any, module.path(), module.shape()).changesWeight(module.shape())) {
                    targets.add(module.path());
                }
            } catch (IllegalArgumentException notForThisKind) {
                // Refused by name, which other tests look at.
                continue;
            }
        }
        String[] names = targets.toArray(new String[0]);
        assumeThat(names).as("the method adapts no module of this network").isNotEmpty();
        if (builder instanceof Ia3Config.Builder ia3) {
            ia3.feedforwardModules(method.contains("feed") ? names : new String[0]);
        }
        if (hasStarts(builder)) {
            builder.initialization(start);
        }
        return builder.targetModules(names).build();
    }

    private static boolean hasStarts(AdapterConfig.Builder<?> builder) {
        return builder.fields().stream().anyMatch(field -> field.name().equals("initialization"));
    }

    private AdaptedModel adapted(String method, String network, Initialization start) {
        AdaptedModel model = model(network);
        model.addAdapter("default", config(method, network, start), 1);
        model.activate("default");
        return model;
    }

    private AdaptedModel acting(String method, String network) {
        AdaptedModel model = adapted(method, network, Initialization.RANDOM);
        moveFromStart(method, network, model);
        return model;
    }

    /** Where no start is random, the values of the active adapters are moved by hand. */
    private void moveFromStart(String method, String network, AdaptedModel model) {
        if (!hasStarts(METHODS.get(method).get())) {
            move(model, network);
        }
    }

    private void move(AdaptedModel model, String network) {
        SplittableRandom random = new SplittableRandom(3);
        gradients(model, network).values().forEach(both -> {
            INDArray move = RandomStreams.uniform(
                    random, 0.5, both.value().dataType(), both.value().shape());
            both.value().addi(move);
        });
        changed(model);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void fresh_leavesTheOutput(String method, String network) {
        assumeThat(method)
                .as("the base gives up a part of its weights to KaSA, which is not made up for")
                .isNotEqualTo("KaSA");
        AdaptedModel model = adapted(method, network, Initialization.KAIMING_UNIFORM);

        double[] base = baseOutputs.computeIfAbsent(network, name -> output(model(name), name));

        if (method.equals("DoRA") || method.equals("HRA")) {
            // Lengths that are formed again are rounded again, and so are reflections that undo each other.
            assertThat(output(model, network)).containsExactly(base, offset(ROUNDING));
        } else {
            assertThat(output(model, network)).isEqualTo(base);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradients_areThoseOfDifferences(String method, String network) {
        AdaptedModel model = acting(method, network);

        gradients(model, network).forEach((name, both) -> {
            // The lengths that DoRA holds are in the way of A and B; tests of its own look at these.
            boolean held = method.equals("DoRA") && !isMagnitude(model, both.value());
            for (long i = 0;
                    !held && i < both.value().length();
                    i += Math.max(1, both.value().length() / SAMPLE)) {
                double numeric = difference(model, network, both.value(), i);
                assertThat(both.gradient().getDouble(place(both.value(), i)))
                        .as(name + ", value " + i)
                        .isCloseTo(numeric, offset(NUMERIC * Math.max(1, Math.abs(numeric))));
            }
        });
    }

    private static boolean isMagnitude(AdaptedModel model, INDArray value) {
        return model.adapter("default").modules().values().stream()
                .map(factors -> factors.get(DoraMethod.MAGNITUDE))
                .anyMatch(m -> m != null && m.length() == value.length() && value.equals(m.reshape(value.shape())));
    }

    /** The indices of a value, counted in C order whatever the memory order. */
    private static long[] place(INDArray array, long i) {
        long[] place = new long[array.rank()];
        long rest = i;
        for (int axis = place.length - 1; axis >= 0; axis--) {
            place[axis] = rest % array.size(axis);
            rest /= array.size(axis);
        }
        return place;
    }

    private double difference(AdaptedModel model, String network, INDArray value, long i) {
        long[] place = place(value, i);
        double before = value.getDouble(place);
        value.putScalar(place, before + STEP);
        changed(model);
        double up = loss(model, network);
        value.putScalar(place, before - STEP);
        changed(model);
        double down = loss(model, network);
        value.putScalar(place, before);
        changed(model);
        return (up - down) / (2 * STEP);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void twoSteps_moveEveryFactor(String method, String network) {
        AdaptedModel model = adapted(method, network, Initialization.KAIMING_UNIFORM);
        Map<String, double[]> before = values(model);

        for (int step = 0; step < 2; step++) {
            gradients(model, network)
                    .values()
                    .forEach(both -> both.value().subi(both.gradient().mul(0.05)));
            changed(model);
        }

        values(model).forEach((factor, now) -> assertThat(now).as(factor).isNotEqualTo(before.get(factor)));
    }

    private static Map<String, double[]> values(AdaptedModel model) {
        Map<String, double[]> values = new TreeMap<>();
        Adapter adapter = model.adapter("default");
        adapter.modules()
                .forEach((path, factors) -> factors.forEach((suffix, array) -> {
                    if (!AdapterMethods.of(adapter.config(), path).traits().is(suffix, FactorTrait.FIXED)) {
                        values.put(path + "." + suffix, array.dup('c').data().asDouble());
                    }
                }));
        return values;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void merge_computesWhatTheAdapterComputes_andUnmergeRestoresIt(String method, String network) {
        AdaptedModel model = acting(method, network);
        double[] attached = output(model, network);

        model.merge();
        double[] merged = output(model, network);
        model.unmerge();

        assertThat(merged).containsExactly(attached, offset(ROUNDING));
        assertThat(output(model, network)).isEqualTo(attached);
        model.disable();
        assertThat(output(model, network)).isNotEqualTo(attached);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void two_mergedTogether_computeWhatTheyComputeBesideEachOther(String method, String network) {
        AdaptedModel model = acting(method, network);
        assumeThat(method)
                .as("V of DoRA has the weight without the other one only while that is not merged, as in PEFT")
                .isNotIn("DoRA", "KaSA");
        model.addAdapter("other", config(method, network, Initialization.RANDOM), 2);
        model.activate("default", "other");
        moveFromStart(method, network, model);
        double[] attached = output(model, network);

        model.merge();

        assertThat(output(model, network)).containsExactly(attached, offset(ROUNDING));
    }

    /** What DoRA scales is what came before it, so that this order can be merged exactly. */
    @ParameterizedTest
    @MethodSource("cases")
    void behindDora_mergesToWhatBothCompute(String method, String network) {
        AdaptedModel model = acting("DoRA", network);
        AdapterConfig config = config(method, network, Initialization.RANDOM);
        MethodTraits own = AdapterMethods.of(config, "any").traits();
        assumeThat(own.multiplies() || own.isSingle() || own.scalesOthers())
                .as("V of DoRA has the weight without the other one only while that is not merged, as in PEFT")
                .isFalse();
        // Magnitudes that are no lengths, or nothing would be scaled.
        move(model, network);
        model.addAdapter("other", config, 2);
        model.activate("default", "other");
        moveFromStart(method, network, model);
        double[] attached = output(model, network);

        model.merge();

        assertThat(output(model, network)).containsExactly(attached, offset(ROUNDING));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void directory_keepsTheAdapter(String method, String network, @TempDir Path folder) throws IOException {
        AdaptedModel model = acting(method, network);
        double[] before = output(model, network);
        Adapter adapter = model.adapter("default");

        adapter.save(folder);
        AdaptedModel again = model(network);
        again.addAdapter("read", Adapter.load(folder));
        again.activate("read");

        assertThat(Adapter.load(folder)).isEqualTo(adapter);
        assertThat(output(again, network)).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void dropout_leavesWhatIsComputedWithoutTraining(boolean dora) {
        String network = networks().get(0);
        String method = dora ? "DoRA" : "LoRA";
        AdaptedModel model = acting(method, network);
        LoraConfig config = (LoraConfig) config(method, network, Initialization.RANDOM);

        model.addAdapter("dropping", config.toBuilder().dropout(0.5).build(), 1);
        double[] without = output(model, network);
        model.activate("dropping");

        assertThat(output(model, network)).isEqualTo(without);
    }

    @ParameterizedTest
    @ValueSource(strings = {"OFT", "HRA"})
    void oneOfSeveralThatTurnAWeight_isNotMergedAlone(String method) {
        String network = networks().get(0);
        AdaptedModel model = acting(method, network);
        model.addAdapter("other", config(method, network, Initialization.RANDOM), 2);
        model.activate("default", "other");

        assertThatThrownBy(() -> model.merge("default"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("turn the same weights one after the other; merge both in one call");
        assertThat(model.mergedAdapters()).isEmpty();
    }

    @Test
    void multiplyingMethod_besideAnother_isRefusedByName() {
        String network = networks().get(0);
        AdaptedModel model = acting("IA3", network);
        model.addAdapter("lora", config("LoRA", network, Initialization.RANDOM), 2);

        assertThatThrownBy(() -> model.activate("lora", "default"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"lora\" (LoRA) and \"default\" (IA3) both adapt");
        assertThat(model.activeAdapters()).containsExactly("default");
    }

    @Test
    void twoThatChangeTheBase_areRefusedByName() {
        String network = networks().get(0);
        AdaptedModel model = acting("KaSA", network);
        model.addAdapter("other", config("KaSA", network, Initialization.RANDOM), 2);

        assertThatThrownBy(() -> model.activate("default", "other"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"default\" (KaSA) and \"other\" (KaSA) both adapt");
    }

    /** LoHa and LoKr in every network. */
    Stream<Arguments> leavingOut() {
        return networks().stream()
                .flatMap(network -> Stream.of("LoHa", "LoKr").map(method -> Arguments.of(method, network)));
    }

    @ParameterizedTest
    @MethodSource("leavingOut")
    void updatesThatAreLeftOut_haveNoGradient_andActOutsideOfTraining(String method, String network) {
        AdapterConfig config = config(method, network, Initialization.RANDOM);
        AdapterConfig none = config instanceof LohaConfig loha
                ? loha.toBuilder().moduleDropout(ALWAYS).build()
                : ((LokrConfig) config).toBuilder().moduleDropout(ALWAYS).build();
        AdaptedModel model = model(network);
        model.addAdapter("default", none, 1);
        model.activate("default");

        assertThat(output(model, network)).isEqualTo(output(acting(method, network), network));
        gradients(model, network)
                .forEach((name, both) -> assertThat(both.gradient().amaxNumber().doubleValue())
                        .as(name)
                        .isZero());
    }

    @ParameterizedTest
    @MethodSource("leavingOut")
    void outputsThatAreLeftOut_haveNoGradient(String method, String network) {
        assumeThat(method).as("LoHa stands for all methods here").isEqualTo("LoHa");
        LohaConfig config = (LohaConfig) config(method, network, Initialization.RANDOM);
        int rows = 0;
        int without = 0;

        // A module of few outputs may keep them all in one draw.
        for (int seed = 1; seed <= DRAWS; seed++) {
            AdaptedModel model = model(network);
            model.addAdapter("default", config.toBuilder().rankDropout(0.5).build(), seed);
            model.activate("default");
            for (ParameterAndGradient both : gradients(model, network).values()) {
                // The factors next to the outputs have the rank along the second axis; no other matrix has it there.
                boolean next = both.value().rank() == 2 && both.value().size(1) == config.rank();
                for (int row = 0; next && row < both.value().size(0); row++, rows++) {
                    without += both.gradient().getRow(row).amaxNumber().doubleValue() == 0 ? 1 : 0;
                }
            }
        }

        assertThat(without).isBetween(1, rows - 1);
    }

    @Test
    void dropoutThatIsNotDone_isRefusedWhereItWouldBeTrained() {
        String network = networks().get(0);
        AdaptedModel model = model(network);
        AdapterConfig config = ((OftConfig) config("OFT", network, Initialization.RANDOM))
                .toBuilder().moduleDropout(0.25).build();

        assertThatThrownBy(() -> model.addAdapter("default", config, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("moduleDropout = 0.25, expected 0");
        assertThat(model.adapterNames()).isEmpty();
    }
}
