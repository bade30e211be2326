/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTask;
import org.lora4j.text.TextTaskBuilder;

/**
 * A kind of text task as files and a terminal have it.
 *
 * @param name what users call it
 * @param saved what its saved directory says of it
 * @param columns the settings that name its columns
 * @param inputs those of them that a prediction needs
 * @param example an example of a row
 * @param label what rows are drawn by
 * @param builder its builder, with settings that no other task has
 * @param loader reads a saved one
 * @param input an input of a row
 * @param shown what is predicted, by column of the answer
 * @param measures an evaluation, by name of the measure
 * @param test what it does with each example of a test
 */
record TextKind<I, E, P, R, T extends TextTask<I, E, P, R, T>>(
        String name,
        String saved,
        List<Setting> columns,
        List<Setting> inputs,
        FromRow<E> example,
        Function<E, String> label,
        BiFunction<TextEncoder, CliSettings, ? extends TextTaskBuilder<?, T>> builder,
        Loader<T> loader,
        FromRow<I> input,
        BiFunction<I, P, Map<String, Object>> shown,
        Function<R, Map<String, Object>> measures,
        OnTest<E, T> test) {

    /** A learner of this kind that has learned nothing yet. */
    TextLearner<I, E, P, R, T> fresh(LearnerWork work) {
        return TextLearner.fresh(this, work);
    }

    /** A saved learner of this kind. */
    TextLearner<I, E, P, R, T> load(Path directory, LearnerWork work) {
        return TextLearner.load(this, directory, work);
    }

    /** Makes something of a row. */
    interface FromRow<X> {
        X of(Cells cells) throws Cells.BadRow;
    }

    /** Reads a saved task. */
    interface Loader<T> {
        T load(Path directory, Path... folders) throws IOException;
    }
}
