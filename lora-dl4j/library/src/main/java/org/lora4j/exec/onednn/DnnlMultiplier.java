/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntSupplier;
import java.util.stream.Stream;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.DnnlProduct.Key;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.nativeblas.NativeOpsHolder;

/** Multiplies by oneDNN what lies in memory as it wants it, and has ND4J multiply the rest. */
final class DnnlMultiplier implements Multiplier {

    /** Rows of a result that stay in the cache while products are added to them. */
    private static final long ROWS = 256;

    private static final int MATRIX = 2;
    /** What oneDNN 3.11 computes wrongly for some strides (its pull request 5556), and right as several batches. */
    private static final int BATCH_OF_BATCHES = 4;

    private static final int SAMPLES = 64;
    /** A prime, so that columns differ. */
    private static final long STRIDE = 7919;

    private static final MemoryLayout PROBE = MemoryLayout.rowMajor(64, 64);

    private final MathMode mode;
    private final boolean packing;
    private final IntSupplier threads;
    private final engine engine = new engine(org.bytedeco.dnnl.engine.kind.cpu, 0);
    private final DnnlRows rows = new DnnlRows(engine);
    private final DnnlAttention attention = new DnnlAttention(engine);
    private final ThreadLocal<OfThread> ofThread = ThreadLocal.withInitial(OfThread::new);
    private final Map<Long, Half> halves = new ConcurrentHashMap<>();
    private final Map<Operand, Packed> packs = new ConcurrentHashMap<>();

    /**
     * What a copy was made from: the buffer tells whether an address still means the same, and some of its values whether it
     * was trained in between, by another executor.
     */
    private record Original(DataBuffer source, long rows, long columns, float[] some) {

        static Original of(INDArray array) {
            return new Original(array.data(), array.size(0), array.size(1), someOf(array));
        }

        boolean isOf(INDArray array) {
            return source == array.data()
                    && rows == array.size(0)
                    && columns == array.size(1)
                    && Arrays.equals(some, someOf(array));
        }
    }

    /** A frozen matrix in BF16. */
    private record Half(Original original, ShortPointer values) {}

    /** A frozen matrix, or its transpose, in blocks. */
    private record Packed(Original original, FloatPointer values) {}

    /** What a thread must not share: compiled products have working memory of their own. */
    private final class OfThread {
        private final stream stream = new stream(engine);
        private final Map<Key, DnnlProduct> products = new Cache<>();
        private final Map<MemoryLayout, DnnlRounding> roundings = new Cache<>();
        private ShortPointer activations = new ShortPointer(0);
        private final List<ShortPointer> factors = new ArrayList<>();

        DnnlProduct product(Key key) {
            return products.computeIfAbsent(key, k -> new DnnlProduct(k, engine));
        }

        /** The products of a sum for so much of the first axis of its result. */
        List<DnnlProduct> products(List<Term> terms, long count) {
            return terms.stream().map(term -> product(term.part(0, count))).toList();
        }

        /** What is summed over a batch is compiled once for all batches, with one thread, for which it was measured. */
        private DnnlProduct product(Term term) {
            if (isInPieces() && !term.x().layout().isByRows()) {
                DnnlProduct product = product(term.keyOfAnyBatch());
                if (product.isFast()) {
                    return product;
                }
            }
            return product(term.key());
        }

        /** Computes one product of a piece. Activations for a weight in BF16 are rounded first, and are in the cache then. */
        void run(Term term, DnnlProduct product) {
            boolean rounds = term.isRounded() && term.x().form() == Form.F32;
            if (rounds) {
                activations = atLeast(activations, term.x());
                round(term.x(), activations.address());
            }
            term.run(product, stream, rounds ? activations.address() : term.x().address());
        }

        /** Rounds the right factor of a sum's product of a number, into memory for it. */
        Operand rounded(int number, Operand w) {
            while (factors.size() <= number) {
                factors.add(new ShortPointer(0));
            }
            ShortPointer memory = atLeast(factors.get(number), w);
            factors.set(number, memory);
            round(w, memory.address());
            return new Operand(memory.address(), w.layout().dense(), Form.BF16);
        }

        private ShortPointer atLeast(ShortPointer memory, Operand operand) {
            long length = operand.layout().rows() * operand.layout().columns();
            if (memory.capacity() >= length) {
                return memory;
            }
            memory.close();
            return new ShortPointer(length);
        }

        void round(Operand from, long into) {
            roundings
                    .computeIfAbsent(from.layout(), layout -> new DnnlRounding(layout, engine))
                    .run(stream, from.address(), into);
        }
    }

    /** {@code threads} tells how many the library will use in the thread that asks. */
    DnnlMultiplier(MathMode mode, boolean packing, IntSupplier threads) {
        this.mode = mode;
        this.packing = packing;
        this.threads = threads;
    }

