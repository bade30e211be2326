/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Objects;
import java.util.Optional;
import org.lora4j.pretrained.PretrainedHead;

/**
 * How a text task learns: what the builder of every task over texts has. Without any call: LoRA of rank 8 on all linear layers, three
 * epochs of batches of at most 32 texts of similar length, and the best epoch on the validation part kept.
 *
 * @param <B> the builder
 * @param <T> the task
 * @apiNote Status: stable
 */
public abstract class TextTaskBuilder<B extends TextTaskBuilder<B, T>, T> extends EncoderTaskBuilder<B, T> {

    private static final int TOKEN_BUDGET = 4096;

    private final TextEncoder encoder;
    private Optional<PretrainedHead> head = Optional.empty();
    private boolean skipEmpty;

    /**
     * For the builder of a task that has settings of its own; {@link TaskBuilder} is one for others.
     *
     * @param task name of the task in messages
     * @param encoder the encoder
     */
    protected TextTaskBuilder(String task, TextEncoder encoder) {
        super(
                task,
                Objects.requireNonNull(encoder, task + ": encoder is null; expected a TextEncoder")
                        .name(),
                TOKEN_BUDGET);
        this.encoder = encoder;
    }

    final TextEncoder encoder() {
        return encoder;
    }

    @Override
    final boolean skipsEmpty() {
        return skipEmpty;
    }

    /** Begins with the head of the encoder's checkpoint, if a task reads it. */
    final B fromCheckpoint() {
        head = encoder.head().filter(of -> of.last().isPresent());
        return self();
    }

    /** The head to begin with. */
    final Optional<PretrainedHead> head() {
        return head;
    }

    /**
     * Leaves out examples whose text is empty, or one of whose texts is, when this task learns or is evaluated, and says which in the
     * log and the report. Without this call they are refused, all of them in one message.
     *
     * @return this
     */
    public B skipEmpty() {
        skipEmpty = true;
        return self();
    }
}
