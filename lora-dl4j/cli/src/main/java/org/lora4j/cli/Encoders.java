/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import org.lora4j.text.EncoderTaskBuilder;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTaskBuilder;

/** Encoders and builders of text tasks as settings ask for them. */
final class Encoders {

    private Encoders() {}

    static TextEncoder open(LearnerWork work) throws IOException {
        TextEncoder encoder = work.base().encoder();
        return work.settings().has(Setting.MAX_LENGTH)
                ? encoder.withMaxLength(
                        work.settings().integer(Setting.MAX_LENGTH).getAsInt())
                : encoder;
    }

    static void configure(EncoderTaskBuilder<?, ?> builder, LearnerWork work) {
        CliSettings settings = work.settings();
        FitFlags.apply(builder, settings, work.listeners());
        if (AdapterSettings.method(settings).equals(AdapterSettings.HEAD)) {
            builder.headOnly();
        }
        settings.integer(Setting.BATCH_SIZE).ifPresent(builder::batchSize);
        settings.number(Setting.HEAD_LEARNING_RATE).ifPresent(builder::headLearningRate);
        work.checkpoints().ifPresent(builder::checkpoints);
    }

    /** The same for a task over texts, of which some may be empty. */
    static void configureTexts(TextTaskBuilder<?, ?> builder, LearnerWork work) {
        configure(builder, work);
        if (work.settings().flag(Setting.SKIP_EMPTY)) {
            builder.skipEmpty();
        }
    }
}
