/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.ShortPointer;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.DnnlProduct.Key;
import org.lora4j.exec.onednn.DnnlProduct.Strides;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Multiplies by oneDNN what lies in memory as it wants it, and has ND4J multiply the rest. */
final class DnnlMultiplier implements Multiplier {

    /** Compiled products that a thread keeps: more than the shapes of a length-grouped epoch. */
    private static final int KEPT = 1024;

    private static final int SAMPLES = 64;
    /** A prime, so that columns differ. */
    private static final long STRIDE = 7919;

    private static final Key PROBE = new Key(64, 64, 64, new Strides(64, 1), new Strides(64, 1), false, false);

    private final MathMode mode;
    private final engine engine = new engine(org.bytedeco.dnnl.engine.kind.cpu, 0);
    private final DnnlRows rows = new DnnlRows(engine);
    private final ThreadLocal<OfThread> ofThread = ThreadLocal.withInitial(OfThread::new);
    private final Map<Long, Half> halves = new ConcurrentHashMap<>();

    /**
     * A frozen matrix in BF16; the buffer it was made from tells whether an address still means the same, and some of its
     * values whether it was trained in between, by another executor.
     */
    private record Half(DataBuffer source, long rows, long columns, float[] some, ShortPointer values) {

        boolean isOf(INDArray array) {
            return source == array.data()
                    && rows == array.size(0)
                    && columns == array.size(1)
                    && Arrays.equals(some, someOf(array));
        }
    }

    /** What a thread must not share: compiled products have working memory of their own. */
    private final class OfThread {
        private final stream stream = new stream(engine);
        private final Map<Key, DnnlProduct> products = new LinkedHashMap<>(64, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Key, DnnlProduct> eldest) {
                return size() > KEPT;
            }
        };
        private ShortPointer activations = new ShortPointer(0);

        DnnlProduct product(Key key) {
            return products.computeIfAbsent(key, k -> new DnnlProduct(k, engine));
        }

        ShortPointer activations(long length) {
            if (activations.capacity() < length) {
                activations.close();
                activations = new ShortPointer(length);
            }
            return activations;
        }
    }

    private DnnlMultiplier(MathMode mode) {
        this.mode = mode;
    }

    /** Loads the library; throws a {@link LinkageError} if it cannot. */
    static void load() {
        Loader.load(dnnl.class);
    }

    static DnnlMultiplier of(MathMode mode) {
        DnnlMultiplier multiplier = new DnnlMultiplier(mode);
        Key probe = new Key(PROBE.m(), PROBE.k(), PROBE.n(), PROBE.x(), PROBE.w(), false, mode == MathMode.BF16);
        multiplier.ofThread.get().product(probe);
        return multiplier;
    }

    @Override
    public String description() {
        return "oneDNN " + dnnl.DNNL_VERSION_MAJOR + "." + dnnl.DNNL_VERSION_MINOR + ", " + mode;
    }

    @Override
    public Kernel kernel(String name, Kernel java) {
        return rows.kernel(name, java);
    }

    @Override
    public void multiply(Factor x, Factor w, INDArray z, double kept) {
        Strides ofX = strides(x);
        Strides ofW = strides(w);
        boolean plain = ofX.isPlain(x.rows(), x.columns()) && ofW.isPlain(w.rows(), w.columns()) && isRowMajor(z);
        if (!plain) {
            Multiplier.nd4j().multiply(x, w, z, kept);
        } else if (mode == MathMode.BF16 && w.frozen()) {
            inHalf(x, ofX, w, ofW, z, kept != 0);
        } else {
            Key key = new Key(x.rows(), x.columns(), w.columns(), ofX, ofW, kept != 0, false);
            OfThread mine = ofThread.get();
            mine.product(key).run(mine.stream, address(x.array()), address(w.array()), address(z));
        }
    }

    private void inHalf(Factor x, Strides ofX, Factor w, Strides ofW, INDArray z, boolean add) {
        OfThread mine = ofThread.get();
        Strides dense = new Strides(x.columns(), 1);
        ShortPointer activations = mine.activations(x.rows() * x.columns());
        convert(mine.stream, x.array(), ofX, x.rows(), x.columns(), activations, dense);
        // Stored as the weight lies, so that one copy serves both directions.
        boolean rows = ofW.column() == 1;
        Strides stored = rows ? new Strides(w.columns(), 1) : new Strides(1, w.rows());
        Half half = half(mine.stream, w, ofW, stored);
        Key key = new Key(x.rows(), x.columns(), w.columns(), dense, stored, add, true);
        mine.product(key).run(mine.stream, activations.address(), half.values().address(), address(z));
    }

    private Half half(stream stream, Factor w, Strides strides, Strides stored) {
        INDArray array = w.array();
        Half known = halves.get(address(array));
        if (known != null && known.isOf(array)) {
            return known;
        }
        ShortPointer values = new ShortPointer(array.length());
        convert(stream, array, strides, w.rows(), w.columns(), values, stored);
        Half made = new Half(array.data(), array.size(0), array.size(1), someOf(array), values);
        halves.put(address(array), made);
        return made;
    }

    private void convert(
            stream stream, INDArray array, Strides from, long rows, long columns, ShortPointer into, Strides to) {
        long[] sizes = {rows, columns};
        try (memory.desc single = new memory.desc(sizes, memory.data_type.f32, from.array());
                memory.desc half = new memory.desc(sizes, memory.data_type.bf16, to.array());
                memory source = new memory(single, engine, DnnlProduct.at(address(array)));
                memory target = new memory(half, engine, into);
                reorder conversion = new reorder(source, target)) {
            conversion.execute(stream, source, target);
            stream._wait();
        }
    }

    /** Values all over a matrix: an update changes next to all values. */
    private static float[] someOf(INDArray array) {
        FloatPointer values = new FloatPointer(array.data().pointer());
        float[] some = new float[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            long row = i * array.size(0) / SAMPLES;
            long column = i * STRIDE % array.size(1);
            some[i] = values.get(array.offset() + row * array.stride(0) + column * array.stride(1));
        }
        return some;
    }

    private static boolean isRowMajor(INDArray z) {
        return (z.size(1) == 1 || z.stride(1) == 1) && (z.size(0) == 1 || z.stride(0) == z.size(1));
    }

    private static Strides strides(Factor factor) {
        INDArray array = factor.array();
        // An axis of one element may have any stride; the one that it would have in its order is as good.
        long row = array.size(0) == 1 ? array.size(1) * array.stride(1) : array.stride(0);
        long column = array.size(1) == 1 ? (row == 1 ? array.size(0) : 1) : array.stride(1);
        return factor.transposed() ? new Strides(column, row) : new Strides(row, column);
    }

    private static long address(INDArray array) {
        return array.data().pointer().address() + array.offset() * Float.BYTES;
    }
}
