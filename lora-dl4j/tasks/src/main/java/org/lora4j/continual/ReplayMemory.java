/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import org.lora4j.error.Problems;
import org.lora4j.random.RandomStreams;

/**
 * A few examples of each task, kept to be learned again with later ones. A value.
 *
 * <p>What is drawn of a task depends on the seed and the task's name only, not on the tasks before it.
 *
 * <p><i>Source:</i> Chaudhry et al. 2019, On Tiny Episodic Memories in Continual Learning, arXiv:1902.10486: a memory of the
 * same size for each class does better than the gradient constraints that such memories were first used for.
 *
 * @param <T> type of an example
 * @apiNote Status: experimental
 */
public final class ReplayMemory<T> {

    private final int perTask;
    private final long seed;
    private final Map<String, List<T>> kept;

    private ReplayMemory(int perTask, long seed, Map<String, List<T>> kept) {
        this.perTask = perTask;
        this.seed = seed;
        this.kept = kept;
    }

    /**
     * Makes an empty memory.
     *
     * @param perTask how many examples of each task to keep, 1 or more
     * @param seed which ones
     * @param <T> type of an example
     * @return the memory
     * @throws IllegalArgumentException if the number is outside of its range
     */
    public static <T> ReplayMemory<T> of(int perTask, long seed) {
        Problems problems = new Problems();
        problems.atLeast("perTask", perTask, 1);
        problems.throwIfAny("ReplayMemory");
        return new ReplayMemory<>(perTask, seed, Map.of());
    }

    /**
     * The memory with a sample of one more task, as evenly over its classes as possible: classes take turns until the sample is
     * full, each giving one of its examples at random; their order is random, too.
     *
     * @param task name that no task in this memory has
     * @param examples the examples, one or more; all are kept if they are no more than fit
     * @param classOf class of an example; the same for all to draw without regard to classes
     * @return a new memory
     * @throws IllegalArgumentException if the name is taken or there are no examples; the message lists every problem
     */
    public ReplayMemory<T> with(String task, List<T> examples, Function<? super T, String> classOf) {
        Problems problems = new Problems();
        problems.check(!kept.containsKey(task), "the task \"" + task + "\" is in the memory, expected another name");
        problems.check(!examples.isEmpty(), "the task \"" + task + "\" has no examples, expected one or more");
        problems.throwIfAny("ReplayMemory");
        Map<String, List<T>> more = new LinkedHashMap<>(kept);
        more.put(task, draw(examples, classOf, RandomStreams.of(seed, task)));
        return new ReplayMemory<>(perTask, seed, more);
    }

    private List<T> draw(List<T> examples, Function<? super T, String> classOf, SplittableRandom random) {
        Map<String, List<T>> classes = new TreeMap<>();
        for (T example : examples) {
            classes.computeIfAbsent(classOf.apply(example), c -> new ArrayList<>())
                    .add(example);
        }
        List<List<T>> turns = new ArrayList<>(classes.values());
        List<T> drawn = new ArrayList<>();
        while (drawn.size() < Math.min(perTask, examples.size())) {
            List<List<T>> left = new ArrayList<>(turns);
            while (!left.isEmpty() && drawn.size() < perTask) {
                List<T> next = take(left, random);
                if (!next.isEmpty()) {
                    drawn.add(take(next, random));
                }
            }
        }
        return List.copyOf(drawn);
    }

    private static <E> E take(List<E> from, SplittableRandom random) {
        int index = random.nextInt(from.size());
        E taken = from.get(index);
        from.set(index, from.get(from.size() - 1));
        from.remove(from.size() - 1);
        return taken;
    }

    /**
     * What is kept of a task.
     *
     * @param task its name
     * @return the examples, unmodifiable; empty if the memory does not know the task
     */
    public List<T> examples(String task) {
        return kept.getOrDefault(task, List.of());
    }

    /**
     * Everything that is kept.
     *
     * @return the examples of all tasks, unmodifiable, task by task in the order in which they came
     */
    public List<T> examples() {
        return kept.values().stream().flatMap(List::stream).toList();
    }

    /**
     * The tasks.
     *
     * @return names in the order in which they came, unmodifiable
     */
    public List<String> tasks() {
        return List.copyOf(kept.keySet());
    }

    @Override
    public String toString() {
        return "ReplayMemory[" + examples().size() + " examples of " + kept.size() + " tasks, " + perTask
                + " for each, seed " + seed + "]";
    }
}
