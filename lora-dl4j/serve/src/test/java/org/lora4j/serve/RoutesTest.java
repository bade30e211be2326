/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RoutesTest {

    private static final int KEYS = 20_000;
    private static final double PLACE_OF_ABC = 0.6968571251933081;

    private final Set<String> adapters = new TreeSet<>(List.of("one", "two", "three"));
    private final Routes routes = new Routes(() -> adapters);

    private RouteChoice resolved(String name) {
        return routes.resolve(name, Optional.empty());
    }

    private List<Integer> ofCandidate(double share) {
        routes.canary("live", "two", share);
        return IntStream.range(0, KEYS)
                .filter(i -> routes.resolve("live", Optional.of("user " + i)).role() == RouteRole.CANARY)
                .boxed()
                .toList();
    }

    @Test
    void nameThatIsNoAlias_comesBackAsItIs() {
        RouteChoice choice = resolved("anything");

        assertThat(choice.adapter()).isEqualTo("anything");
        assertThat(choice.role()).isEqualTo(RouteRole.DIRECT);
        assertThat(choice.alias()).isEmpty();
        assertThat(choice.shadow()).isEmpty();
    }

    @Test
    void alias_pointsToItsAdapter_andCanPointElsewhere() {
        routes.alias("live", "one");
        RouteChoice before = resolved("live");

        routes.alias("live", "two");

        assertThat(before.adapter()).as("a request keeps what it was given").isEqualTo("one");
        assertThat(resolved("live").adapter()).isEqualTo("two");
        assertThat(routes.status("live").previous()).contains("one");
        assertThat(routes.rollback("live").current()).isEqualTo("one");
    }

    @Test
    void whatIsNotThere_isAnErrorWithNearNames() {
        assertThatThrownBy(() -> routes.alias("live", "tow"))
                .isInstanceOfSatisfying(UnknownAdapterException.class, e -> {
                    assertThat(e.name()).isEqualTo("tow");
                    assertThat(e.near()).contains("two");
                })
                .hasMessageContaining("\"tow\" is not registered");
        assertThatThrownBy(() -> routes.shadow("live", "two")).isInstanceOf(UnknownAdapterException.class);
        routes.alias("live", "one");
        assertThatThrownBy(() -> routes.promote("life"))
                .isInstanceOfSatisfying(
                        UnknownAdapterException.class, e -> assertThat(e.near()).containsExactly("live"));
        assertThatThrownBy(() -> routes.canary("live", "four", 0.5)).isInstanceOf(UnknownAdapterException.class);
    }

    @Test
    void namesOfAdapters_andOfTheBase_areNoAliases_andTheOtherWayRound() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> routes.alias("two", "one"))
                .withMessageContaining("the name of an adapter");
        assertThatIllegalArgumentException().isThrownBy(() -> routes.alias(AdapterServer.BASE, "one"));
        routes.alias("live", "one");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> routes.adding("live", () -> adapters.add("live")))
                .withMessageContaining("an alias has this name");
        assertThat(adapters).doesNotContain("live");
    }

    @Test
    void shadow_isAskedToo_andIsNotReturned() {
        routes.alias("live", "one");
        routes.shadow("live", "two");

        RouteChoice choice = resolved("live");

        assertThat(choice.adapter()).isEqualTo("one");
        assertThat(choice.shadow()).contains("two");
        assertThat(choice.fallback()).isEmpty();
    }

    @Test
    void canary_getsItsShareOfTheKeys_theSameOnesAlways() {
        routes.alias("live", "one");

        List<Integer> tenth = ofCandidate(0.1);
        List<Integer> again = ofCandidate(0.1);
        List<Integer> half = ofCandidate(0.5);

        // Of 20,000 keys a share of 0.1 varies by 0.002: five times that.
        assertThat((double) tenth.size() / KEYS).isCloseTo(0.1, within(0.0106));
        assertThat((double) half.size() / KEYS).isCloseTo(0.5, within(0.018));
        assertThat(again).isEqualTo(tenth);
        assertThat(half).as("who has the candidate keeps it").containsAll(tenth);
        assertThat(ofCandidate(0)).isEmpty();
        assertThat(ofCandidate(1)).hasSize(KEYS);
    }

    @Test
    void canary_ofAnotherCandidate_isTriedByOthers() {
        routes.alias("live", "one");
        List<Integer> two = ofCandidate(0.1);

        long both = two.stream()
                .filter(i -> Routes.place("live", "three", "user " + i) < 0.1)
                .count();

        assertThat((double) both / two.size()).as("as by chance").isCloseTo(0.1, within(0.04));
    }

    @Test
    void canary_withoutKeys_getsItsShareOfTheRequests() {
        routes.alias("live", "one");
        routes.canary("live", "two", 0.25);

        long canaries = IntStream.range(0, 1_000)
                .filter(i -> resolved("live").role() == RouteRole.CANARY)
                .count();

        assertThat(canaries).isBetween(245L, 255L);
    }

    @Test
    void place_isTheSameInEveryProgram() {
        // FNV-1a of "a", 0xff, "b", 0xff, "c", 0xff and MurmurHash3's finalizer, computed by hand in Python.
        assertThat(Routes.place("a", "b", "c")).isEqualTo(PLACE_OF_ABC);
        assertThat(Routes.place("ab", "", "c")).isNotEqualTo(PLACE_OF_ABC);
    }

    @Test
    void canary_knowsWhatAnswersIfItFails() {
        routes.alias("live", "one");
        routes.canary("live", "two", 1);

        RouteChoice choice = resolved("live");

        assertThat(choice.adapter()).isEqualTo("two");
        assertThat(choice.fallback()).contains("one");
        assertThat(choice.shadow()).isEmpty();
    }

    @Test
    void promote_putsTheCandidateIntoUse_andRollbackTakesItBack() {
        routes.alias("live", "one");
        routes.canary("live", "two", 0.1);

        RouteStatus promoted = routes.promote("live");

        assertThat(promoted.current()).isEqualTo("two");
        assertThat(promoted.previous()).contains("one");
        assertThat(promoted.candidate()).isEmpty();
        RouteStatus back = routes.rollback("live");
        assertThat(back.current()).isEqualTo("one");
        assertThat(back.previous()).isEmpty();
        assertThatIllegalStateException()
                .isThrownBy(() -> routes.rollback("live"))
                .withMessageContaining("no candidate and pointed to no other adapter");
    }

    @Test
    void rollback_ofATrial_letsTheCandidateGo() {
        routes.alias("live", "one");
        routes.canary("live", "two", 0.5);

        RouteStatus back = routes.rollback("live");

        assertThat(back.current()).isEqualTo("one");
        assertThat(back.candidate()).isEmpty();
        assertThatIllegalStateException()
                .isThrownBy(() -> routes.promote("live"))
                .withMessageContaining("has no candidate");
    }

    @Test
    void whatIsInUse_isNoCandidate_andSharesAreChecked() {
        routes.alias("live", "one");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> routes.shadow("live", "one"))
                .withMessageContaining("is what \"live\" points to");
        for (double share : new double[] {-0.1, 1.5, Double.NaN}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> routes.canary("live", "two", share))
                    .withMessageContaining("expected 0 to 1");
        }
    }

    @Test
    void adapterOfAnAlias_isNotRemoved_untilNothingNamesIt() {
        routes.alias("live", "one");
        routes.shadow("live", "two");
        routes.promote("live");

        for (String used : List.of("one", "two")) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> routes.removing(used, () -> adapters.remove(used)))
                    .withMessageContaining("\"live\"");
        }
        routes.settle("live");
        routes.removing("one", () -> adapters.remove("one"));
        routes.remove("live");
        routes.removing("two", () -> adapters.remove("two"));

        assertThat(adapters).containsExactly("three");
        assertThat(routes.aliases()).isEmpty();
    }

    @Test
    void counts_areOfThePartInWhichAnAdapterAnswered() {
        routes.alias("live", "one");
        routes.shadow("live", "two");
        RouteChoice shadowed = resolved("live");
        shadowed.answered(RouteRole.CURRENT, Duration.ofMillis(10));
        shadowed.answered(RouteRole.SHADOW, Duration.ofMillis(20));
        shadowed.agreed(1);
        shadowed.agreed(0.5);
        shadowed.leftOut();
        routes.canary("live", "two", 1);
        RouteChoice canary = resolved("live");
        canary.failed(RouteRole.CANARY);
        canary.answered(RouteRole.CURRENT, Duration.ofMillis(30));

        RouteStatus status = routes.status("live");

        assertThat(status.ofCurrent().answered()).isEqualTo(2);
        assertThat(status.ofCurrent().latency().sum()).isCloseTo(0.04, within(1e-9));
        assertThat(status.ofCandidate().answered()).isEqualTo(1);
        assertThat(status.ofCandidate().failed()).isEqualTo(1);
        assertThat(status.compared()).isEqualTo(2);
        assertThat(status.agreement()).isEqualTo(0.75);
        assertThat(status.leftOut()).isEqualTo(1);
        assertThat(routes.promote("live").ofCurrent().failed())
                .as("what it did as a candidate goes along")
                .isEqualTo(1);
    }

    @Test
    void requests_seeEveryChangeWhole() throws Exception {
        routes.alias("live", "one");
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> work = new ArrayList<>();
            for (int thread = 0; thread < 3; thread++) {
                work.add(threads.submit(() -> {
                    for (int i = 0; i < 20_000; i++) {
                        RouteChoice choice = resolved("live");
                        assertThat(choice.adapter()).isIn("one", "two");
                        if (choice.role() == RouteRole.CANARY) {
                            assertThat(choice.fallback()).isPresent().get().isNotEqualTo(choice.adapter());
                        }
                        choice.answered(choice.role(), Duration.ofNanos(1));
                    }
                }));
            }
            work.add(threads.submit(() -> {
                for (int i = 0; i < 3_000; i++) {
                    String other = routes.status("live").current().equals("one") ? "two" : "one";
                    routes.canary("live", other, 0.5);
                    routes.promote("live");
                    routes.settle("live");
                }
            }));
            for (Future<?> done : work) {
                done.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
