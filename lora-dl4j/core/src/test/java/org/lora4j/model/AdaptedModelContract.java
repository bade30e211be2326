/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What every host must keep, whatever its models are. A host is done when its subclass passes. */
public abstract class AdaptedModelContract {

    /** Merging rounds each weight once; outputs here are sums of few numbers of order 1 in double precision. */
    private static final double MERGED = 1e-10;

    private AdaptedModel model;
    private double[] base;

    /** A model without adapters in double precision over a base of its own; equal at each call. */
    protected abstract AdaptedModel model();

    /** A config that adapts something. */
    protected abstract LoraConfig config();

    /** The output in the current state, always for the same input. */
    protected abstract double[] output(AdaptedModel adapted);

    /** A model without adapters over the plain base that {@code mergeAndUnload} gives. */
    protected abstract AdaptedModel mergedAndUnloaded(AdaptedModel adapted);

    /**
     * A model several of whose factors share an array, and what is asked of it.
     *
     * @param name what is shared
     * @param model makes it, equal at each call
     * @param config adapts all that share
     * @param output the output in the current state, always for the same input
     * @param unloaded a model without adapters over the plain base that {@code mergeAndUnload} gives
     */
    public record Sharing(
            String name,
            Supplier<AdaptedModel> model,
            LoraConfig config,
            Function<AdaptedModel, double[]> output,
            UnaryOperator<AdaptedModel> unloaded) {

        @Override
        public String toString() {
            return name;
        }
    }

    /** Every pair of factors that can share an array in this host: modules that add to one bias, two reads of one weight. */
    protected abstract List<Sharing> sharing();

    @TestFactory
    Stream<DynamicTest> factorsThatShareAnArray_mergeToWhatTheyCompute() {
        return sharing().stream().map(shared -> DynamicTest.dynamicTest(shared.name(), () -> mergesInEveryWay(shared)));
    }

    private static void mergesInEveryWay(Sharing shared) {
        AdaptedModel sharing = shared.model().get();
        LoraConfig acting = shared.config().toBuilder()
                .initialization(Initialization.RANDOM)
                .build();
        sharing.addAdapter("one", acting, 1);
        sharing.addAdapter("two", acting, 2);
        sharing.activate("one");
        double[] alone = shared.output().apply(sharing);
        sharing.merge();
        assertThat(shared.output().apply(sharing)).containsExactly(alone, offset(MERGED));
        sharing.unmerge();
        sharing.activate("one", "two");
        double[] attached = shared.output().apply(sharing);
        assertThat(attached).isNotEqualTo(alone);

        sharing.merge();
        double[] together = shared.output().apply(sharing);
        double[] unloaded = shared.output().apply(shared.unloaded().apply(sharing));
        sharing.unmerge();
        sharing.merge("one");
        assertThat(shared.output().apply(sharing)).containsExactly(attached, offset(MERGED));
        sharing.merge("two");

        assertThat(together).containsExactly(attached, offset(MERGED));
        assertThat(unloaded).isEqualTo(together);
        assertThat(shared.output().apply(sharing)).isEqualTo(together);
        sharing.unmerge();
        assertThat(shared.output().apply(sharing)).isEqualTo(attached);
    }

    @BeforeEach
    void addTwoAdaptersThatAct() {
        model = model();
        base = output(model);
        model.addAdapter("one", acting(), 1);
        model.addAdapter("two", acting(), 2);
    }

    private LoraConfig acting() {
        return config().toBuilder().initialization(Initialization.RANDOM).build();
    }

    @Test
    void addAdapter_withoutActivating_leavesTheOutput() {
        assertThat(output(model)).isEqualTo(base);
        assertThat(model.activeAdapters()).isEmpty();
    }

    @Test
    void addAdapter_withDefaultStartValues_leavesTheOutputEqualInEveryValue() {
        model.addAdapter("fresh", config(), 3);

        model.activate("fresh");

        assertThat(output(model)).isEqualTo(base);
    }

    @Test
    void addAdapter_withOneSeed_givesOneAdapter() {
        model.addAdapter("again", acting(), 1);

        assertThat(model.adapter("again")).isEqualTo(model.adapter("one"));
        assertThat(model.adapter("two")).isNotEqualTo(model.adapter("one"));
    }

    @Test
    void addAdapter_ofAnotherModel_givesItsOutput() {
        model.activate("one");
        AdaptedModel other = model();

        other.addAdapter("copy", model.adapter("one"));
        other.activate("copy");

        assertThat(output(other)).isEqualTo(output(model));
    }

