/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.lora4j.internal.checkpoint.CheckpointContent;
import org.lora4j.internal.checkpoint.CheckpointFolder;
import org.lora4j.internal.format.file.Deadline;
import org.lora4j.internal.format.file.FileProblem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The checkpoints of one run: when one is due, and what becomes of a disk that fails. */
final class RunCheckpoints implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RunCheckpoints.class);

    private final Checkpoints settings;
    private final CheckpointFolder folder;
    private final LongSupplier nanoTime;
    private final Deque<Checkpoints.Piece> pieces;
    private Optional<Path> from = Optional.empty();
    private OptionalLong until;
    private long lastStep;
    private long lastNanos;
    private Optional<CheckpointRecord> last = Optional.empty();

    private RunCheckpoints(Checkpoints settings, CheckpointFolder folder, LongSupplier nanoTime) {
        this.settings = settings;
        this.folder = folder;
        this.nanoTime = nanoTime;
        this.pieces = new ArrayDeque<>(settings.pieces());
        this.until = settings.until();
        this.lastNanos = nanoTime.getAsLong();
    }

    static RunCheckpoints open(Checkpoints settings, LongSupplier nanoTime) {
        try {
            return new RunCheckpoints(settings, CheckpointFolder.open(settings.directory()), nanoTime);
        } catch (IOException e) {
            FileProblem problem = FileProblem.ofDirectory(settings.directory(), e);
            throw new UncheckedIOException(
                    "Trainer: the directory of checkpoints " + settings.directory() + " cannot be opened: "
                            + problem.what() + ". " + problem.advice(),
                    e);
        }
    }

    /** Refuses a directory with checkpoints of an earlier run. */
    void requireNone() {
        List<Path> files = files();
        if (!files.isEmpty()) {
            throw new IllegalStateException("Trainer: " + settings.directory() + " has " + files.size()
                    + " checkpoints of an earlier run, the last one "
                    + files.get(0).getFileName()
                    + "; expected none. Call resume(batches) to go on with that run, or choose another directory.");
        }
    }

    private List<Path> files() {
        try {
            return folder.files();
        } catch (IOException e) {
            throw failed("Trainer: the directory of checkpoints " + settings.directory() + " cannot be read", e);
        }
    }

    /** Takes up the checkpoint of the piece, or else the latest sound one; false if there is none. */
    boolean use(Consumer<CheckpointContent> use) {
        Consumer<CheckpointContent> noted = content -> {
            // First, as nothing may have happened where it is damaged.
            Optional<CheckpointRecord> record = CheckpointChain.of(content);
            use.accept(content);
            last = record;
        };
        try {
            if (from.isEmpty()) {
                return folder.useLatest(noted);
            }
            CheckpointFolder.use(from.get(), noted);
            return true;
        } catch (IOException e) {
            throw failed("Trainer: the run cannot go on", e);
        }
    }

    /** Says that there is none to go on from. */
    void tellStart() {
        LOG.warn("Trainer: there is no checkpoint in {}: the run starts at its beginning", settings.directory());
    }

    /** Notes that the checkpoint of a step is there. */
    void resumedAt(long step) {
        lastStep = step;
    }

    boolean isDue(long step) {
        return step - lastStep >= settings.everySteps()
                || nanoTime.getAsLong() - lastNanos >= Deadline.nanos(settings.every(), "Checkpoints: every");
    }

    /** Whether the run, or the piece of it, is to end after a step, to go on another time. */
    boolean isEnd(long step) {
        return until.isPresent() && step >= until.getAsLong();
    }

    /** Whether there is a piece after one that ended so. */
    boolean goesOn(StopReason ending, long steps) {
        return !pieces.isEmpty() && (ending != StopReason.INTERRUPTED || isEnd(steps));
    }

    /** Begins the next piece. */
    void nextPiece() {
        Checkpoints.Piece next = pieces.remove();
        from = Optional.of(next.from());
        until = next.until();
    }

    /** What the latest checkpoint says of itself. */
    Optional<CheckpointRecord> last() {
        return last;
    }

    void write(long step, Supplier<CheckpointContent> state, Trainable model) {
        try {
            writeToTheEnd(step, state, model);
        } catch (IOException e) {
            List<Path> before = files();
            FileProblem problem = FileProblem.ofDirectory(settings.directory(), e);
            throw new UncheckedIOException(
                    "Trainer, after step " + step + " of the run: the checkpoint cannot be written to "
                            + settings.directory()
                            + (before.isEmpty()
                                    ? "; there is none of this run"
                                    : "; the last one, " + before.get(0).getFileName() + ", is as it was")
                            + ": " + problem.what() + ". " + problem.advice() + " Then call resume(batches)",
                    e);
        }
        lastStep = step;
        lastNanos = nanoTime.getAsLong();
    }

    /** An interrupt asks the run to end, but not with half a checkpoint: what it closed is written again, and the run sees it later. */
    private void writeToTheEnd(long step, Supplier<CheckpointContent> state, Trainable model) throws IOException {
        try {
            writeOnce(step, state, model);
        } catch (IOException e) {
            if (!Thread.interrupted()) {
                throw e;
            }
            try {
                writeOnce(step, state, model);
            } finally {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void writeOnce(long step, Supplier<CheckpointContent> state, Trainable model) throws IOException {
        CheckpointContent content = state.get();
        // One of the same step is replaced, with its place in the chain.
        content.seal(
                step,
                last.filter(record -> record.step() == step).isPresent()
                        ? last.get().before()
                        : last.map(CheckpointRecord::hash));
        folder.write(step, content, settings.keep());
        last = CheckpointChain.of(content);
        model.saveAdapter(settings.directory());
    }

    @Override
    public void close() {
        try {
            folder.close();
        } catch (IOException e) {
            throw failed("Trainer: the directory of checkpoints " + settings.directory() + " stays locked", e);
        }
    }

    private static UncheckedIOException failed(String what, IOException cause) {
        return new UncheckedIOException(what + ": " + cause.getMessage(), cause);
    }
}
