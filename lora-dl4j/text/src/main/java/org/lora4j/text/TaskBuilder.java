/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.function.Function;

/**
 * The builder of a task that has no settings of its own.
 *
 * @param <T> the task
 * @apiNote Status: stable
 */
public final class TaskBuilder<T> extends TextTaskBuilder<TaskBuilder<T>, T> {

    private final Function<TaskBuilder<T>, T> maker;

    TaskBuilder(String task, TextEncoder encoder, Function<TaskBuilder<T>, T> maker) {
        super(task, encoder);
        this.maker = maker;
    }

    @Override
    protected TaskBuilder<T> self() {
        return this;
    }

    @Override
    T make() {
        return maker.apply(this);
    }
}
