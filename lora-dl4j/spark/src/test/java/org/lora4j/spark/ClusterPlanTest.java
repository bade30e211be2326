/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.spark.ClusterPlan.Network;
import org.lora4j.spark.ClusterPlan.StepTimes;

/** Plans of clusters, by hand; and the table of docs/spark.md, which is made of measured times of a step. */
class ClusterPlanTest {

    /** Seconds of a step of 64 questions with all-MiniLM-L6-v2 on one core, below which 10, 30, 50, 70, 90 and 99 of 100 were (benchmark "spark"). */
    private static final StepTimes MEASURED = new StepTimes(
            new double[] {0.1, 0.3, 0.5, 0.7, 0.9, 0.99}, new double[] {0.23, 0.27, 0.33, 0.42, 0.80, 1.48});

    /** 341,401 values of LoRA of rank 8 on all linear layers. */
    private static final long GRADIENT = 4 * 341_401L;

    private static final long MINILM = 90_900_000L;

    private static final Network SLOW = new Network("slow", 1e6, 0.001);

    /** Any time from one to two seconds, each as likely. */
    private final ClusterPlan plan =
            new ClusterPlan(new StepTimes(new double[] {0, 1}, new double[] {1, 2}), 1_000_000, 10_000_000);

    @Test
    void star_collectsOneAfterTheOther_andGivesAllToEach() {
        // Three parts come in 3 s; four parts go to three in 12 s; two ways.
        assertThat(plan.star(4, SLOW)).isCloseTo(3 + 12 + 0.002, within(1e-9));
        assertThat(plan.held(4)).isEqualTo(4e6);
    }

    @Test
    void ring_passesEachPartOn() {
        assertThat(plan.ring(4, SLOW)).isCloseTo(3 * 1.001, within(1e-9));
    }

    @Test
    void tree_goesUpAndDown() {
        // Of 10 workers four levels.
        assertThat(plan.tree(10, SLOW)).isCloseTo(8 * 1.001, within(1e-9));
        assertThat(plan.tree(2, SLOW)).isCloseTo(2 * 1.001, within(1e-9));
    }

    @Test
    void slowestWorker_isTheLargestOfAsManyDraws() {
        assertThat(plan.steps().mean()).isCloseTo(1.5, within(1e-9));
        // The largest of n draws from 0 to 1 is n / (n + 1) on average.
        assertThat(plan.slowest(1, 7)).isCloseTo(1.5, within(0.02));
        assertThat(plan.slowest(2, 7)).isCloseTo(1 + 2 / 3.0, within(0.02));
        assertThat(plan.slowest(99, 7)).isCloseTo(1.99, within(0.001));
    }

    @Test
    void stepTimes_areOnLinesBetweenWhatWasMeasured() {
        StepTimes times = new StepTimes(new double[] {0.1, 0.5, 0.9}, new double[] {1, 3, 4});

        assertThat(times.at(0)).isEqualTo(1);
        assertThat(times.at(0.2)).isCloseTo(1.5, within(1e-9));
        assertThat(times.at(0.7)).isCloseTo(3.5, within(1e-9));
        assertThat(times.at(0.95)).isEqualTo(4);
    }

    @Test
    void base_comesFromOneMachineOrFromMany() {
        assertThat(plan.baseFromOne(100, SLOW)).isCloseTo(1_000, within(1e-9));
        // 100 executors: seven levels.
        assertThat(plan.baseByBroadcast(100, SLOW)).isCloseTo(20.007, within(1e-9));
    }

    @Test
    void tableOfTheGuide_isWhatThePlanSays() throws IOException {
        List<String> table = new ClusterPlan(MEASURED, GRADIENT, MINILM)
                .table(List.of(Network.ONE_GIGABIT, Network.TEN_GIGABIT, Network.HUNDRED_GIGABIT), 10, 100, 1_000);

        assertThat(Files.readString(Path.of("../../docs/spark.md")))
                .as(String.join("\n", table))
                .contains(String.join("\n", table));
    }
}
