/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.checkpoint.CheckpointFolder;

/**
 * Where and how often a run writes down all that it needs to go on: after every so many steps, or after so much time, and
 * always when it is interrupted and when it ends.
 *
 * <p>A checkpoint holds the values of what learns, the optimizer's state, the position in the data, the losses so far and
 * the best values so far; not the base. Beside the last one the directory has what learns as an adapter, so that it can be tried while the
 * run goes on: {@code Adapter.load(directory)}, or PEFT. It takes about four times the memory of what learns while it is written.
 *
 * @param directory directory of the checkpoints of this run alone; made if it is not there
 * @param everySteps steps between two checkpoints, 1 or more
 * @param every time between two checkpoints, above 0; whichever of the two comes first counts
 * @param keep how many of the last checkpoints are kept, 1 or more; a second one is used if the last one was damaged
 * @param until the step after which the run ends as if it had been interrupted, to be resumed another time; empty for none
 * @param pieces what is trained after that, one piece after the other; none for a run in one piece
 * @apiNote Status: stable
 */
public record Checkpoints(
        Path directory, long everySteps, Duration every, int keep, OptionalLong until, List<Piece> pieces) {

    private static final Duration FIVE_MINUTES = Duration.ofMinutes(5);
    private static final int TWO = 2;

    /**
     * A piece of a run, from a checkpoint of it to a later step.
     *
     * @param from the file of the checkpoint, which may be in another directory
     * @param until the step after which the piece ends; empty for the end of the run
     * @apiNote Status: stable
     */
    public record Piece(Path from, OptionalLong until) {

        /**
         * Checks the values.
         *
         * @param from as in the record
         * @param until as in the record
         * @throws IllegalArgumentException if {@code until} is below 1
         */
        public Piece {
            Arguments.required(from, "Checkpoints.Piece: from", "the file of a checkpoint");
            Arguments.required(until, "Checkpoints.Piece: until", "an OptionalLong");
            Problems problems = new Problems();
            until.ifPresent(step -> problems.atLeast("until", step, 1));
            problems.throwIfAny("Checkpoints.Piece");
        }
    }

    /**
     * Checks the values.
     *
     * @param directory directory of the checkpoints
     * @param everySteps steps between two checkpoints
     * @param every time between two checkpoints
     * @param keep how many are kept
     * @param until the step after which the run ends
     * @param pieces what is trained after that
     * @throws IllegalArgumentException if a value is out of its range; the message lists all of them
     */
    public Checkpoints {
        pieces = List.copyOf(Arguments.allRequired(pieces, "Checkpoints: pieces", "a piece"));
        Objects.requireNonNull(until, "Checkpoints: until is null; expected an OptionalLong");
        Objects.requireNonNull(directory, "Checkpoints: directory is null; expected a directory");
        Objects.requireNonNull(every, "Checkpoints: every is null; expected a duration");
        Problems problems = new Problems();
        problems.atLeast("everySteps", everySteps, 1);
        problems.check(!every.isZero() && !every.isNegative(), "every = " + every + ", expected a duration above 0");
        problems.atLeast("keep", keep, 1);
        until.ifPresent(step -> problems.atLeast("until", step, 1));
        problems.throwIfAny("Checkpoints");
    }

    /**
     * Checkpoints of a run that goes to its end.
     *
     * @param directory as in the record
     * @param everySteps as in the record
     * @param every as in the record
     * @param keep as in the record
     * @throws IllegalArgumentException as the other constructor
     */
    public Checkpoints(Path directory, long everySteps, Duration every, int keep) {
        this(directory, everySteps, every, keep, OptionalLong.empty(), List.of());
    }

    /**
     * A checkpoint every five minutes, of which the last two are kept.
     *
     * @param directory directory of the checkpoints of this run alone
     * @return the value
     */
    public static Checkpoints in(Path directory) {
        return new Checkpoints(directory, Long.MAX_VALUE, FIVE_MINUTES, TWO);
    }

    /**
     * Whether no run has written a checkpoint yet, so that resuming starts a run at its beginning.
     *
     * @return true if the directory has none, or is not there
     * @throws UncheckedIOException if the directory cannot be read
     */
    public boolean isEmpty() {
        try {
            return CheckpointFolder.isEmpty(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Checkpoints: the directory " + directory + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * The same with a number of steps after which a checkpoint is due.
     *
     * @param newEverySteps as in the record
     * @return the value
     * @throws IllegalArgumentException as the constructor
     */
    public Checkpoints withEverySteps(long newEverySteps) {
        return new Checkpoints(directory, newEverySteps, every, keep, until, pieces);
    }

    /**
     * The same with a time after which a checkpoint is due.
     *
     * @param newEvery as in the record
     * @return the value
     * @throws IllegalArgumentException as the constructor
     */
    public Checkpoints withEvery(Duration newEvery) {
        return new Checkpoints(directory, everySteps, newEvery, keep, until, pieces);
    }

    /**
     * The same with another number of checkpoints that are kept.
     *
     * @param newKeep as in the record
     * @return the value
     * @throws IllegalArgumentException as the constructor
     */
    public Checkpoints withKeep(int newKeep) {
        return new Checkpoints(directory, everySteps, every, newKeep, until, pieces);
    }

    /**
     * The same with a step after which the run ends with a checkpoint, as if it had been interrupted: a long run in pieces. Resuming
     * without it, or with a later step, goes on.
     *
     * @param step 1 or more, of the whole run
     * @return the value
     * @throws IllegalArgumentException as the constructor
     */
    public Checkpoints withUntil(long step) {
        return new Checkpoints(directory, everySteps, every, keep, OptionalLong.of(step), pieces);
    }

    /**
     * The same with one piece more: where the run, or the piece before, has come to its end, the trainer takes up another checkpoint of the
     * run and goes on from there. So pieces of a run are trained again at their own cost: model and data are made ready once.
     *
     * <p>Each piece ends with a checkpoint, which has the hash that the run's own one has. What the trainer gives is the result of the last
     * piece. An interrupt ends all of them.
     *
     * @param from the file of a checkpoint of this run; it is read, and stays as it is
     * @param newUntil the step after which the piece ends; empty for the end of the run
     * @return the value
     * @throws IllegalArgumentException if {@code newUntil} is below 1
     */
    public Checkpoints withPiece(Path from, OptionalLong newUntil) {
        List<Piece> more = new ArrayList<>(pieces);
        more.add(new Piece(from, newUntil));
        return new Checkpoints(directory, everySteps, every, keep, until, more);
    }
}
