/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderLayer;

/**
 * Attention of new tokens to all tokens of their sequence so far. Keys and values of the new ones are written first, so each
 * token sees itself.
 *
 * <p>A piece of work is a single token with all queries of one key head, or some tokens of a sequence with one head: scores are
 * a product of queries and keys, and what is seen one of probabilities and values.
 */
final class RowAttention implements AutoCloseable {

    private static final int TOKENS = 64;

    private final DecodeModel model;
    private final DecoderConfig config;
    private final WorkTeam team = WorkTeam.ofProcess();
    private final int threads;
    private final Workspace own;
    private final Memory queries = new Memory();
    private final Memory seen = new Memory();
    private final HiddenRows result = new HiddenRows();
    private final List<Piece> pieces = new ArrayList<>();
    private List<TokenPass.Span> planned;

    /**
     * Some queries.
     *
     * @param head of the queries, the first one of a group
     * @param first the first token, counted from that of the span
     * @param tokens how many
     * @param group heads of a single token
     */
    private record Piece(TokenPass.Span span, int head, int first, int tokens, int group) {}

    RowAttention(DecodeModel model, int threads, Workspace own) {
        this.model = model;
        this.config = model.config();
        this.threads = threads;
        this.own = own;
    }

    /** Scores of a piece at most, in sequences of so many tokens. */
    long mostScores(int longest) {
        return (long) Math.max(TOKENS, config.heads() / config.keyHeads()) * longest;
    }

    HiddenRows attend(int layer, List<TokenPass.Span> spans, HiddenRows query, HiddenRows key, HiddenRows value) {
        DecoderLayer how = config.layers().get(layer);
        for (TokenPass.Span span : spans) {
            remember(layer, how, span, query, key, value);
        }
        query.changed();
        queries.atLeast(query.length()).floats().put(0, query.values(), 0, query.length());
        seen.atLeast(query.length());
        plan(spans);
        team.run(threads, pieces.size(), own, (piece, space) -> attend(layer, how, pieces.get(piece), space));
        result.toBeWritten(query.rows(), query.width());
        seen.floats().get(0, result.values(), 0, result.length());
        return result;
    }

    private void remember(
            int layer, DecoderLayer how, TokenPass.Span span, HiddenRows query, HiddenRows key, HiddenRows value) {
        KeyValues kept = span.sequence().layer(layer);
        RotaryTable turns = how.rotation()
                .map(rotation -> model.turns(rotation, span.sequence().length()))
                .orElse(null);
        int size = config.headSize();
        for (int i = 0; i < span.count(); i++) {
            int row = span.firstRow() + i;
            int position = span.position() + i;
            int ofKey = row * key.width();
            if (turns != null) {
                turns.turn(query.values(), row * query.width(), config.heads(), size, position);
                turns.turn(key.values(), ofKey, config.keyHeads(), size, position);
            }
            kept.write(position, key.values(), value.values(), ofKey);
        }
    }

    /** The same for all layers of a pass. */
    private void plan(List<TokenPass.Span> spans) {
        if (spans.equals(planned)) {
            return;
        }
        planned = List.copyOf(spans);
        pieces.clear();
        int group = config.heads() / config.keyHeads();
        for (TokenPass.Span span : spans) {
            if (span.count() == 1) {
                for (int head = 0; head < config.heads(); head += group) {
                    pieces.add(new Piece(span, head, 0, 1, group));
                }
                continue;
            }
            // The last tokens see most: they come first, so that no thread has them left at the end.
            for (int first = (span.count() - 1) / TOKENS * TOKENS; first >= 0; first -= TOKENS) {
                for (int head = 0; head < config.heads(); head++) {
                    pieces.add(new Piece(span, head, first, Math.min(TOKENS, span.count() - first), 1));
                }
            }
        }
    }

    private void attend(int layer, DecoderLayer how, Piece piece, Workspace space) {
        int size = config.headSize();
        int width = config.queryWidth();
        int position = piece.span().position() + piece.first();
        int rows = Math.max(piece.tokens(), piece.group());
        int step = piece.group() > 1 ? size : width;
        int from = first(how.window(), position);
        int count = position + piece.tokens() - from;
        KeyValues kept = piece.span().sequence().layer(layer);
        int keyHead = piece.head() / (config.heads() / config.keyHeads());
        long at = Blas.bytes((long) piece.span().firstRow() + piece.first(), width) + Blas.bytes(piece.head(), size);
        Region scores = space.memory.atLeast((long) rows * count).region();
        space.blas.byRows(
                queries.region().from(at),
                step,
                rows,
                kept.keys(keyHead, from),
                size,
                count,
                size,
                (float) how.scoreScale(),
                0,
                scores,
                count);
        for (int row = 0; row < rows; row++) {
            int here = position + (piece.group() > 1 ? 0 : row);
            probabilities(how, space, row * count, first(how.window(), here) - from, here + 1 - from, count);
        }
        space.blas.byColumns(
                scores,
                count,
                rows,
                kept.values(keyHead, from),
                size,
                count,
                size,
                0,
                seen.region().from(at),
                step);
    }

    private static int first(OptionalInt window, int position) {
        return window.isPresent() ? Math.max(0, position + 1 - window.getAsInt()) : 0;
    }

    /** Makes probabilities of the scores of what a token sees, and 0 of the others. */
    private static void probabilities(DecoderLayer how, Workspace space, int row, int from, int to, int count) {
        FloatBuffer scores = space.memory.floats();
        int n = to - from;
        float[] x = space.floats(0, count);
        scores.get(row + from, x, 0, n);
        OptionalDouble cap = how.scoreCap();
        if (cap.isPresent()) {
            RowFunctions.cap(x, space.floats(1, n), n, (float) cap.getAsDouble());
        }
        RowFunctions.softmax(x, n);
        scores.put(row + from, x, 0, n);
        if (n < count) {
            Arrays.fill(x, 0, count - n, 0);
            scores.put(row, x, 0, from);
            scores.put(row + to, x, 0, count - to);
        }
    }

    long bytes() {
        return queries.bytes() + seen.bytes() + result.bytes();
    }

    @Override
    public void close() {
        queries.close();
        seen.close();
    }
}
