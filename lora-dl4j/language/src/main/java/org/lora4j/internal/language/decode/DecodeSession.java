/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.lora4j.error.Problems;
import org.lora4j.exec.NativeThreads;
import org.lora4j.internal.language.Decoder;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.Rotation;

/**
 * Sequences of one model that grow token by token, side by side. Each has a cache of keys and values, which is written in
 * place; new tokens of all of them go through the model together, as rows without padding, and see their own sequence only.
 *
 * <p>A sequence gives what it gives alone: with FLOAT weights to the bit while a pass has fewer than four rows, since each row
 * is multiplied by itself then, and to rounding otherwise.
 *
 * <p><b>State.</b> Holds memory outside the heap until {@link #close}. <b>Threads.</b> One at a time; a model may have any number
 * of sessions, each in a thread of its own.
 *
 * @apiNote Status: internal
 */
public final class DecodeSession implements AutoCloseable {

    /** Tokens that go through the model together, at most. */
    static final int ROWS = 512;

    /** Tokens whose logits are computed together. */
    private static final long USUAL_CONTEXT = 1 << 17;

    private static final int HEAD_ROWS = 32;

    private static final AtomicInteger OPEN = new AtomicInteger();

    private final DecoderConfig config;
    private final RowMath math;
    private final Decoder<HiddenRows> decoder;
    private final List<SequenceState> sequences = new ArrayList<>();
    private final TokenPass pass = new TokenPass();
    private final List<TokenPass.Span> lastSpans = new ArrayList<>();
    private final HiddenRows lastRows = new HiddenRows();
    private float[][] logits = new float[0][];
    private boolean closed;

    /** Receives the logits of one token. */
    @FunctionalInterface
    public interface LogitsOfToken {

        /**
         * Called for every token, in the order of a sequence.
         *
         * @param logits one for each word; the array is used again
         */
        void accept(int sequence, int position, float[] logits);
    }

    /**
     * Opens a session on all processors.
     *
     * @param updates what adapters do
     */
    public DecodeSession(DecodeModel model, ModuleUpdates updates) {
        this(model, updates, Runtime.getRuntime().availableProcessors());
    }

    /**
     * Opens a session.
     *
     * @param updates what adapters do
     * @param threads threads at most, that of the caller included
     */
    public DecodeSession(DecodeModel model, ModuleUpdates updates, int threads) {
        this.config = model.config();
        this.math = new RowMath(model, updates, threads);
        this.decoder = new Decoder<>(config, math);
        OPEN.incrementAndGet();
    }

    /** How many sessions of this process are open. */
    public static int openSessions() {
        return OPEN.get();
    }

    /** Adds an empty sequence. */
    public int add() {
        return add(SequenceState.NO_ADAPTER);
    }

    /**
     * Adds an empty sequence.
     *
     * @param adapter number of its adapter, as the session's updates know it
     */
    public synchronized int add(int adapter) {
        requireOpen();
        SequenceState added = new SequenceState(config, adapter);
        int free = sequences.indexOf(null);
        if (free >= 0) {
            sequences.set(free, added);
            return free;
        }
        sequences.add(added);
        return sequences.size() - 1;
    }

    /** Removes a sequence and frees its memory. A sequence that is added later may get its number. */
    public synchronized void remove(int sequence) {
        requireOpen();
        sequence(sequence).close();
        sequences.set(sequence, null);
    }

    /**
     * Makes room for tokens of a sequence, exactly so many: until it has more, it takes no more memory.
     *
     * @param tokens how many it may come to have, at most the context; fewer than it has room for change nothing
     */
    public synchronized void reserve(int sequence, int tokens) {
        requireOpen();
        sequence(sequence).grow(Math.min(tokens, config.context()));
    }

    /**
     * What a sequence takes that was given room.
     *
     * @param tokens as of {@link #reserve}
     */
    public long bytesOf(int tokens) {
        return SequenceState.bytes(config, Math.min(tokens, config.context()));
    }

    /** Lets go of what the session knows of an adapter, so that its arrays may go. It is asked for again when it is needed. */
    public synchronized void forget(int adapter) {
        requireOpen();
        math.forget(adapter);
    }

