/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.HashMap;
import java.util.Map;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.stream;
import org.lora4j.internal.array.Lasting;
import org.lora4j.internal.array.Region;

/**
 * Puts weights of bytes that are in tiles row by row again, four at a time: for products with many rows, {@link RowProduct}.
 *
 * <p><b>Threads.</b> One object for each.
 *
 * @apiNote Status: internal
 */
public final class TileOrder implements AutoCloseable {

    private final int wide;
    private final int words;
    private final engine engine = DnnlLibrary.engine();
    private final stream stream = Lasting.of(new stream(engine));
    private final Map<Integer, DnnlCall> byOutputs = new HashMap<>();

    /**
     * The order of some sizes.
     *
     * @param wide outputs of a tile
     * @param inputs columns of the matrix, a multiple of 4
     */
    public TileOrder(int wide, int inputs) {
        this.wide = wide;
        this.words = inputs / Integer.BYTES;
    }

    private DnnlCall move(int outputs) {
        long[] sizes = {outputs / wide, words, wide};
        long block = (long) wide * words;
        return DnnlCall.reorder(
                engine,
                new memory.desc(sizes, memory.data_type.s32, new long[] {block, wide, 1}),
                0,
                new memory.desc(sizes, memory.data_type.s32, new long[] {block, 1, words}),
                0);
    }

    /**
     * Puts tiles row by row.
     *
     * @param tiles memory from the tiles of the first output on
     * @param outputs a multiple of those of a tile
     * @param into memory of {@code [outputs, inputs]}
     * @throws IndexOutOfBoundsException if a memory is smaller
     */
    public void toRows(Region tiles, int outputs, Region into) {
        tiles.requireRows(outputs, words, words, Integer.BYTES);
        into.requireRows(outputs, words, words, Integer.BYTES);
        byOutputs.computeIfAbsent(outputs, this::move).run(stream, tiles, into);
    }

    @Override
    public void close() {
        byOutputs.clear();
        stream.close();
        engine.close();
    }
}