    /** Without an output between, as a loop over adapters does that asks for one each. */
    @Test
    void addAdapter_underANameThatWasRemoved_givesItsOwnOutput() {
        Adapter two = model.adapter("two");
        model.activate("two");
        double[] expected = output(model);
        // As an adapter that was added with its values, so that nothing but the values differs.
        model.setTrainable("one", false);
        model.activate("one");
        output(model);
        model.activate();
        model.removeAdapter("one");

        model.addAdapter("one", two);
        model.activate("one");

        assertThat(output(model)).isEqualTo(expected);
        assertThat(model.adapter("one")).isEqualTo(two);
    }

    @Test
    void addAdapter_isTrainableIfFresh_andNotIfLoaded() {
        model.addAdapter("loaded", model.adapter("one"));

        assertThat(model.isTrainable("one")).isTrue();
        assertThat(model.isTrainable("loaded")).isFalse();
    }

    @Test
    void activate_changesTheOutput_andNothingIsTheBaseAgain() {
        model.activate("one");
        double[] first = output(model);
        model.activate("two");
        double[] second = output(model);
        model.activate();

        assertThat(first).isNotEqualTo(base);
        assertThat(second).isNotEqualTo(base).isNotEqualTo(first);
        assertThat(output(model)).isEqualTo(base);
    }

    @Test
    void activate_keepsTheOrderGiven_andDoesNotTouchWhatIsTrainable() {
        model.setTrainable("one", false);

        model.activate("two", "one");

        assertThat(model.activeAdapters()).containsExactly("two", "one");
        assertThat(model.isTrainable("one")).isFalse();
        assertThat(model.isTrainable("two")).isTrue();
    }

    @Test
    void activate_withAnUnknownName_changesNothing() {
        model.activate("one");

        assertThatThrownBy(() -> model.activate("two", "twoo")).isInstanceOf(IllegalArgumentException.class);
        assertThat(model.activeAdapters()).containsExactly("one");
    }

    @Test
    void setTrainable_doesNotChangeTheOutput() {
        model.activate("one");
        double[] before = output(model);

        model.setTrainable("one", false);

        assertThat(output(model)).isEqualTo(before);
    }

    @Test
    void disable_givesTheBaseOutput_andEnableTheOneFromBefore() {
        model.activate("one");
        double[] adapted = output(model);

        for (int i = 0; i < 2; i++) {
            model.disable();
            assertThat(output(model)).isEqualTo(base);
            assertThat(model.activeAdapters()).containsExactly("one");
            model.enable();
            assertThat(output(model)).isEqualTo(adapted);
        }
    }

    @Test
    void disable_whileMerged_givesTheBaseOutputToo() {
        model.activate("one");
        model.merge();
        double[] merged = output(model);

        model.disable();
        double[] off = output(model);
        model.enable();

        assertThat(off).isEqualTo(base);
        assertThat(output(model)).isEqualTo(merged);
    }

    @Test
    void disabled_restoresTheStateFromBefore_closedTwiceOrNested() {
        AdaptedModel.Disabled outer = model.disabled();
        model.disabled().close();
        assertThat(model.isEnabled()).isFalse();
        outer.close();
        assertThat(model.isEnabled()).isTrue();
        model.disable();
        outer.close();
        assertThat(model.isEnabled()).isFalse();
    }

    @Test
    void merge_computesTheSame_andUnmergeIsExact() {
        model.activate("one", "two");
        double[] attached = output(model);

        MergeReport report = model.merge();

        assertThat(output(model)).containsExactly(attached, offset(MERGED));
        assertThat(report.adapters()).containsExactly("one", "two");
        assertThat(report.largestChange()).isPositive();
        model.unmerge();
        assertThat(output(model)).isEqualTo(attached);
    }

    @Test
    void merge_ofOneOfTwo_keepsTheOtherAttached() {
        model.activate("one", "two");
        double[] attached = output(model);

        model.merge("two");

        assertThat(output(model)).containsExactly(attached, offset(MERGED));
        assertThat(model.mergedAdapters()).containsExactly("two");
        assertThat(model.activeAdapters()).containsExactly("one", "two");
    }

