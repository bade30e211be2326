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
import org.lora4j.internal.parts.PartExchange;
import org.lora4j.train.Checkpoints;

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
    void checkTraining(Columns columns, Settings settings);

    /** The columns that examples are made of. */
    List<String> trainingColumns(Settings settings);

    /** What a table tells of a model that learns from it. */
    default Facts facts(StructType schema, Settings settings) {
        return Facts.NONE;
    }

    /**
     * An example.
     *
     * @throws IllegalArgumentException if a cell cannot be used; the message says which
     */
    E example(Row row, Settings settings, Facts facts);

    /**
     * Learns, and writes what was learned.
     *
     * @param facts what the table told
     * @param validation the examples to choose by; empty if they are to be taken from the others
     * @param site where it learns
     * @param directory an empty directory
     * @return what is known of the model
     */
    Facts train(
            B base, Settings settings, Facts facts, List<E> train, List<E> validation, Site site, Path directory)
            throws IOException;

    /**
     * Where something learns: alone, or as one of several workers that share the parts of each batch.
     *
     * @param others the way to the other workers; empty if there are none
     * @param checkpoints where steps are written down, and from where they go on; empty for nowhere
     */
    record Site(Optional<PartExchange> others, Optional<Checkpoints> checkpoints) {

        /** One machine, from the beginning. */
        static final Site ALONE = new Site(Optional.empty(), Optional.empty());
    }

    /** Looks at a table to predict for. */
    void checkPrediction(Columns columns, Settings settings);

    /** The settings without what a table has no columns for. */
    default Settings forTable(Columns columns, Settings settings) {
        return settings;
    }

    /**
     * An input.
     *
     * @throws IllegalArgumentException if a cell cannot be used; the message says which
     */
    I input(Row row, Settings settings, Facts facts);

    /** The columns that are added, in their order. */
    List<StructField> outputs(Settings settings, Facts facts);

    /** What of the settings makes it another model. */
    String modelKey(Settings settings);

    /**
     * Opens what was learned.
     *
     * @param directory where it was written; empty for the base alone
     * @param hadoop by what files of others are read
     */
    Predictor<I> load(B base, Settings settings, Optional<Path> directory, Configuration hadoop) throws IOException;

    /**
     * What gives the columns that are added.
     *
     * @param <I> an input
     */
    interface Predictor<I> extends AutoCloseable {

        /** The cells of each input, in the order of {@link RowTask#outputs}. */
        List<Object[]> predict(List<I> inputs, Settings settings, Facts facts);

        @Override
        void close();
    }
}