    /**
     * Tokens of a sequence.
     *
     * @return a copy
     */
    public synchronized int[] ids(int sequence) {
        requireOpen();
        return sequence(sequence).ids();
    }

    /**
     * Forgets the last tokens of a sequence.
     *
     * @param length how many tokens stay
     */
    public synchronized void shorten(int sequence, int length) {
        requireOpen();
        SequenceState state = sequence(sequence);
        if (length < 0 || length > state.length()) {
            throw new IllegalArgumentException("shorten: length = " + length + ", expected 0 to " + state.length());
        }
        int before = state.length();
        state.shorten(length);
        if (turnsOtherwise(before, length)) {
            state.computedUpTo(0);
        }
    }

    /**
     * Feeds tokens, and computes what may follow.
     *
     * @param which numbers of sequences, each once
     * @param newIds new tokens of each, one or more
     * @return logits behind the last token of each; the arrays are used again by the next call
     * @throws IllegalArgumentException if a number is none of an open sequence, a token is not in the vocabulary, a sequence
     *     gets none, or more than the context holds; the message lists everything, and nothing has changed
     * @throws IllegalStateException if the session is closed
     */
    public synchronized float[][] feed(int[] which, int[][] newIds) {
        append(which, newIds);
        return step(which, Arrays.stream(which).map(this::pending).toArray());
    }

    /**
     * Adds tokens that {@link #step} will compute. What a model computes for a token may depend on how long its sequence is,
     * so a prompt is added at once, in however many steps it is computed.
     *
     * @param which numbers of sequences, each once
     * @param newIds new tokens of each, one or more
     * @throws IllegalArgumentException as {@link #feed}
     * @throws IllegalStateException if the session is closed
     */
    public synchronized void append(int[] which, int[][] newIds) {
        requireOpen();
        require(which, newIds);
        for (int i = 0; i < which.length; i++) {
            SequenceState sequence = sequences.get(which[i]);
            int before = sequence.length();
            sequence.append(newIds[i]);
            if (turnsOtherwise(before, sequence.length())) {
                sequence.computedUpTo(0);
            }
            sequence.reserve();
        }
    }

    /**
     * Tokens of a sequence that are not computed.
     *
     * @return how many
     */
    public synchronized int pending(int sequence) {
        requireOpen();
        SequenceState state = sequence(sequence);
        return state.length() - state.computed();
    }

    /**
     * Computes tokens that were added.
     *
     * <p><b>State.</b> After a failure, tokens that were not computed still are pending.
     *
     * @param which numbers of sequences, each once
     * @param counts how many of each, 1 to {@link #pending}
     * @return logits behind the last token of each, null where tokens are pending; the arrays are used again by the next call
     * @throws IllegalArgumentException if a count is out of range
     * @throws IllegalStateException if the session is closed
     */
    public synchronized float[][] step(int[] which, int[] counts) {
        requireOpen();
        for (int i = 0; i < which.length; i++) {
            if (counts[i] < 1 || counts[i] > pending(which[i])) {
                throw new IllegalArgumentException("decode session: " + counts[i] + " tokens of sequence " + which[i]
                        + ", expected 1 to " + pending(which[i]) + ", those that are pending");
            }
        }
        return NativeThreads.one(() -> {
            int[] complete = IntStream.range(0, which.length)
                    .filter(i -> counts[i] == pending(which[i]))
                    .map(i -> which[i])
                    .toArray();
            lastRows.toBeWritten(complete.length, config.hidden());
            advance(which, counts, (hidden, spans) -> keepLastRows(complete, hidden, spans));
            float[][] found = new float[which.length][];
            if (complete.length > 0) {
                lastSpans.clear();
                for (int i = 0; i < complete.length; i++) {
                    lastSpans.add(new TokenPass.Span(sequences.get(complete[i]), i, 0, 1));
                }
                float[][] rows = head(lastRows, lastSpans);
                for (int i = 0; i < complete.length; i++) {
                    found[indexOf(which, complete[i])] = rows[i];
                }
            }
            return found;
        });
    }