    static DnnlMultiplier of(MathMode mode, boolean packing) {
        // Asked when something is multiplied: ND4J must be there before.
        DnnlMultiplier multiplier = new DnnlMultiplier(
                mode,
                packing,
                () -> NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads());
        Key probe = new Key(PROBE, PROBE, PROBE, null, false, mode == MathMode.BF16 ? Form.BF16 : Form.F32);
        multiplier.ofThread.get().product(probe).requireFast();
        return multiplier;
    }

    @Override
    public String description() {
        return "oneDNN " + dnnl.DNNL_VERSION_MAJOR + "." + dnnl.DNNL_VERSION_MINOR + " (" + DnnlLibrary.instructions()
                + "), "
                + (mode == MathMode.BF16 ? "BF16" : "strict F32") + ", weights "
                + (packing ? "packed" : mode == MathMode.BF16 ? "copied in BF16" : "where they lie");
    }

    @Override
    public Kernel kernel(String name, Kernel java) {
        return name.equals(ROUNDING)
                ? java.computedBy((in, out) -> round(in.get(0), out.get(0), java))
                : rows.kernel(name, attention.kernel(name, java), rounds());
    }

    @Override
    public boolean rounds() {
        return mode == MathMode.BF16;
    }

    private void round(INDArray from, INDArray into, Kernel java) {
        if (DenseArray.isRowMajor(from) && DenseArray.isRowMajor(into)) {
            MemoryLayout row = MemoryLayout.rowMajor(1, from.length());
            ofThread.get().round(new Operand(Operand.addressOf(from), row, Form.F32), Operand.addressOf(into));
        } else {
            java.run(List.of(from), List.of(into));
        }
    }

    @Override
    public void multiply(Product product, INDArray z, double kept) {
        List<INDArray> addends = kept == 0 ? List.of() : List.of(z);
        if (!run(addends, List.of(product), z)) {
            InFloat.multiply(product, z, kept);
        }
    }

    @Override
    public void sum(List<INDArray> addends, List<Product> products, INDArray z) {
        if (run(addends, products, z)) {
            return;
        }
        INDArray exact = InFloat.exact(z);
        Multiplier.super.sum(addends, products, exact);
        InFloat.bring(exact, z);
    }

    /**
     * False, and nothing is written, for what is left to ND4J: what lies in memory as no fast kernel takes it, more addends
     * than a row and a matrix, a row that would be scaled with the first product, and batches of batches with several threads.
     */
    private boolean run(List<INDArray> addends, List<Product> products, INDArray z) {
        List<INDArray> rows =
                addends.stream().filter(addend -> addend.rank() == 1).toList();
        List<INDArray> matrices =
                addends.stream().filter(addend -> addend.rank() > 1).toList();
        boolean scalesRow = !rows.isEmpty() && products.get(0).scale() != 1;
        if (z.isEmpty()
                || rows.size() > 1
                || matrices.size() > 1
                || scalesRow
                || !isInPieces() && z.rank() == BATCH_OF_BATCHES) {
            return false;
        }
        List<Term> terms = terms(rows, matrices, products, z);
        if (!terms.stream().allMatch(Term::isPlain)
                || (mode != MathMode.BF16 || terms.get(0).z().layout().isBatch())
                        && terms.stream().anyMatch(DnnlMultiplier::hasRounded)) {
            return false;
        }
        OfThread mine = ofThread.get();
        round(products, terms, mine);
        long all = z.size(0);
        long piece = piece(z, terms);
        long rest = all % piece;
        if (packing) {
            pack(products, terms, piece, rest, mine);
        }
        List<DnnlProduct> forPiece = mine.products(terms, piece);
        List<DnnlProduct> forRest = rest == 0 ? List.of() : mine.products(terms, rest);
        if (!forPiece.stream().allMatch(DnnlProduct::isFast)
                || !forRest.stream().allMatch(DnnlProduct::isFast)) {
            return false;
        }
        for (long from = 0; from < all; from += piece) {
            boolean whole = from + piece <= all;
            for (int i = 0; i < terms.size(); i++) {
                DnnlProduct product = (whole ? forPiece : forRest).get(i);
                mine.run(terms.get(i).part(from, whole ? piece : rest), product);
            }
        }
        return true;
    }

    /** Several threads would wait for each other after each piece, and for the processor, if others use it. */
    private boolean isInPieces() {
        return threads.getAsInt() == 1;
    }

