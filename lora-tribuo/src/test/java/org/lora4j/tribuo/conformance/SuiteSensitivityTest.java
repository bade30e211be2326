/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;

/** The suite notices what it is there for: each fault fails the tests that name it, and no others. */
class SuiteSensitivityTest {

    private static final String FAULT = "lora4j.conformance.fault";
    private static final String LIMITED_RULE = "train_onNoExamples_isRejected";

    /** Says nothing of our code: to be run when the suite changes. */
    @Tag("thorough")
    @ParameterizedTest
    @EnumSource(Fault.class)
    void fault_failsTheTestsThatNameItAndNoOthers(Fault fault) {
        Events tests = run(AsIs.class, fault);

        assertThat(names(tests.failed())).containsExactlyInAnyOrderElementsOf(fault.noticedBy);
        assertThat(tests.aborted().count()).isZero();
        assertThat(tests.skipped().count()).isZero();
    }

    @Test
    void everyRule_isNoticedByAFault() {
        Set<String> rules = Arrays.stream(AsIs.class.getMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .map(Method::getName)
                .collect(Collectors.toSet());
        Set<String> noticed = Arrays.stream(Fault.values())
                .flatMap(fault -> fault.noticedBy.stream())
                .collect(Collectors.toSet());

        assertThat(noticed).isEqualTo(rules);
    }

    @Test
    void limit_whoseRuleIsBroken_isSkippedWithItsReason() {
        Events tests = run(Limited.class, Fault.LEARNS_NOTHING);

        assertThat(names(tests.failed())).isEmpty();
        assertThat(names(tests.aborted())).containsExactly(LIMITED_RULE);
    }

    @Test
    void limit_whoseRuleHolds_isAnError() {
        Events tests = run(Limited.class, Fault.NONE);

        assertThat(names(tests.failed())).containsExactly(LIMITED_RULE);
        assertThat(tests.aborted().count()).isZero();
    }

    @Test
    void limit_thatNamesNoTest_isAnError() {
        assertThat(names(run(Misnamed.class, Fault.NONE).failed())).containsExactly("limits_nameTestsOfTheSuite");
    }

    private static Events run(Class<?> subject, Fault fault) {
        return EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(subject))
                .configurationParameter(FAULT, fault.name())
                .execute()
                .testEvents();
    }

    private static Set<String> names(Events events) {
        return events.stream()
                .map(event ->
                        (MethodSource) event.getTestDescriptor().getSource().orElseThrow())
                .map(MethodSource::getMethodName)
                .collect(Collectors.toSet());
    }

    /** The trainer with the fault that the run asks for. */
    @ExtendWith(FaultOfTheRun.class)
    static class AsIs extends LabelTrainerConformance {

        private final Fault fault;

        AsIs(Fault fault) {
            this.fault = fault;
        }

        @Override
        public Trainer<Label> trainer(long seed) {
            return new FaultyTrainer(fault, seed);
        }

        @Override
        public DoubleSupplier sharedRandomNumbers(long seed) {
            return FaultyTrainer.drawn((int) seed);
        }
    }

    /** The same, with a limit. */
    static class Limited extends AsIs {

        Limited(Fault fault) {
            super(fault);
        }

        @Override
        public Map<String, String> limits() {
            return Map.of(LIMITED_RULE, "declared for a test of the suite");
        }
    }

    /** The same, with a limit on nothing. */
    static class Misnamed extends AsIs {

        Misnamed(Fault fault) {
            super(fault);
        }

        @Override
        public Map<String, String> limits() {
            return Map.of("no_such_test", "declared for a test of the suite");
        }
    }

    /** Gives the constructor the fault of the run. */
    static final class FaultOfTheRun implements ParameterResolver {

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == Fault.class;
        }

        @Override
        public Fault resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return Fault.valueOf(context.getConfigurationParameter(FAULT).orElseThrow());
        }
    }
}
