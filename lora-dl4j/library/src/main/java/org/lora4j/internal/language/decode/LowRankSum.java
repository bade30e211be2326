/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.List;

/** Adds what pairs of low rank give to the outputs of a product; without pairs it does nothing. */
final class LowRankSum implements AutoCloseable {

    private final Memory inputs = new Memory();
    private final Memory narrow = new Memory();

    void add(List<ModuleUpdates.LowRank> pairs, HiddenRows x, TokenPass.Span span, Staging staging, Workspace space) {
        if (pairs.isEmpty()) {
            return;
        }
        int rows = span.count();
        int width = x.width();
        // As they are: for some weights they lie otherwise in the staging.
        inputs.atLeast((long) rows * width).floats().put(0, x.values(), span.firstRow() * width, rows * width);
        for (ModuleUpdates.LowRank pair : pairs) {
            int rank = (int) pair.a().size(0);
            int outputs = (int) pair.b().size(0);
            narrow.atLeast((long) rows * rank);
            space.blas.byRows(
                    inputs.address(),
                    width,
                    rows,
                    RowSource.address(pair.a()),
                    width,
                    rank,
                    width,
                    1,
                    0,
                    narrow.address(),
                    rank);
            space.blas.byRows(
                    narrow.address(),
                    rank,
                    rows,
                    RowSource.address(pair.b()),
                    rank,
                    outputs,
                    rank,
                    (float) pair.scale(),
                    1,
                    staging.output(span.firstRow(), 0),
                    outputs);
        }
    }

    @Override
    public void close() {
        inputs.close();
        narrow.close();
    }
}