    /**
     * How much of the first axis is computed at a time: rows of a matrix, or the heads of one example. What was read and
     * written for it is in the cache for the rest of the work on it. The gradient of a weight, x^T g, is better computed at once: a
     * piece of it needs all rows of x and g.
     */
    private long piece(INDArray z, List<Term> terms) {
        return switch (z.rank()) {
            case MATRIX ->
                isInPieces()
                                && terms.stream()
                                        .allMatch(term -> term.x().layout().isByRows())
                        ? Math.min(ROWS, z.size(0))
                        : z.size(0);
            case BATCH_OF_BATCHES -> 1;
            default -> z.size(0);
        };
    }

    private static List<Term> terms(List<INDArray> rows, List<INDArray> matrices, List<Product> products, INDArray z) {
        List<Term> terms = new ArrayList<>();
        Operand all = Operand.of(z);
        Operand bias = rows.isEmpty() ? null : Operand.ofRow(rows.get(0));
        Operand addend = matrices.isEmpty() ? null : matrices.get(0) == z ? all : Operand.of(matrices.get(0));
        for (Product product : products) {
            terms.add(new Term(
                    (float) product.scale(), Operand.of(product.x()), Operand.of(product.w()), all, bias, addend));
            bias = null;
            addend = all;
        }
        return terms;
    }

    /**
     * Puts BF16 in the place of frozen weights, which are matrices, if that is the mode, and of what is multiplied with activations
     * in BF16, or for them.
     */
    private void round(List<Product> products, List<Term> terms, OfThread mine) {
        for (int i = 0; i < terms.size(); i++) {
            Factor w = products.get(i).w();
            Term term = terms.get(i);
            if (mode != MathMode.BF16 || term.isRounded() || term.z().layout().isBatch()) {
                continue;
            }
            if (w.frozen()) {
                terms.set(i, term.with(half(mine.stream, w, term.w())));
            } else if (hasRounded(term)) {
                terms.set(i, term.with(mine.rounded(i, term.w())));
            }
        }
    }

    private static boolean hasRounded(Term term) {
        return Stream.of(term.x(), term.w(), term.z()).anyMatch(operand -> operand.form() == Form.BF16);
    }

    /** Puts packed copies in the place of frozen weights. A single row is multiplied in another way, which packs otherwise. */
    private void pack(List<Product> products, List<Term> terms, long piece, long rest, OfThread mine) {
        if (piece == 1 || rest == 1) {
            return;
        }
        for (int i = 0; i < terms.size(); i++) {
            Factor w = products.get(i).w();
            Operand lies = terms.get(i).w();
            if (w.frozen() && !lies.layout().isBatch() && lies.form() == Form.F32) {
                Term asked = terms.get(i).with(new Operand(0, lies.layout(), Form.PACKED));
                DnnlProduct product = mine.product(asked.part(0, piece).key());
                terms.set(i, asked.with(packed(w.array(), lies, product.weights(), mine)));
            }
        }
    }

    private Operand packed(INDArray array, Operand lies, memory.desc wanted, OfThread mine) {
        Packed packed = packs.get(lies);
        if (packed == null || !packed.original().isOf(array)) {
            FloatPointer values = new FloatPointer(wanted.get_size() / Float.BYTES);
            reorder(mine.stream, lies, wanted, values);
            packed = new Packed(Original.of(array), values);
            packs.put(lies, packed);
        }
        return new Operand(packed.values().address(), lies.layout(), Form.PACKED);
    }

    private void reorder(stream stream, Operand from, memory.desc wanted, Pointer into) {
        try (memory.desc lies = new memory.desc(
                        from.layout().sizes(),
                        memory.data_type.f32,
                        from.layout().strides());
                memory source = new memory(lies, engine, DnnlProduct.at(from.address()));
                memory target = new memory(wanted, engine, into);
                reorder work = new reorder(source, target)) {
            work.execute(stream, source, target);
            stream._wait();
        }
    }

    /** Stored as the weight lies, so that one copy serves both directions. */
    private Operand half(stream stream, Factor w, Operand single) {
        MemoryLayout layout = single.layout();
        MemoryLayout stored = layout.isByRows()
                ? MemoryLayout.rowMajor(layout.rows(), layout.columns())
                : MemoryLayout.rowMajor(layout.columns(), layout.rows()).transposed();
        INDArray array = w.array();
        Half half = halves.get(single.address());
        if (half == null || !half.original().isOf(array)) {
            ShortPointer values = new ShortPointer(array.length());
            convert(stream, single, values, stored);
            half = new Half(Original.of(array), values);
            halves.put(single.address(), half);
        }
        return new Operand(half.values().address(), stored, Form.BF16);
    }

    private void convert(stream stream, Operand from, ShortPointer into, MemoryLayout to) {
        try (memory.desc half = new memory.desc(to.sizes(), memory.data_type.bf16, to.strides())) {
            reorder(stream, from, half, into);
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
}
