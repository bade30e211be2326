/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.FieldType.Field;
import org.lora4j.config.HraConfig;
import org.lora4j.config.LnTuningConfig;
import org.lora4j.config.TrainableTokensConfig;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.AdapterMethod.Place;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class RegisteredMethodsTest {

    private static final RegisteredMethods LIBRARY = new RegisteredMethods(MethodTable.LINES);

    /** A config of any name. */
    private static final class AnyConfig extends AdapterConfig {

        private AnyConfig(Builder builder) {
            super(builder);
        }

        @Override
        public Builder toBuilder() {
            return new Builder(peftType()).from(this);
        }

        private static final class Builder extends AdapterConfig.Builder<Builder> {

            private static final List<Field<?>> FIELDS = Field.table(MODULES_AND_LAYERS);

            private Builder(String peftType) {
                super(peftType, FIELDS);
            }

            @Override
            public AnyConfig build() {
                return new AnyConfig(this);
            }
        }
    }

    /** A method that has nothing but factors. */
    private record Bare(MethodTraits traits) implements AdapterMethod {

        @Override
        public Map<String, long[]> factors(ModuleShape shape, int rank) {
            return Map.of("any_v", new long[] {shape.outputs()});
        }

        @Override
        public Map<String, INDArray> initialize(FactorStart start) {
            return Map.of("any_v", Nd4j.zeros(start.dataType(), start.shape().outputs()));
        }

        @Override
        public <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors) {
            return module.scale(module.weight(), factors.scaling());
        }
    }

    private static MethodTraits.Builder traits() {
        return MethodTraits.builder("Any", "ANY").factor("any_v", "V");
    }

    private static MethodEntry<AnyConfig> entry(String type, MethodTraits... variants) {
        MethodEntry.Builder<AnyConfig> entry = MethodEntry.builder(AnyConfig.class, () -> new AnyConfig.Builder(type))
                .method((config, path) -> new Bare(variants[0]));
        List.of(variants).forEach(traits -> entry.saved(traits, options -> new Bare(traits)));
        return entry.build();
    }

    private static AdapterConfig config() {
        return new AnyConfig.Builder("ANY").targetModules("m").build();
    }

    static List<MethodEntry<?>> lines() {
        return MethodTable.LINES;
    }

    /** What is asked of others holds for our own methods, but for names that PEFT gave. */
    @ParameterizedTest
    @MethodSource("lines")
    void line_ofTheLibrary_isComplete(MethodEntry<?> line) {
        AdapterConfig config = built(line);
        if (!line.hasMethod() || config.targetUse() != AdapterConfig.TargetUse.FACTORS) {
            return;
        }

        AdapterMethod method = LIBRARY.method(config, "m");

        MethodEntryChecks.requireSame(line, method);
        assertThat(LIBRARY.of(config)).isSameAs(line);
        assertThat(new HashSet<>(method.traits().shortNames()))
                .hasSameSizeAs(method.traits().suffixes());
        AdapterMethod again = AdapterMethods.named(method.traits().id(), false);
        assertThat(again.traits().id()).isEqualTo(method.traits().id());
        assertThat(again.traits().suffixes()).isEqualTo(method.traits().suffixes());
    }

    private static AdapterConfig built(MethodEntry<?> line) {
        AdapterConfig.Builder<?> config = line.newConfig().targetModules("m");
        if (config instanceof AdaLoraConfig.Builder adaLora) {
            adaLora.totalSteps(10);
        }
        if (config instanceof TrainableTokensConfig.Builder tokens) {
            tokens.tokenIndices(1);
        }
        return config.build();
    }

    @Test
    void tensorsAndSavedNames_ofTheLibrary_belongToOneMethod() {
        List<String> saved = MethodTable.LINES.stream()
                .flatMap(line -> line.variants().stream())
                .map(MethodTraits::savedName)
                .toList();

        assertThat(saved).doesNotHaveDuplicates();
        assertThat(MethodTable.LINES)
                .allSatisfy(line -> assertThat(line.suffixes())
                        .allSatisfy(
                                suffix -> assertThat(LIBRARY.withTensor(suffix)).contains(line)));
    }

    @Test
    void with_aSoundMethod_findsItByAllItsNames() {
        MethodEntry<AnyConfig> entry = entry("ANY", traits().build());

        RegisteredMethods more = LIBRARY.with(entry);

        assertThat(more.entry("ANY")).contains(entry);
        assertThat(more.withTensor("any_v")).contains(entry);
        assertThat(more.saved()).containsKey("ANY");
        assertThat(more.entries()).hasSize(LIBRARY.entries().size() + 1);
        assertThat(LIBRARY.entry("ANY")).isEmpty();
    }

    @Test
    void with_namesThatAreTaken_listsThemAll() {
        MethodTraits taken =
                MethodTraits.builder("HRA", "HRA").factor("hra_u", "U").build();

        assertThatThrownBy(() -> LIBRARY.with(MethodEntry.builder(HraConfig.class, HraConfig::builder)
                        .method((config, path) -> new HraMethod(false))
                        .saved(taken, options -> new HraMethod(false))
                        .build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("AdapterMethods.register, method HRA: 4 problems")
                .hasMessageContaining("peftType = HRA is taken")
                .hasMessageContaining("HraConfig is the config of another method")
                .hasMessageContaining("saved = HRA is taken")
                .hasMessageContaining("factor \"hra_u\" is one of another method");
    }

    @Test
    void with_namesThatFilesOrHostsCannotHave_listsThemAll() {
        MethodTraits traits = MethodTraits.builder(" ", "any method")
                .factor("weight", "V1")
                .factor("any_a", "A", FactorTrait.SHARED)
                .factor("any_b", "A")
                .build();

        assertThatThrownBy(() -> LIBRARY.with(entry("any", traits)))
                .hasMessageContaining("peftType = \"any\"")
                .hasMessageContaining("saved = \"any method\"")
                .hasMessageContaining("name is empty")
                .hasMessageContaining(
                        "factor \"weight\", expected letters, digits, underscores and dots after \"any_\"")
                .hasMessageContaining("factor \"any_a\" is SHARED and learns")
                .hasMessageContaining("short names [V1, A, A]");
    }

    @Test
    void with_twoVariantsOfOneName_orNone_isRefused() {
        assertThatThrownBy(() -> LIBRARY.with(entry("ANY", traits().build(), traits().build())))
                .hasMessageContaining("two saved variants have one name among [ANY, ANY]");
        assertThatThrownBy(() -> LIBRARY.with(MethodEntry.builder(AnyConfig.class, () -> new AnyConfig.Builder("ANY"))
                        .method((config, path) -> new Bare(traits().build()))
                        .build()))
                .hasMessageContaining("a method and 0 saved variants");
        assertThatThrownBy(() -> LIBRARY.with(
                        entry("ANY", MethodTraits.builder("Any", "ANY").build())))
                .hasMessageContaining("ANY: no factor");
    }

    @Test
    void method_thatPromisesWhatItDoesNotHave_saysSoWhereItIsAsked() {
        AdapterMethod method = new Bare(traits().place(Place.INPUT)
                .biasEffect(BiasEffect.ADDS)
                .scalesOthers(true)
                .build());

        assertThatThrownBy(() -> method.input(null, null, null))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage(
                        "Any: place = INPUT, but its class has no input; expected one, where a trait asks for it. Correct the"
                                + " traits of the method, or its class.");
        assertThatThrownBy(() -> method.outputUpdate(null, null)).hasMessageContaining("has no outputUpdate");
        assertThatThrownBy(() -> method.bias(null, null, null))
                .hasMessageContaining("Any: biasEffect = ADDS, but its class has no bias");
        assertThatThrownBy(() -> method.scaleOfOthers(null, null))
                .hasMessageContaining("Any: scalesOthers = true, but its class has no scaleOfOthers");
    }

    @Test
    void method_whoseTraitsAreNotTheEntrys_isRefused() {
        MethodEntry<AnyConfig> entry = MethodEntry.builder(AnyConfig.class, () -> new AnyConfig.Builder("ANY"))
                .method((config, path) -> new Bare(MethodTraits.builder("Any", "OTHER")
                        .factor("any_other", "O")
                        .build()))
                .saved(traits().build(), options -> new Bare(traits().build()))
                .build();

        assertThatThrownBy(() -> LIBRARY.with(entry).method(config(), "m"))
                .hasMessageContaining("saved = OTHER, expected one of [ANY]")
                .hasMessageContaining("[any_other], expected none but [any_v]");
    }

    @Test
    void of_aConfigThatNobodyAdded_orOfAnotherClass_isRefused() {
        assertThatThrownBy(() -> LIBRARY.of(config()))
                .hasMessageContaining("method ANY: no class computes what AnyConfig asks for")
                .hasMessageContaining("AdapterMethods.register");
        assertThatThrownBy(() -> LIBRARY.of(
                        new AnyConfig.Builder("LORA").targetModules("m").build()))
                .hasMessageContaining("method LORA: no class computes what AnyConfig asks for");
        assertThatThrownBy(() -> LIBRARY.method(
                        LnTuningConfig.builder().targetModules("m").build(), "m"))
                .hasMessageContaining("LN_TUNING: its config trains targets themselves");
    }

    @Test
    void traits_ofAVariant_leaveTheOthersAsTheyAre() {
        MethodTraits all = MethodTraits.builder("Any", "ANY")
                .factor("any_a", "A", FactorTrait.FIXED)
                .factor("any_b", "B")
                .otherSuffix("any_embedding", FactorTrait.THIN)
                .build();

        MethodTraits variant = all.toBuilder()
                .variant("size", 4)
                .variant("alone", true)
                .only(Set.of("any_a"))
                .build();

        assertThat(all.id()).isEqualTo("ANY");
        assertThat(all.suffixes()).containsExactly("any_a", "any_b");
        assertThat(all.allSuffixes()).containsExactly("any_a", "any_b", "any_embedding");
        assertThat(all.is("any_embedding", FactorTrait.THIN)).isTrue();
        assertThat(all.is("any_c", FactorTrait.FIXED)).isFalse();
        assertThat(variant.id()).isEqualTo("ANY:alone=true,size=4");
        assertThat(variant.shortNames()).containsExactly("A");
        assertThat(variant.is("any_a", FactorTrait.FIXED)).isTrue();
    }
}
