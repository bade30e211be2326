/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Objects;
import java.util.function.Function;

/**
 * The builder of a task that has no settings of its own.
 *
 * @param <T> the task
 * @apiNote Status: stable
 */
public final class TaskBuilder<T> extends TextTaskBuilder<TaskBuilder<T>, T> {

    private final Function<TaskBuilder<T>, T> maker;

    /**
     * For the class of a task, whose {@code builder} gives it.
     *
     * @param task name of the task in messages
     * @param encoder the encoder
     * @param maker makes the task of what was set
     */
    public TaskBuilder(String task, TextEncoder encoder, Function<TaskBuilder<T>, T> maker) {
        super(task, encoder);
        this.maker = Objects.requireNonNull(maker, task + ": maker is null; expected the constructor of the task");
    }

    @Override
    protected TaskBuilder<T> self() {
        return this;
    }

    @Override
    protected T make() {
        return maker.apply(this);
    }
}
