/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.array.RowLoops;
import org.lora4j.internal.language.Activation;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderMath;
import org.lora4j.internal.language.DecoderPart;
import org.lora4j.internal.language.NormKind;

/**
 * The arithmetic of a decoder over rows of floats. All results are in arrays that the next layer, and the next pass, write to
 * again: a sum is there until three more were made, a norm too, the result of a linear part until the same part of the next
 * layer, and element-wise work overwrites what it gets.
 *
 * <p>For one thread, which shares its work with the {@link WorkTeam}.
 *
 * @apiNote Status: internal
 */
final class RowMath implements DecoderMath<HiddenRows>, AutoCloseable {

    private static final int KEPT = 4;
    /** Values that are worth a thread. */
    private static final int PIECE = 8192;

    private final DecoderConfig config;
    private final DecodeModel model;
    private final AdaptedModules modules;
    private final WorkTeam team = WorkTeam.ofProcess();
    private final int threads;
    private final Workspace own = new Workspace();
    private final Staging staging = new Staging();
    private final RowAttention attention;
    private final LowRankSum lowRank = new LowRankSum();
    private final Map<DecoderPart, HiddenRows> linear = new EnumMap<>(DecoderPart.class);
    private final Map<DecoderPart, HiddenRows> tables = new EnumMap<>(DecoderPart.class);
    private final HiddenRows[] sums = many(KEPT);
    private final HiddenRows[] norms = many(KEPT);
    private final HiddenRows[] pairs = many(2);
    private final HiddenRows[] triples = many(3);
    private int sumsMade;
    private int normsMade;
    private List<TokenPass.Span> spans = List.of();
    private boolean isReserving;

    RowMath(DecodeModel model, ModuleUpdates updates, int threads) {
        this.model = model;
        this.config = model.config();
        this.modules = new AdaptedModules(model, updates);
        this.threads = Math.min(threads, team.size());
        this.attention = new RowAttention(model, this.threads, own);
    }

    private static HiddenRows[] many(int count) {
        HiddenRows[] rows = new HiddenRows[count];
        for (int i = 0; i < count; i++) {
            rows[i] = new HiddenRows();
        }
        return rows;
    }

    /**
     * Makes room for what so many rows, or fewer, of sequences up to a length may need at most: while walk goes through the model with them, linear parts
     * multiply nothing and make room for all ways in which they multiply.
     */
    void reserve(int rows, int longest, Runnable walk) {
        own.memory.atLeast(mostScores(longest));
        int widest = Math.max(config.hidden(), config.queryWidth());
        // Which of them is written to in a pass depends on those before.
        for (HiddenRows[] kept : List.of(sums, norms)) {
            for (HiddenRows each : kept) {
                each.toBeWritten(rows, widest);
            }
        }
        isReserving = true;
        try {
            walk.run();
        } finally {
            isReserving = false;
        }
    }

    /** Scores that attention computes at a time, in sequences of so many tokens. */
    long mostScores(int longest) {
        return attention.mostScores(longest);
    }

    void forget(int adapter) {
        modules.forget(adapter);
    }

    /** What the rows are, until this is called again. */
    void begin(List<TokenPass.Span> spans) {
        this.spans = spans;
    }

    private int rows() {
        TokenPass.Span last = spans.get(spans.size() - 1);
        return last.firstRow() + last.count();
    }

    @Override
    public HiddenRows rows(DecoderPart table, String module) {
        HiddenRows into = tables.computeIfAbsent(table, t -> new HiddenRows());
        for (TokenPass.Span span : spans) {
            TableRows source = modules.table(span.sequence().adapter(), module);
            int width = (int) source.columns();
            if (span.firstRow() == 0) {
                into.toBeWritten(rows(), width);
            }
            float[] row = own.floats(0, width);
            for (int i = 0; i < span.count(); i++) {
                int position = span.position() + i;
                source.read(table == DecoderPart.WORDS ? span.sequence().id(position) : position, 1, row, own);
                System.arraycopy(row, 0, into.values(), (span.firstRow() + i) * width, width);
            }
        }
        return into;
    }

    @Override
    public HiddenRows linear(DecoderPart part, String module, HiddenRows x) {
        HiddenRows y = linear.computeIfAbsent(part, p -> new HiddenRows());
        AdaptedModules.Linear first = module(0, part, module);
        y.toBeWritten(x.rows(), first.weight().outputs());
        if (isReserving) {
            first.weight().reserve(x.rows(), staging, own);
            // An adapter may have another matrix in its place.
            model.floats(part, first.weight()).reserve(x.rows(), staging, own);
            lowRank.reserve(x.rows(), x.width());
            return y;
        }
        int span = 0;
        while (span < spans.size()) {
            // Sequences with different adapters mostly share the weight.
            LinearWeight weight = module(span, part, module).weight();
            int end = span + 1;
            while (end < spans.size() && module(end, part, module).weight() == weight) {
                end++;
            }
            multiply(x, weight, spans.get(span).firstRow(), end(end - 1));
            span = end;
        }
        lowRank.clear();
        for (int i = 0; i < spans.size(); i++) {
            lowRank.add(module(i, part, module).pairs(), spans.get(i));
        }
        lowRank.run(x, staging, team, threads, own);
        read(y);
        for (int i = 0; i < spans.size(); i++) {
            float[] bias = module(i, part, module).bias();
            if (bias != null) {
                addToRows(y, spans.get(i), bias);
            }
        }
        return y;
    }