    /**
     * For how long a sequence room is made at once: up to its context if that is of a usual length, since a context may be
     * longer than anybody has memory for; and beyond if memory has room for the sequence and its scores.
     *
     * @param memory bytes
     * @return tokens, 1 to the context
     */
    public int longestWithin(long memory) {
        long each = bytesOf(1) + Float.BYTES * math.mostScores(1);
        return (int) Math.min(Math.max(USUAL_CONTEXT, memory / each), config.context());
    }

    /**
     * Makes room for all that rows of sequences up to the context may need.
     *
     * @param rows maximum number of tokens of a {@link #step}
     * @param sequences the most sequences of a step
     */
    public synchronized void prepare(int rows, int sequences) {
        prepare(rows, sequences, config.context());
    }

    /**
     * Makes room for all that rows on their way may need at most, whatever their adapters, so that they take no more memory
     * later than now.
     *
     * @param rows maximum number of tokens of a {@link #step}
     * @param longest maximum number of tokens of a sequence
     */
    public synchronized void prepare(int rows, int sequences, int longest) {
        requireOpen();
        int most = Math.min(longest, config.context());
        NativeThreads.one(() -> math.reserve(rows, most, () -> walk(rows, sequences)));
    }

    /** Goes through the model with tokens of no sequence, and with some of them through the head. */
    private void walk(int rows, int sequences) {
        List<SequenceState> trial = new ArrayList<>();
        try {
            pass.clear();
            for (int left = rows; left > 0; left -= config.context()) {
                SequenceState some = new SequenceState(config, SequenceState.NO_ADAPTER);
                trial.add(some);
                int count = Math.min(left, config.context());
                some.append(new int[count]);
                some.reserve();
                pass.add(some, 0, count);
            }
            math.begin(pass.spans());
            decoder.hidden();
            lastRows.toBeWritten(sequences, config.hidden());
            Arrays.fill(lastRows.values(), 0);
            head(lastRows, List.of(new TokenPass.Span(trial.get(0), 0, 0, sequences)));
        } finally {
            trial.forEach(SequenceState::close);
            pass.clear();
        }
    }

    /**
     * Feeds tokens, and computes what may follow each of them.
     *
     * @param which numbers of sequences, each once
     * @param newIds new tokens of each, one or more
     * @param receiver gets the logits of all new tokens
     * @throws IllegalArgumentException as {@link #feed}
     * @throws IllegalStateException if the session is closed
     */
    public synchronized void score(int[] which, int[][] newIds, LogitsOfToken receiver) {
        append(which, newIds);
        NativeThreads.one(() -> {
            int[] before = new int[which.length];
            for (int i = 0; i < which.length; i++) {
                before[i] = sequences.get(which[i]).length() - newIds[i].length;
            }
            HiddenRows some = new HiddenRows();
            int[] counts = Arrays.stream(which).map(this::pending).toArray();
            advance(which, counts, (hidden, spans) -> {
                for (TokenPass.Span span : spans) {
                    int sequence = sequences.indexOf(span.sequence());
                    int known = before[indexOf(which, sequence)];
                    for (int from = Math.max(0, known - span.position()); from < span.count(); from += HEAD_ROWS) {
                        int count = Math.min(HEAD_ROWS, span.count() - from);
                        int width = hidden.width();
                        System.arraycopy(
                                hidden.values(),
                                (span.firstRow() + from) * width,
                                some.toBeWritten(count, width).values(),
                                0,
                                count * width);
                        float[][] found = head(some, List.of(new TokenPass.Span(span.sequence(), 0, 0, count)));
                        for (int i = 0; i < count; i++) {
                            receiver.accept(sequence, span.position() + from + i, found[i]);
                        }
                    }
                }
            });
        });
    }

    private static int indexOf(int[] which, int sequence) {
        int i = 0;
        while (which[i] != sequence) {
            i++;
        }
        return i;
    }

    private float[][] head(HiddenRows hidden, List<TokenPass.Span> spans) {
        math.begin(spans);
        HiddenRows found = decoder.logits(hidden);
        if (logits.length != found.rows()) {
            logits = new float[found.rows()][found.width()];
        }
        for (int row = 0; row < logits.length; row++) {
            System.arraycopy(found.values(), row * found.width(), logits[row], 0, found.width());
        }
        return logits;
    }

