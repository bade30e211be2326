/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.lora4j.error.Problems;
import org.lora4j.internal.parts.PartExchange;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.RunListener;

/**
 * A kind of task, as a row of the table of them: what it reads of a table's row, how it learns, what it adds to a row.
 *
 * @param <B> a base
 * @param <E> an example
 * @param <I> an input of a prediction
 */
interface RowTask<B extends AutoCloseable, E, I> extends Serializable {

    /** What messages call it. */
    String name();

    /** Opens a base that has been published. */
    B named(String name) throws IOException;

    /** Opens a base of files. */
    B open(Path path) throws IOException;

    /** Looks at a table to learn from. */
    void checkTraining(TableColumns columns, ParamValues settings);

    /**
     * Tries on the driver what tasks will do to learn over a base, without rows.
     *
     * @param facts what the table told
     * @param schema of the table
     * @param problems gets all that would go wrong
     * @throws IOException if the base cannot be read again
     */
    void rehearseTraining(B base, ParamValues settings, Facts facts, StructType schema, Problems problems)
            throws IOException;

    /** The columns that examples are made of. */
    List<String> trainingColumns(ParamValues settings);

    /** What a table tells of a model that learns from it. */
    default Facts facts(StructType schema, ParamValues settings) {
        return Facts.NONE;
    }

    /**
     * An example.
     *
     * @throws IllegalArgumentException if a cell cannot be used; the message says which
     */
    E example(Row row, ParamValues settings, Facts facts);

    /**
     * Learns, and writes what was learned.
     *
     * @param facts what the table told
     * @param validation the examples to choose by; empty if they are to be taken from the others
     * @param site where it learns
     * @param directory an empty directory
     * @return what is known of the model
     */
    Facts train(B base, ParamValues settings, Facts facts, List<E> train, List<E> validation, Site site, Path directory)
            throws IOException;

    /**
     * Where something learns: alone, or as one of several workers that share the parts of each batch.
     *
     * @param others the way to the other workers; empty if there are none
     * @param checkpoints where steps are written down, and from where they go on; empty for nowhere
     * @param listeners told of steps
     */
    record Site(Optional<PartExchange> others, Optional<Checkpoints> checkpoints, List<RunListener> listeners) {

        /** One machine, from the beginning. */
        static final Site ALONE = new Site(Optional.empty(), Optional.empty(), List.of());

        /** The same with somebody who is told of steps. */
        Site with(RunListener listener) {
            return new Site(others, checkpoints, List.of(listener));
        }
    }

    /**
     * Tries on the driver what tasks will do to predict over a base.
     *
     * @param directory where what was learned is written; empty for the base alone
     * @throws IOException if a file is missing or damaged, or is for another base
     */
    default void rehearsePrediction(B base, ParamValues settings, Optional<Path> directory, Configuration hadoop)
            throws IOException {
        load(base, settings, directory, hadoop).close();
    }

    /** Looks at a table to predict for. */
    void checkPrediction(TableColumns columns, ParamValues settings);

    /** The settings without what a table has no columns for. */
    default ParamValues forTable(TableColumns columns, ParamValues settings) {
        return settings;
    }

    /**
     * An input.
     *
     * @throws IllegalArgumentException if a cell cannot be used; the message says which
     */
    I input(Row row, ParamValues settings, Facts facts);

    /** The columns that are added, in their order. */
    List<StructField> outputs(ParamValues settings, Facts facts);

    /** What of the settings makes it another model. */
    String modelKey(ParamValues settings);

    /**
     * Opens what was learned.
     *
     * @param directory where it was written; empty for the base alone
     * @param hadoop by what files of others are read
     */
    Predictor<I> load(B base, ParamValues settings, Optional<Path> directory, Configuration hadoop) throws IOException;

    /**
     * What gives the columns that are added.
     *
     * @param <I> an input
     */
    interface Predictor<I> extends AutoCloseable {

        /** The cells of each input, in the order of {@link RowTask#outputs}. */
        List<Object[]> predict(List<I> inputs, ParamValues settings, Facts facts);

        @Override
        void close();
    }
}
