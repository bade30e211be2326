/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.lora4j.report.TrainingReport;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.FitReport;

/**
 * A task at work, whatever its kind.
 *
 * @param <E> an example
 */
interface Learner<E> extends AutoCloseable {

    /** What it is called, such as {@code classification}. */
    String kind();

    /** Opens the model now, which otherwise waits until it is needed. */
    void open();

    /** The examples of a file. */
    List<Item<E>> read(Path file);

    /** Refuses parts that do not fit each other, in the user's words. */
    void check(List<Item<E>> train, List<Item<E>> validation, List<Item<E>> test);

    /**
     * Learns.
     *
     * @param validation to choose by; empty for a part of the others
     * @param resume whether a run that was stopped goes on
     */
    void fit(List<E> train, List<E> validation, boolean resume);

    FitReport report();

    /** How good it is, by name of the measure. */
    Map<String, Object> evaluate(List<E> examples);

    /**
     * What its training did, for people.
     *
     * @param examples of a test, of which each answer is shown; may be empty
     */
    TrainingReport page(List<E> examples);

    /** How well it does with each example. */
    Marks marks(List<E> examples);

    void save(Path directory) throws IOException;

    /** The model with what it learned beside the frozen weights; refused where all weights or the head alone learned. */
    AdaptedSameDiff adapted();

    /** Writes what was learned, merged, where others run it. */
    void export(Path directory) throws IOException;

    @Override
    void close();
}
