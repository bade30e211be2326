/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.Pointer;

/** Rounds matrices of a certain layout to BF16, compiled by oneDNN. For one thread. */
final class DnnlRounding {

    private final memory source;
    private final memory target;
    private final reorder work;

    DnnlRounding(MemoryLayout from, engine engine) {
        MemoryLayout dense = from.dense();
        source =
                new memory(new memory.desc(from.sizes(), memory.data_type.f32, from.strides()), engine, (Pointer) null);
        target = new memory(
                new memory.desc(dense.sizes(), memory.data_type.bf16, dense.strides()), engine, (Pointer) null);
        work = new reorder(source, target);
    }

    void run(stream stream, long from, long to) {
        source.set_data_handle(DnnlProduct.at(from));
        target.set_data_handle(DnnlProduct.at(to));
        work.execute(stream, source, target);
        stream._wait();
    }
}
