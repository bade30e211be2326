/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.SerializableConfiguration;
import org.lora4j.error.CorruptAdapterException;

/**
 * Trains an adapter for each run of rows with the same key; one group is in memory at a time.
 *
 * @param training how each is trained
 * @param folder where their directories go
 * @param hadoop by what files are written
 */
record TrainGroups<B extends AutoCloseable, E>(
        RowTraining<B, E> training, String folder, SerializableConfiguration hadoop)
        implements MapPartitionsFunction<Row, Row> {

    private static final long serialVersionUID = 1;

    private static final double NANOS = 1e9;

    /** What became of a key. */
    private enum State {
        TRAINED,
        PRESENT,
        FAILED
    }

    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
        Ahead ahead = new Ahead(rows);
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return ahead.hasNext();
            }

            @Override
            public Row next() {
                return report(new Group(ahead));
            }
        };
    }

    private Row report(Group group) {
        long start = System.nanoTime();
        Path directory = new Path(folder, KeyNames.folder(group.name()));
        State state;
        String problem = null;
        try {
            state = make(group, directory);
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            state = State.FAILED;
            problem = e.getMessage();
        }
        group.leaveOut();
        double seconds = (System.nanoTime() - start) / NANOS;
        return RowFactory.create(
                group.name(),
                directory.toString(),
                state.name().toLowerCase(Locale.ROOT),
                group.count(),
                seconds,
                problem);
    }

    private State make(Group group, Path directory) throws IOException {
        if (group.name().isEmpty()) {
            throw new IllegalArgumentException("the key is null or empty; expected a name");
        }
        String origin = training.origin();
        Optional<ModelFolder.Content> found = whole(directory);
        if (found.isPresent()) {
            if (!found.get().origin().equals(origin)) {
                throw new IllegalArgumentException(directory
                        + " holds an adapter of another base or of other settings; expected one of these, or none. Remove"
                        + " it, or name another folder");
            }
            return State.PRESENT;
        }
        TrainedFiles trained = training.of(group, RowTask.Site.ALONE);
        if (trained.problem() != null) {
            throw new IllegalArgumentException(trained.problem());
        }
        ModelFolder.write(
                hadoop.value(),
                directory,
                new ModelFolder.Content(training.task().name(), trained.files(), trained.facts(), origin));
        return State.TRAINED;
    }

    /** An adapter that is there with all its files as they were written; a damaged one is trained again. */
    private Optional<ModelFolder.Content> whole(Path directory) throws IOException {
        try {
            return Optional.of(ModelFolder.read(hadoop.value(), directory));
        } catch (FileNotFoundException | CorruptAdapterException e) {
            return Optional.empty();
        }
    }

    /** Rows with a look at the next one. */
    private static final class Ahead {

        private final Iterator<Row> rows;
        private Row next;

        Ahead(Iterator<Row> rows) {
            this.rows = rows;
        }

        boolean hasNext() {
            if (next == null && rows.hasNext()) {
                next = rows.next();
            }
            return next != null;
        }

        Row take() {
            Row taken = next;
            next = null;
            return taken;
        }

        String key() {
            String key = next.getString(next.fieldIndex(AdaptersByKey.KEY));
            return key == null ? "" : key;
        }
    }

    /** The rows of one key. */
    private static final class Group implements Iterator<Row> {

        private final Ahead ahead;
        private final String name;
        private long count;

        Group(Ahead ahead) {
            if (!ahead.hasNext()) {
                throw new NoSuchElementException("no group is left");
            }
            this.ahead = ahead;
            this.name = ahead.key();
        }

        String name() {
            return name;
        }

        long count() {
            return count;
        }

        @Override
        public boolean hasNext() {
            return ahead.hasNext() && ahead.key().equals(name);
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException("no row of this key is left");
            }
            count++;
            return ahead.take();
        }

        /** Goes on to the next key. */
        void leaveOut() {
            while (hasNext()) {
                next();
            }
        }
    }
}