    private AdaptedModules.Linear module(int span, DecoderPart part, String module) {
        return modules.linear(spans.get(span).sequence().adapter(), part, module);
    }

    private int end(int span) {
        return spans.get(span).firstRow() + spans.get(span).count();
    }

    private void multiply(HiddenRows x, LinearWeight weight, int from, int to) {
        int rows = to - from;
        staging.prepare(x, weight.form(x.rows()), weight.outputs(), own);
        team.run(
                threads,
                weight.pieces(staging.form(), rows),
                own,
                (piece, space) -> weight.multiply(staging, from, rows, piece, space));
    }

    private void read(HiddenRows y) {
        staging.outputs().get(0, y.values(), 0, y.length());
    }

    private static void addToRows(HiddenRows y, TokenPass.Span span, float[] bias) {
        float[] values = y.values();
        for (int row = span.firstRow(); row < span.firstRow() + span.count(); row++) {
            int from = row * y.width();
            for (int i = 0; i < bias.length; i++) {
                values[from + i] += bias[i];
            }
        }
    }

    @Override
    public HiddenRows norm(String module, HiddenRows x, int groups) {
        HiddenRows into = norms[normsMade++ % KEPT].toBeWritten(x.rows(), x.width());
        int width = x.width() / groups;
        NormKind kind = config.family().norm();
        for (TokenPass.Span span : spans) {
            AdaptedModules.Norm norm = modules.norm(span.sequence().adapter(), module);
            int pieces = pieces(span.count(), x.width());
            int step = (span.count() + pieces - 1) / pieces;
            team.run(threads, pieces, own, (piece, space) -> {
                int from = span.firstRow() + piece * step;
                int to = Math.min(from + step, span.firstRow() + span.count());
                for (int group = from * groups; group < to * groups; group++) {
                    RowFunctions.normalize(
                            kind,
                            config.epsilon(),
                            x.values(),
                            group * width,
                            width,
                            norm.gains(),
                            norm.biases(),
                            into.values());
                }
            });
        }
        return into;
    }

    private static int pieces(int rows, int width) {
        return (int) Math.max(1, Math.min(rows, (long) rows * width / (4 * PIECE)));
    }

    @Override
    public HiddenRows attention(int layer, String module, HiddenRows query, HiddenRows key, HiddenRows value) {
        return attention.attend(layer, spans, query, key, value);
    }

    @Override
    public HiddenRows activation(String name, Activation function, HiddenRows x) {
        return eachPiece(x, (values, work, n) -> RowFunctions.apply(function, values, work, n));
    }

    @Override
    public HiddenRows capped(String name, HiddenRows x, double cap) {
        return eachPiece(x, (values, work, n) -> RowFunctions.cap(values, work, n, (float) cap));
    }

    /** Replaces the first n of values; {@code work} is as long. */
    private interface InPlace {
        void apply(float[] values, float[] work, int n);
    }

    private HiddenRows eachPiece(HiddenRows x, InPlace function) {
        int length = x.length();
        team.run(threads, (length + PIECE - 1) / PIECE, own, (piece, space) -> {
            int from = piece * PIECE;
            int n = Math.min(PIECE, length - from);
            float[] values = space.floats(0, n);
            System.arraycopy(x.values(), from, values, 0, n);
            function.apply(values, space.floats(1, n), n);
            System.arraycopy(values, 0, x.values(), from, n);
        });
        return x.changed();
    }

    @Override
    public HiddenRows sum(String name, HiddenRows x, HiddenRows y, double factor) {
        HiddenRows into = sums[sumsMade++ % KEPT].toBeWritten(x.rows(), x.width());
        sum(x.values(), y.values(), into.values(), x.length(), (float) factor);
        return into;
    }

    private static void sum(float[] x, float[] y, float[] into, int n, float factor) {
        for (int i = 0; i < n; i++) {
            into[i] = x[i] + factor * y[i];
        }
    }

    @Override
    public HiddenRows product(String name, HiddenRows x, HiddenRows y) {
        RowLoops.multiply(y.values(), x.values(), x.length());
        return x.changed();
    }

    @Override
    public HiddenRows scaled(String name, HiddenRows x, double factor) {
        RowLoops.multiply(x.values(), 0, x.length(), (float) factor);
        return x.changed();
    }

    @Override
    public List<HiddenRows> split(String name, HiddenRows x, int groups, int... widths) {
        HiddenRows[] parts = widths.length == 2 ? pairs : triples;
        int all = 0;
        for (int width : widths) {
            all += width;
        }
        int offset = 0;
        for (int part = 0; part < widths.length; part++) {
            int width = widths[part];
            float[] into = parts[part].toBeWritten(x.rows(), groups * width).values();
            for (int group = 0; group < x.rows() * groups; group++) {
                System.arraycopy(x.values(), group * all + offset, into, group * width, width);
            }
            offset += width;
        }
        return List.of(parts);
    }

    long bytes() {
        long bytes = staging.bytes() + own.memory.bytes() + attention.bytes() + lowRank.bytes();
        for (HiddenRows[] rows : List.of(
                sums,
                norms,
                pairs,
                triples,
                linear.values().toArray(new HiddenRows[0]),
                tables.values().toArray(new HiddenRows[0]))) {
            for (HiddenRows each : rows) {
                bytes += each.bytes();
            }
        }
        return bytes;
    }

    @Override
    public void close() {
        staging.close();
        attention.close();
        lowRank.close();
        own.close();
    }
}
