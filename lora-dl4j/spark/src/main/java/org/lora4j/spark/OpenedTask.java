/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.util.List;
import org.lora4j.text.TextEncoder;

/** A task over texts that was opened, with its base cut to the length that was asked for. */
final class OpenedTask {

    /** Opens it. */
    interface Opener<T> {
        T open(TextEncoder encoder) throws IOException;
    }

    /** Gives the cells of each input. */
    interface Answers<T, I> {
        List<Object[]> of(T task, List<I> inputs, ParamValues settings, Facts facts);
    }

    private OpenedTask() {}

    /** Opens a task, which is closed with what is made for it. */
    static <T extends AutoCloseable, I> RowTask.Predictor<I> of(
            TextEncoder base, ParamValues settings, Opener<T> opener, Answers<T, I> answers) throws IOException {
        int length = settings.count("maxTokenLen");
        TextEncoder encoder = length == 0 ? base : base.withMaxLength(length);
        T task;
        try {
            task = opener.open(encoder);
        } catch (IOException | RuntimeException e) {
            closeUnless(base, encoder);
            throw e;
        }
        return new RowTask.Predictor<>() {
            @Override
            public List<Object[]> predict(List<I> inputs, ParamValues now, Facts facts) {
                return answers.of(task, inputs, now, facts);
            }

            @Override
            public void close() {
                try {
                    task.close();
                } catch (RuntimeException e) {
                    throw e;
                } catch (Exception e) {
                    throw new IllegalStateException("a task could not be closed: " + e.getMessage(), e);
                } finally {
                    closeUnless(base, encoder);
                }
            }
        };
    }

    private static void closeUnless(TextEncoder base, TextEncoder used) {
        if (used != base) {
            used.close();
        }
    }
}
