/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.Pointer;
import org.lora4j.internal.array.Region;

/**
 * Rounds matrices of a certain layout to BF16, compiled by oneDNN. For one thread.
 *
 * @apiNote Status: internal
 */
public final class DnnlRounding {

    private final memory source;
    private final memory target;
    private final reorder work;
    private final long bytesOfSource;
    private final long bytesOfTarget;

    public DnnlRounding(MemoryLayout from, engine engine) {
        MemoryLayout dense = from.dense();
        bytesOfSource = Math.multiplyExact(from.length(), Form.F32.bytes());
        bytesOfTarget = Math.multiplyExact(dense.length(), Form.BF16.bytes());
        source =
                new memory(new memory.desc(from.sizes(), memory.data_type.f32, from.strides()), engine, (Pointer) null);
        target = new memory(
                new memory.desc(dense.sizes(), memory.data_type.bf16, dense.strides()), engine, (Pointer) null);
        work = new reorder(source, target);
    }

    public void run(stream stream, Region from, Region to) {
        from.require(bytesOfSource);
        to.require(bytesOfTarget);
        source.set_data_handle(DnnlProduct.at(from.address()));
        target.set_data_handle(DnnlProduct.at(to.address()));
        work.execute(stream, source, target);
        stream._wait();
    }
}