    @Test
    void merge_oneByOne_together_andByFiles_givesTheSameWeights() throws IOException {
        model.activate("one", "two");
        Map<String, INDArray> byFiles = WeightMerge.merged(
                ModelWeights.of(parameters(model())), List.of(model.adapter("one"), model.adapter("two")));
        Map<String, INDArray> unloaded = parameters(mergedAndUnloaded(model));
        model.merge();
        double[] together = output(model);
        Map<String, INDArray> ofTogether = parameters(mergedAndUnloaded(model));
        model.unmerge();

        model.merge("one");
        model.merge("two");

        assertThat(output(model)).isEqualTo(together);
        assertThat(parameters(mergedAndUnloaded(model))).isEqualTo(ofTogether);
        assertThat(unloaded).isEqualTo(ofTogether);
        assertThat(byFiles)
                .isNotEmpty()
                .allSatisfy((name, value) -> assertThat(value).as(name).isEqualTo(ofTogether.get(name)));
    }

    /** The parameters of a base by the names that files use: what an adapter that trains them all starts from. */
    private Map<String, INDArray> parameters(AdaptedModel of) {
        Set<String> modules = model.adapter("one").modules().keySet();
        of.addAdapter(
                "all",
                config().toBuilder()
                        .modulesToSave(modules.toArray(String[]::new))
                        .build(),
                1);
        return of.adapter("all").savedParameters();
    }

    @Test
    void adapter_whileMerged_isTheAdapterItself() {
        Adapter before = model.adapter("one");
        model.activate("one");

        model.merge();

        assertThat(model.adapter("one")).isEqualTo(before);
    }

    @Test
    void removeAdapter_leavesTheOthers_andFreesTheName() {
        model.activate("two");
        double[] before = output(model);

        model.removeAdapter("one");

        assertThat(model.adapterNames()).containsExactly("two");
        assertThat(output(model)).isEqualTo(before);
        model.addAdapter("one", config(), 1);
        assertThat(model.isTrainable("one")).isTrue();
    }

    @Test
    void wrongOrderOfCalls_namesTheStateAndTheRepair() {
        assertState(model::unmerge, "no adapter is merged", "merge()");
        assertState(model::merge, "no adapter is active", "activate(name)");
        model.activate("one");
        assertState(() -> model.removeAdapter("one"), "\"one\" is active", "activate()");
        assertState(() -> model.merge("two"), "\"two\" is not active", "activate(name)");
        model.disable();
        assertState(model::merge, "adapters are disabled", "enable()");
        model.enable();
        model.merge();
        assertState(model::merge, "\"one\" is merged", "unmerge()");
        assertState(() -> model.merge("one"), "\"one\" is merged already", "unmerge()");
        assertState(() -> model.activate("two"), "\"one\" is merged", "unmerge()");
        assertState(() -> model.removeAdapter("one"), "\"one\" is merged", "unmerge()");
        assertThat(model.mergedAdapters()).containsExactly("one");
    }

    /** Asserts that a call is refused in this state. */
    public static void assertState(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call).isInstanceOf(IllegalStateException.class).hasMessageContainingAll(parts);
    }

    @Test
    void unknownAdapter_isNamedWithTheClosest() {
        assertThatThrownBy(() -> model.adapter("tow"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"tow\"")
                .hasMessageContaining("closest: \"two\"");
        assertThatThrownBy(() -> model.activate("one", "one", "x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"one\" is given twice")
                .hasMessageContaining("no adapter \"x\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  ", ".", "..", "a/b", "a\\b", "a\u0000b", "one"})
    void addAdapter_withAnUnusableName_isRefused(String name) {
        assertThatThrownBy(() -> model.addAdapter(name, config(), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter");
        assertThat(model.adapterNames()).containsExactly("one", "two");
    }

    @ParameterizedTest
    @ValueSource(strings = {"my_task", "my task 1.v2", "é", "lora_A.weight"})
    void addAdapter_withAnOddName_works(String name) {
        model.addAdapter(name, model.adapter("one"));
        model.activate("one");
        double[] expected = output(model);

        model.activate(name);

        assertThat(output(model)).isEqualTo(expected);
    }

    @Test
    void status_andSummary_tellTheState() {
        model.activate("two");

        assertThat(model.status()).hasSameSizeAs(model.modules());
        assertThat(model.status())
                .filteredOn(status -> !status.adapters().isEmpty())
                .isNotEmpty()
                .allSatisfy(status -> {
                    assertThat(status.adapters()).containsExactly("one", "two");
                    assertThat(status.active()).containsExactly("two");
                    assertThat(status.trainable()).containsExactly("one", "two");
                });
        assertThat(model.parameterSummary().trainable())
                .isEqualTo(model.parameterSummary().modules().stream()
                        .mapToLong(ParameterSummary.ModuleParameters::adapterParameters)
                        .sum())
                .isPositive();
    }
}
