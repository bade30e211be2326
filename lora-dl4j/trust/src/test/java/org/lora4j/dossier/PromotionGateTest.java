/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.dossier.GateVerdict.Decision;

/** Verdicts of the gate, and the numbers that they rest on. */
class PromotionGateTest {

    private static final PromotionGate GATE = PromotionGate.usual();

    /** Of two labels in turn: so many both right, gained, lost and both wrong. */
    private static PairedResults results(int right, int gained, int lost, int wrong) {
        List<Double> current = new ArrayList<>();
        List<Double> candidate = new ArrayList<>();
        current.addAll(Collections.nCopies(right, 1.0));
        candidate.addAll(Collections.nCopies(right, 1.0));
        current.addAll(Collections.nCopies(gained, 0.0));
        candidate.addAll(Collections.nCopies(gained, 1.0));
        current.addAll(Collections.nCopies(lost, 1.0));
        candidate.addAll(Collections.nCopies(lost, 0.0));
        current.addAll(Collections.nCopies(wrong, 0.0));
        candidate.addAll(Collections.nCopies(wrong, 0.0));
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < current.size(); i++) {
            labels.add(i % 2 == 0 ? "even" : "odd");
        }
        return new PairedResults(labels, current, candidate, Map.of(), Map.of());
    }

    @Test
    void mcNemar_isThatOfTheBinomialDistribution() {
        // 9 gains, 1 loss: 2 (1 + 10) / 2^10.
        double[] nineToOne = {1, 1, 1, 1, 1, 1, 1, 1, 1, -1, 0, 0};
        assertThat(PromotionGate.mcNemar(nineToOne)).isCloseTo(22.0 / 1024, within(1e-12));
        // 3 to 2: 2 (1 + 5 + 10) / 2^5 = 1.
        assertThat(PromotionGate.mcNemar(new double[] {1, 1, 1, -1, -1})).isCloseTo(1, within(1e-12));
        assertThat(PromotionGate.mcNemar(new double[] {0, 0})).isEqualTo(1);
    }

    @Test
    void candidateThatIsBetter_isPromoted() {
        GateVerdict verdict = GATE.judge(results(700, 80, 20, 200));

        assertThat(verdict.decision()).isEqualTo(Decision.PROMOTE);
        assertThat(verdict.gain()).isCloseTo(0.06, within(1e-12));
        // The standard error is sqrt((0.1 - 0.0036) / 1000) = 0.0098.
        assertThat(verdict.low()).isCloseTo(0.06 - 1.96 * 0.0098, within(0.003));
        assertThat(verdict.high()).isCloseTo(0.06 + 1.96 * 0.0098, within(0.003));
        assertThat(verdict.mcNemar().orElseThrow()).isLessThan(1e-8);
        assertThat(verdict.sentence()).startsWith("promote: on 1000 examples the candidate is +0.0600 better");
        assertThat(verdict.json()).contains("\"decision\" : \"PROMOTE\"");
        assertThat(GATE.judge(results(700, 80, 20, 200))).isEqualTo(verdict);
    }

    @Test
    void candidateThatIsWorse_isKeptBack() {
        assertThat(GATE.judge(results(700, 20, 80, 200)).decision()).isEqualTo(Decision.KEEP);
    }

    @Test
    void fewExamples_cannotSay_andHowManyWouldTell() {
        GateVerdict verdict = GATE.judge(results(70, 8, 6, 16));

        assertThat(verdict.decision()).isEqualTo(Decision.CANNOT_SAY);
        // Connor: ((1.96 sqrt(0.14) + 0.8416 sqrt(0.14 - 0.0004)) / 0.02)^2 = 2744.3.
        assertThat(verdict.wouldTell().orElseThrow()).isBetween(2740L, 2750L);
        assertThat(verdict.sentence()).contains("examples would tell a difference like this");
        assertThat(GATE.judge(results(80, 0, 0, 20)).sentence()).contains("they differ in nothing");
    }

    @Test
    void labelThatLoses_keepsBackACandidateThatIsBetterOnTheWhole() {
        List<String> labels = new ArrayList<>();
        List<Double> current = new ArrayList<>();
        List<Double> candidate = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            boolean rare = i < 50;
            labels.add(rare ? "rare" : "common");
            current.add(rare ? 1.0 : i % 10 < 7 ? 1.0 : 0.0);
            candidate.add(rare ? (i < 45 ? 1.0 : 0.0) : i % 10 < 9 ? 1.0 : 0.0);
        }
        PairedResults results = new PairedResults(labels, current, candidate, Map.of(), Map.of());

        GateVerdict verdict = GATE.judge(results);

        assertThat(verdict.low()).isPositive();
        assertThat(verdict.decision()).isEqualTo(Decision.KEEP);
        assertThat(verdict.reasons())
                .containsExactly("the label \"rare\" loses 0.1000 of 50 examples, more than 0.0200");
        assertThat(new PromotionGate(0.1, 0.02, 1.25, 0, 42).judge(results).decision())
                .isEqualTo(Decision.PROMOTE);
    }

    @Test
    void whatTheBaseKnew_andCosts_keepBackToo() {
        PairedResults better = results(700, 80, 20, 200);

        assertThat(GATE.judge(better.withScore("retained", 0.9, 0.85)).reasons())
                .containsExactly("retained falls from 0.9000 to 0.8500, by more than 0.0200");
        assertThat(GATE.judge(better.withScore("retained", 0.9, 0.89)).decision())
                .isEqualTo(Decision.PROMOTE);
        assertThat(GATE.judge(better.withCost("bytes", 100, 130)).reasons())
                .containsExactly("bytes rises from 100.0 to 130.0, above 1.25 times");
        assertThat(GATE.judge(better.withCost("bytes", 100, 120)).decision()).isEqualTo(Decision.PROMOTE);
    }

    @Test
    void resultsThatAreNumbers_haveNoMcNemar() {
        List<Double> current = new ArrayList<>();
        List<Double> candidate = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            current.add(-1.0 - 0.01 * (i % 5));
            candidate.add(-0.9 - 0.01 * (i % 7));
        }
        PairedResults losses =
                new PairedResults(Collections.nCopies(200, "text"), current, candidate, Map.of(), Map.of());

        assertThat(GATE.judge(losses).mcNemar()).isEmpty();
        assertThat(GATE.judge(losses).decision()).isEqualTo(Decision.PROMOTE);
    }

    @Test
    void answers_areComparedWithTheTruth_andWrongNumbersAreTold() {
        PairedResults results =
                PairedResults.ofAnswers(List.of("a", "b", "a"), List.of("a", "a", "b"), List.of("a", "b", "b"));

        assertThat(results.current()).containsExactly(1.0, 0.0, 0.0);
        assertThat(results.candidate()).containsExactly(1.0, 1.0, 0.0);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PairedResults.ofAnswers(List.of("a"), List.of("a", "b"), List.of("a")))
                .withMessageContaining("expected as many of each");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PromotionGate(-1, Double.NaN, 0, 0, 1))
                .withMessageContaining("3 problems");
    }
}
