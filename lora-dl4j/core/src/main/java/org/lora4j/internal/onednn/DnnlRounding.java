/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.stream;
import org.lora4j.internal.array.Region;

/**
 * Rounds matrices of a certain layout to BF16, compiled by oneDNN. For one thread.
 *
 * @apiNote Status: internal
 */
public final class DnnlRounding {

    private final DnnlCall work;

    public DnnlRounding(MemoryLayout from, engine engine) {
        MemoryLayout dense = from.dense();
        work = DnnlCall.reorder(
                engine,
                new memory.desc(from.sizes(), memory.data_type.f32, from.strides()),
                Math.multiplyExact(from.length(), Form.F32.bytes()),
                new memory.desc(dense.sizes(), memory.data_type.bf16, dense.strides()),
                Math.multiplyExact(dense.length(), Form.BF16.bytes()));
    }

    public void run(stream stream, Region from, Region to) {
        work.run(stream, from, to);
    }
}