    /** Takes the hidden states of a pass. */
    private interface Hidden {
        void accept(HiddenRows hidden, List<TokenPass.Span> spans);
    }

    private void keepLastRows(int[] which, HiddenRows hidden, List<TokenPass.Span> spans) {
        int width = hidden.width();
        for (TokenPass.Span span : spans) {
            if (span.position() + span.count() == span.sequence().length()) {
                int row = span.firstRow() + span.count() - 1;
                int into = indexOf(which, sequences.indexOf(span.sequence()));
                System.arraycopy(hidden.values(), row * width, lastRows.values(), into * width, width);
            }
        }
        lastRows.changed();
    }

    /** Computes pending tokens of some sequences, some hundred at a time. */
    private void advance(int[] which, int[] counts, Hidden receiver) {
        int[] left = counts.clone();
        int next = 0;
        while (next < which.length) {
            pass.clear();
            while (next < which.length && pass.rows() < ROWS) {
                SequenceState sequence = sequences.get(which[next]);
                int count = Math.min(ROWS - pass.rows(), left[next]);
                pass.add(sequence, sequence.computed(), count);
                left[next] -= count;
                if (left[next] > 0) {
                    break;
                }
                next++;
            }
            math.begin(pass.spans());
            HiddenRows hidden = decoder.hidden();
            for (TokenPass.Span span : pass.spans()) {
                span.sequence().computedUpTo(span.position() + span.count());
            }
            receiver.accept(hidden, pass.spans());
        }
    }

    /** Whether a rotation has other angles for one length than for the other, for all tokens. */
    private boolean turnsOtherwise(int length, int other) {
        for (Rotation rotation : config.rotations()) {
            if (length > rotation.steadyLength() != other > rotation.steadyLength()) {
                return true;
            }
        }
        return false;
    }

    private void require(int[] which, int[][] newIds) {
        if (which.length == 0 || which.length != newIds.length) {
            throw new IllegalArgumentException("decode session: " + which.length + " sequences and tokens for "
                    + newIds.length + "; expected tokens for each of one or more sequences.");
        }
        Problems problems = new Problems();
        for (int i = 0; i < which.length; i++) {
            int number = which[i];
            if (number < 0 || number >= sequences.size() || sequences.get(number) == null) {
                problems.add("sequence " + number + " is not there");
                continue;
            }
            problems.check(indexOf(which, number) == i, "sequence " + number + " is named twice");
            problems.check(newIds[i].length > 0, "sequence " + number + " gets no token, expected one or more");
            long length = (long) sequences.get(number).length() + newIds[i].length;
            problems.check(
                    length <= config.context(),
                    "sequence " + number + " would have " + length + " tokens, expected at most " + config.context()
                            + ", the context of the model");
            for (int position = 0; position < newIds[i].length; position++) {
                int id = newIds[i][position];
                if (id < 0 || id >= config.vocabulary()) {
                    problems.add("token " + position + " for sequence " + number + " is " + id + ", expected 0 to "
                            + (config.vocabulary() - 1));
                    break;
                }
            }
        }
        problems.throwIfAny("decode session");
    }

    private SequenceState sequence(int number) {
        if (number < 0 || number >= sequences.size() || sequences.get(number) == null) {
            throw new IllegalArgumentException("decode session: sequence " + number
                    + " is not there; expected the number of one that was added and not removed.");
        }
        return sequences.get(number);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("decode session: it is closed. Open another one.");
        }
    }

    /** Memory that the session holds beside the weights: caches, and rows on their way. */
    public synchronized long bytes() {
        long bytes = math.bytes();
        for (SequenceState sequence : sequences) {
            bytes += sequence == null ? 0 : sequence.bytes();
        }
        return bytes;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            sequences.forEach(sequence -> {
                if (sequence != null) {
                    sequence.close();
                }
            });
            math.close();
            OPEN.decrementAndGet();
        }
    }
}
