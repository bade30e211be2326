/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class TaskStreamTest {

    private static final Function<String, String> FIRST_LETTER = text -> text.isEmpty() ? null : text.substring(0, 1);

    private static ContinualTask<String> task(String name) {
        return ContinualTask.of(name, List.of("a1", "b1", "a2"), List.of("b2"), FIRST_LETTER);
    }

    /** Knows what it learned last, half of what it learned before and nothing else. */
    private static final class Forgetful implements ContinualLearner<String> {
        private final List<String> learned = new ArrayList<>();

        @Override
        public void learn(ContinualTask<String> task) {
            learned.add(task.name());
        }

        @Override
        public double accuracy(ContinualTask<String> task) {
            int place = learned.indexOf(task.name());
            return place < 0 ? 0.25 : place == learned.size() - 1 ? 1 : 0.5;
        }
    }

    @Test
    void run_teachesInOrderAndEvaluatesEverythingEachTime() {
        Forgetful learner = new Forgetful();

        ForgettingReport report =
                TaskStream.of(List.of(task("x"), task("y"), task("z"))).run(learner);

        assertThat(learner.learned).containsExactly("x", "y", "z");
        assertThat(report)
                .isEqualTo(ForgettingReport.of(
                                List.of("x", "y", "z"), new double[][] {{1, 0.25, 0.25}, {0.5, 1, 0.25}, {0.5, 0.5, 1}})
                        .withBaseline(0.25, 0.25, 0.25));
    }

    @Test
    void run_whenAnAccuracyIsNaN_namesTheTaskAndTheTime() {
        ContinualLearner<String> broken = new ContinualLearner<>() {
            private int learned;

            @Override
            public void learn(ContinualTask<String> task) {
                learned++;
            }

            @Override
            public double accuracy(ContinualTask<String> task) {
                return learned == 1 && task.name().equals("y") ? Double.NaN : 0;
            }
        };
        TaskStream<String> stream = TaskStream.of(List.of(task("x"), task("y")));

        assertThatThrownBy(() -> stream.run(broken))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("TaskStream, after \"x\": the learner's accuracy on \"y\" is NaN");
    }

    @Test
    void of_clashingNames_isRefused() {
        assertThatThrownBy(() -> TaskStream.of(List.of(task("x"), task("y"), task("x"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tasks[2] is called \"x\" as one before it");
    }

    @Test
    void of_oneTask_isRefused() {
        assertThatThrownBy(() -> TaskStream.of(List.of(task("x"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("number of tasks = 1, expected 2 or more");
    }

    @Test
    void label_isThePlaceAmongTheSortedLabels() {
        ContinualTask<String> task = task("x");

        assertThat(task.labels()).containsExactly("a", "b");
        assertThat(task.label("b7")).isEqualTo(1);
        assertThatThrownBy(() -> task.label("c"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"x\": an example has the label \"c\"");
    }

    @Test
    void task_withoutDataAndName_saysBoth() {
        assertThatThrownBy(() -> ContinualTask.of(" ", List.<String>of(), List.of("a"), FIRST_LETTER))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 problems")
                .hasMessageContaining("name = \" \"")
                .hasMessageContaining("training has no examples");
    }

    @Test
    void task_withLabelsNeverSeen_namesEachOfThem() {
        Function<String, String> itself = text -> text;
        List<String> training = List.of("balance", "transfer");

        assertThatThrownBy(() -> ContinualTask.of("bank", training, List.of("balanse", "rain"), itself))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "test has the label \"balanse\", which training never shows; closest: \"balance\"")
                .hasMessageContaining("test has the label \"rain\"");
    }

    @Test
    void task_withoutLabelsOrOfOneClass_isRefused() {
        assertThatThrownBy(() -> ContinualTask.of("x", List.of("a1", ""), List.of("a"), FIRST_LETTER))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("training[1] has no label (null)")
                .hasMessageContaining("training has the one class \"a\"");
    }
}
