/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ReplayMemoryTest {

    /** Nine of class a, three each of b and c. */
    private static List<String> examples() {
        List<String> examples = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            examples.add("a" + i);
        }
        for (int i = 0; i < 3; i++) {
            examples.add("b" + i);
            examples.add("c" + i);
        }
        return examples;
    }

    private static ReplayMemory<String> memory(int perTask, long seed) {
        return ReplayMemory.<String>of(perTask, seed).with("t", examples(), text -> text.substring(0, 1));
    }

    @Test
    void with_drawsEvenlyOverClasses_withoutRepeating() {
        List<String> drawn = memory(6, 1).examples("t");

        assertThat(drawn).doesNotHaveDuplicates().hasSize(6).isSubsetOf(examples());
        assertThat(drawn.stream().filter(text -> text.startsWith("a"))).hasSize(2);
        assertThat(drawn.stream().filter(text -> text.startsWith("b"))).hasSize(2);
    }

    @Test
    void with_whenAClassRunsOut_takesMoreOfTheOthers() {
        List<String> drawn = memory(12, 1).examples("t");

        assertThat(drawn).doesNotHaveDuplicates().hasSize(12);
        assertThat(drawn.stream().filter(text -> text.startsWith("a"))).hasSize(6);
    }

    @Test
    void with_fewerExamplesThanRoom_keepsAll() {
        assertThat(memory(100, 1).examples("t")).containsExactlyInAnyOrderElementsOf(examples());
    }

    @Test
    void with_equalSeeds_drawsTheSame_andOtherSeedsOthers() {
        Set<List<String>> draws = new TreeSet<>((a, b) -> a.toString().compareTo(b.toString()));
        for (long seed = 0; seed < 20; seed++) {
            assertThat(memory(5, seed).examples("t")).isEqualTo(memory(5, seed).examples("t"));
            draws.add(memory(5, seed).examples("t"));
        }

        assertThat(draws).hasSizeGreaterThan(15);
    }

    @Test
    void with_oneClassForAll_drawsFromEverything() {
        int[] counts = new int[15];
        for (long seed = 0; seed < 300; seed++) {
            ReplayMemory<String> memory = ReplayMemory.<String>of(3, seed).with("t", examples(), text -> "");
            memory.examples().forEach(text -> counts[examples().indexOf(text)]++);
        }

        // 300 draws of 3 in 15: 60 each, with a standard deviation of 7.
        assertThat(counts).satisfies(c -> {
            for (int count : c) {
                assertThat(count).isBetween(30, 90);
            }
        });
    }

    @Test
    void sampleOfATask_doesNotDependOnTheTasksBefore() {
        ReplayMemory<String> after = ReplayMemory.<String>of(5, 1)
                .with("before", List.of("x"), text -> "")
                .with("t", examples(), text -> text.substring(0, 1));

        assertThat(after.examples("t")).isEqualTo(memory(5, 1).examples("t"));
        assertThat(after.tasks()).containsExactly("before", "t");
        assertThat(after.examples()).startsWith("x").hasSize(6);
        assertThat(after.examples("unknown")).isEmpty();
    }

    @Test
    void with_badInput_isRefusedInOneMessage() {
        ReplayMemory<String> memory = memory(5, 1);

        assertThatThrownBy(() -> memory.with("t", List.of(), text -> ""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 problems")
                .hasMessageContaining("the task \"t\" is in the memory")
                .hasMessageContaining("the task \"t\" has no examples");
        assertThatThrownBy(() -> ReplayMemory.of(0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("perTask = 0");
    }
}
