/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.array.Region;

/**
 * Adds what pairs of low rank give to the outputs of a product; without pairs it does nothing.
 *
 * <p>Rows that follow each other and have the same pairs are multiplied together. Each such group is a piece of work for a
 * thread, for pairs of many adapters are many small products.
 */
final class LowRankSum implements AutoCloseable {

    /** Rows of a group at most, so that a prompt is shared among threads, too. */
    private static final int ROWS = 64;

    /** A higher rank is computed in steps. */
    private static final int MOST_RANK = 128;

    private final Memory inputs = new Memory();
    private final Memory narrow = new Memory();
    private final List<Group> groups = new ArrayList<>();
    private int highestRank;

    /** Rows with the same pairs. */
    private record Group(List<ModuleUpdates.LowRank> pairs, int firstRow, int rows) {}

    /** Makes room for so many rows, whatever the ranks. */
    void reserve(int rows, int width) {
        inputs.atLeast((long) rows * width);
        narrow.atLeast((long) rows * MOST_RANK);
    }

    void clear() {
        groups.clear();
        highestRank = 0;
    }

    void add(List<ModuleUpdates.LowRank> pairs, TokenPass.Span span) {
        if (pairs.isEmpty()) {
            return;
        }
        for (ModuleUpdates.LowRank pair : pairs) {
            highestRank =
                    Math.max(highestRank, (int) Math.min(MOST_RANK, pair.a().size(0)));
        }
        int row = span.firstRow();
        int end = row + span.count();
        while (row < end) {
            Group last = groups.isEmpty() ? null : groups.get(groups.size() - 1);
            boolean follows =
                    last != null && last.pairs() == pairs && last.firstRow() + last.rows() == row && last.rows() < ROWS;
            if (follows) {
                int count = Math.min(end - row, ROWS - last.rows());
                groups.set(groups.size() - 1, new Group(pairs, last.firstRow(), last.rows() + count));
                row += count;
            } else {
                int count = Math.min(end - row, ROWS);
                groups.add(new Group(pairs, row, count));
                row += count;
            }
        }
    }

    void run(HiddenRows x, Staging staging, WorkTeam team, int threads, Workspace own) {
        if (groups.isEmpty()) {
            return;
        }
        // As they are: for some weights they lie otherwise in the staging.
        inputs.atLeast(x.length()).floats().put(0, x.values(), 0, x.length());
        narrow.atLeast((long) x.rows() * highestRank);
        team.run(threads, groups.size(), own, (piece, space) -> add(groups.get(piece), x.width(), staging, space.blas));
    }

    private void add(Group group, int width, Staging staging, Blas blas) {
        Region x = inputs.region().from(Blas.bytes(group.firstRow(), width));
        Region between = narrow.region().from(Blas.bytes(group.firstRow(), highestRank));
        for (ModuleUpdates.LowRank pair : group.pairs()) {
            int outputs = (int) pair.turnedB().size(1);
            Region y = staging.output(group.firstRow(), 0);
            for (int from = 0; from < pair.a().size(0); from += MOST_RANK) {
                int rank = (int) Math.min(MOST_RANK, pair.a().size(0) - from);
                Region a = Region.of(pair.a()).from(Blas.bytes(from, width));
                blas.byRows(x, width, group.rows(), a, width, rank, width, (float) pair.scale(), 0, between, rank);
                Region b = Region.of(pair.turnedB()).from(Blas.bytes(from, outputs));
                blas.byColumns(between, rank, group.rows(), b, outputs, rank, outputs, 1, y, outputs);
            }
        }
    }

    long bytes() {
        return inputs.bytes() + narrow.bytes();
    }

    @Override
    public void close() {
        inputs.close();
        narrow.close();
    }
}
