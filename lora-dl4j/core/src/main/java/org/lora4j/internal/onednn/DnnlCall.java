/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.Pointer;
import org.lora4j.internal.array.Lasting;
import org.lora4j.internal.array.Region;

/**
 * Compiled work with its arguments: the one way in which oneDNN is told where something lies, and so the place that answers for
 * who owns what while native code runs.
 *
 * <p><b>Ownership.</b>
 *
 * <ul>
 *   <li>oneDNN owns nothing that is computed with: a {@code memory} of it is a note of an address. What is at the address belongs
 *       to the array or pointer that the {@link Region} keeps, and is kept until the call is over.
 *   <li>A call is over when {@link #run} returns or throws: it waits for the stream. No address is looked at later.
 *   <li>Primitive, memories and map belong to this object, which lives at least as long as a call, and are freed when nobody has
 *       it. They outlast a {@code PointerScope} of the caller. An engine lives as long as memories of it, by oneDNN's own count.
 *   <li>Whoever closes an array or a pointer has seen to it that no call uses it: the collector is no danger, {@code close} is.
 * </ul>
 *
 * <p><b>Threads.</b> One: two would exchange their addresses.
 *
 * @apiNote Status: internal
 */
public final class DnnlCall implements AutoCloseable {

    private final primitive work;
    private final engine engine;
    private final IntMemoryMap arguments = Lasting.of(new IntMemoryMap());
    private final List<memory> places = new ArrayList<>();
    private long[] needed = new long[0];

    /**
     * Work without arguments yet.
     *
     * @param work which {@link Lasting} keeps
     */
    public DnnlCall(primitive work, engine engine) {
        this.work = work;
        this.engine = engine;
    }

    /**
     * Compiles the copy of values into another layout or type.
     *
     * @param bytesOfSource how many it takes
     * @return work with two arguments: from, to
     */
    public static DnnlCall reorder(
            engine engine, memory.desc from, long bytesOfSource, memory.desc to, long bytesOfTarget) {
        try (primitive_attr plain = new primitive_attr();
                reorder.primitive_desc description =
                        new reorder.primitive_desc(engine, from, engine, to, plain, false)) {
            return new DnnlCall(Lasting.of(new reorder(description)), engine)
                    .with(dnnl.DNNL_ARG_FROM, from, bytesOfSource)
                    .with(dnnl.DNNL_ARG_TO, to, bytesOfTarget);
        }
    }

    /**
     * Adds an argument.
     *
     * @param number what oneDNN knows it by
     * @param bytes how many it takes
     * @return this
     */
    public DnnlCall with(int number, memory.desc desc, long bytes) {
        memory place = Lasting.of(new memory(desc, engine, (Pointer) null));
        arguments.put(number, place);
        places.add(place);
        long[] more = Arrays.copyOf(needed, needed.length + 1);
        more[needed.length] = bytes;
        needed = more;
        return this;
    }

    /**
     * Does the work, and waits until it is done.
     *
     * @param regions where the arguments lie, in the order in which they were added
     * @throws IndexOutOfBoundsException if one has less memory than is needed
     */
    public void run(stream stream, Region... regions) {
        for (int i = 0; i < regions.length; i++) {
            regions[i].require(needed[i]);
            places.get(i).set_data_handle(new Address(regions[i].address()));
        }
        work.execute(stream, arguments);
        stream._wait();
        for (Region region : regions) {
            region.inUse();
        }
    }

    /** A place in memory that belongs to someone else. */
    private static final class Address extends Pointer {
        Address(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    @Override
    public void close() {
        work.close();
        arguments.close();
        places.forEach(memory::close);
    }
}
