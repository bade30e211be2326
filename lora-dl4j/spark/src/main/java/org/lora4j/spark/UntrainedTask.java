/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * A task that predicts with what others trained.
 *
 * @param <B> a base
 * @param <I> an input
 */
abstract class UntrainedTask<B extends AutoCloseable, I> implements RowTask<B, Void, I> {

    private static final long serialVersionUID = 1;

    @Override
    public final void checkTraining(TableColumns columns, ParamValues settings) {
        throw learnsNothing();
    }

    @Override
    public final List<String> trainingColumns(ParamValues settings) {
        throw learnsNothing();
    }

    @Override
    public final Void example(Row row, ParamValues settings, Facts facts) {
        throw learnsNothing();
    }

    @Override
    public final Facts train(
            B base,
            ParamValues settings,
            Facts facts,
            List<Void> train,
            List<Void> validation,
            Site site,
            Path directory) {
        throw learnsNothing();
    }

    @Override
    public final void rehearseTraining(
            B base, ParamValues settings, Facts facts, StructType schema, Problems problems) {
        throw learnsNothing();
    }

    /** The folder of the adapters is looked at; a server with the base is for the machines that have rows. */
    @Override
    public final void rehearsePrediction(B base, ParamValues settings, Optional<Path> directory, Configuration hadoop)
            throws IOException {
        if (!settings.names("adaptersPath")) {
            return;
        }
        org.apache.hadoop.fs.Path folder = new org.apache.hadoop.fs.Path(settings.text("adaptersPath"));
        if (!folder.getFileSystem(hadoop).exists(folder)) {
            throw new IllegalArgumentException("adaptersPath = " + MessageText.name(settings.text("adaptersPath"))
                    + ", but there is no such folder, expected the one that has the folder of each adapter");
        }
    }

    private UnsupportedOperationException learnsNothing() {
        return new UnsupportedOperationException(name() + " learns nothing; its adapters are trained by others");
    }

    /** Wants the columns of texts and of the names of adapters. */
    static void check(TableColumns columns, ParamValues settings, String textCol, boolean needed) {
        columns.require(textCol, settings.text(textCol), TableColumns.Kind.TEXT);
        if (needed || settings.names("adapterCol")) {
            columns.require("adapterCol", settings.text("adapterCol"), TableColumns.Kind.TEXT);
            columns.problems()
                    .check(
                            settings.names("adaptersPath"),
                            "adaptersPath is not set, expected the folder that has the folder of each adapter");
        }
    }
}
