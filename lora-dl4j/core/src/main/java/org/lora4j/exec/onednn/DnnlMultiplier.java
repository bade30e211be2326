/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.lang.ref.Reference;
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
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.ShortPointer;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.ProductChoice.Library;
import org.lora4j.internal.array.Addends;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.GrowingMemory;
import org.lora4j.internal.array.Lasting;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.onednn.BlasProduct;
import org.lora4j.internal.onednn.Cache;
import org.lora4j.internal.onednn.DnnlAttention;
import org.lora4j.internal.onednn.DnnlCall;
import org.lora4j.internal.onednn.DnnlLibrary;
import org.lora4j.internal.onednn.DnnlProduct;
import org.lora4j.internal.onednn.DnnlProduct.Key;
import org.lora4j.internal.onednn.DnnlRounding;
import org.lora4j.internal.onednn.DnnlRows;
import org.lora4j.internal.onednn.FloatFallback;
import org.lora4j.internal.onednn.Form;
import org.lora4j.internal.onednn.MatrixOperand;
import org.lora4j.internal.onednn.MemoryLayout;
import org.lora4j.internal.onednn.Term;
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

    private static final Region NOWHERE = new Region(0, 0);

    private final MathMode mode;
    private final boolean packing;
    private final ProductChoice choice;
    private final IntSupplier threads;
    private final engine engine = DnnlLibrary.engine();
    private final DnnlRows rows = new DnnlRows(engine);
    private final DnnlAttention attention = new DnnlAttention(engine);
    private final ThreadLocal<OfThread> ofThread = ThreadLocal.withInitial(this::ofThread);
    private final Map<Long, Half> halves = new ConcurrentHashMap<>();
    private final Map<MatrixOperand, Packed> packs = new ConcurrentHashMap<>();

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

    /**
     * What a thread must not share: compiled products have working memory of their own. It goes with the multiplier, so it does not
     * know it: a thread keeps what it has as long as that knows where it came from.
     */
    private static final class OfThread {
        private final engine engine;
        private final IntSupplier threads;
        private final stream stream;
        private final Map<Key, DnnlProduct> products = new Cache<>();
        private final Map<MemoryLayout, DnnlRounding> roundings = new Cache<>();
        private final BlasProduct blas = new BlasProduct();
        private final GrowingMemory activations = new GrowingMemory();
        private final List<GrowingMemory> factors = new ArrayList<>();

        OfThread(engine engine, IntSupplier threads) {
            this.engine = engine;
            this.threads = threads;
            this.stream = Lasting.of(new stream(engine));
        }

        private DnnlProduct product(Key key) {
            return products.computeIfAbsent(key, k -> new DnnlProduct(k, engine));
        }

        /** What is summed over a batch is compiled once for all batches, with one thread, for which it was measured. */
        DnnlProduct product(Term term) {
            if (term.overBatch() && isOne(threads) && !term.x().layout().isByRows()) {
                DnnlProduct product = product(term.keyOfAnyBatch());
                if (product.isFast()) {
                    return product;
                }
            }
            return product(term.key());
        }

        /** Computes one product of a piece. Activations for a weight in BF16 are rounded first, and are in the cache then. */
        void run(Term term, DnnlProduct compiled) {
            if (compiled == null) {
                blas.run(term);
                return;
            }
            Region x = term.x().memory();
            if (term.isRounded() && term.x().form() == Form.F32) {
                x = atLeast(activations, term.x());
                round(term.x(), x);
            }
            term.run(compiled, stream, x);
        }

        /** Rounds the right factor of a sum's product of a number, into memory for it. */
        MatrixOperand rounded(int number, MatrixOperand w) {
            while (factors.size() <= number) {
                factors.add(new GrowingMemory());
            }
            Region memory = atLeast(factors.get(number), w);
            round(w, memory);
            return new MatrixOperand(memory, w.layout().dense(), Form.BF16);
        }

        private static Region atLeast(GrowingMemory memory, MatrixOperand operand) {
            return memory.atLeast(operand.layout().rows() * operand.layout().columns() * Form.BF16.bytes());
        }

        void round(MatrixOperand from, Region into) {
            roundings
                    .computeIfAbsent(from.layout(), layout -> new DnnlRounding(layout, engine))
                    .run(stream, from.memory(), into);
        }
    }

    /** {@code threads} tells how many the library will use in the thread that asks. */
    DnnlMultiplier(MathMode mode, boolean packing, ProductChoice choice, IntSupplier threads) {
        this.mode = mode;
        this.packing = packing;
        this.choice = choice;
        this.threads = threads;
    }

    private OfThread ofThread() {
        return new OfThread(engine, threads);
    }

    static DnnlMultiplier of(MathMode mode, boolean packing, ProductChoice choice) {
        // Asked when something is multiplied: ND4J must be there before.
        return new DnnlMultiplier(
                mode,
                packing,
                choice,
                () -> NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads());
    }

    /** Whether this processor has a kernel for such products that is fast. */
    static boolean hasKernel(MathMode mode) {
        Key probe = new Key(PROBE, PROBE, PROBE, null, false, mode == MathMode.BF16 ? Form.BF16 : Form.F32);
        return new DnnlProduct(probe, DnnlLibrary.engine()).isFast();
    }

    @Override
    public String description() {
        return "oneDNN " + dnnl.DNNL_VERSION_MAJOR + "." + dnnl.DNNL_VERSION_MINOR + " (" + DnnlLibrary.instructions()
                + "), "
                + (mode == MathMode.BF16 ? "BF16" : "strict F32") + ", weights "
                + (packing ? "packed" : mode == MathMode.BF16 ? "copied in BF16" : "where they lie")
                + choice.words();
    }

    @Override
    public String choice() {
        return choice.toString();
    }

    @Override
    public Multiplier withChoice(String other) {
        ProductChoice chosen = ProductChoice.parse(other);
        return chosen.equals(choice) ? this : new DnnlMultiplier(mode, packing, chosen, threads);
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
            ofThread.get().round(new MatrixOperand(Region.of(from), row, Form.F32), Region.of(into));
        } else {
            java.run(List.of(from), List.of(into));
        }
    }

    @Override
    public void multiply(Product product, INDArray z, double kept) {
        run(kept == 0 ? List.of() : List.of(z), List.of(product), z);
    }

    @Override
    public void sum(List<INDArray> addends, List<Product> products, INDArray z) {
        run(addends, products, z);
    }

    /**
     * Every product is computed as it would be alone: which library computes it, and in which pieces, depends on it and nothing
     * else. The first row and the first matrix among the addends go with the first product, other addends are added last, and rows
     * of zeros are no rows. So what is added to a layer, an adapter that is zero for instance, changes no bit of what the layer
     * gives.
     */
    private void run(List<INDArray> addends, List<Product> products, INDArray z) {
        if (z.isEmpty()) {
            return;
        }
        List<INDArray> others = new ArrayList<>(addends);
        others.removeIf(addend -> addend.rank() == 1 && isZero(addend));
        List<INDArray> first = new ArrayList<>();
        if (products.get(0).scale() == 1) {
            move(others, 1, first);
        }
        move(others, MATRIX, first);
        // What a batch holds would be overwritten before it is added.
        if (z.rank() > MATRIX && others.removeIf(addend -> addend == z)) {
            first.add(z);
        }
        OfThread mine = ofThread.get();
        List<Part> parts = parts(first, products, z, mine);
        boolean together = parts.stream()
                .allMatch(part -> part.isOurs() && part.piece() == parts.get(0).piece());
        if (together) {
            run(parts, z, mine);
        } else {
            parts.forEach(part -> run(List.of(part), z, mine));
        }
        if (!others.isEmpty()) {
            FloatFallback.change(z, sum -> others.forEach(addend -> add(addend, sum)));
        }
    }

    private static boolean isZero(INDArray row) {
        MatrixOperand.ofRow(row); // Asks whether it is there.
        FloatPointer values = new FloatPointer(row.data().pointer());
        boolean zero = true;
        for (long i = 0; i < row.length() && zero; i++) {
            zero = values.get(row.offset() + i * row.stride(0)) == 0;
        }
        Reference.reachabilityFence(row);
        return zero;
    }

    /** Moves the first array of a rank. */
    private static void move(List<INDArray> from, int rank, List<INDArray> to) {
        for (int i = 0; i < from.size(); i++) {
            if (from.get(i).rank() == rank) {
                to.add(from.remove(i));
                return;
            }
        }
    }

    private static void add(INDArray addend, INDArray sum) {
        if (addend.rank() == 1) {
            Broadcasts.addRow(sum, addend);
        } else {
            sum.addi(addend);
        }
    }

    /**
     * One product of a sum, and who computes it.
     *
     * @param product the product
     * @param kept 1 if it is added to what z holds, or to an addend; else 0
     * @param term the same where it lies; null if ND4J computes it
     * @param piece how much of the first axis of z is computed at a time
     * @param compiled by oneDNN, for a piece; null if OpenBLAS computes it
     * @param compiledRest the same for what is left behind the last whole piece; null if nothing is
     */
    private record Part(
            Product product, double kept, Term term, long piece, DnnlProduct compiled, DnnlProduct compiledRest) {

        boolean isOurs() {
            return term != null;
        }

        void run(long from, long count, OfThread mine) {
            mine.run(term.part(from, count), count == piece ? compiled : compiledRest);
        }
    }

    /** The products in their order. What is added to the first is in its term, or written to z here. */
    private List<Part> parts(List<INDArray> first, List<Product> products, INDArray z, OfThread mine) {
        MatrixOperand all = MatrixOperand.of(z);
        MatrixOperand row = null;
        MatrixOperand matrix = null;
        for (INDArray addend : first) {
            if (addend.rank() == 1) {
                row = MatrixOperand.ofRow(addend);
            } else {
                matrix = addend == z ? all : MatrixOperand.of(addend);
            }
        }
        List<Part> parts = new ArrayList<>();
        parts.add(part(products.get(0), new Target(all, row, matrix, z), 0, mine));
        if (!parts.get(0).isOurs() && (first.size() > 1 || matrix != all && !first.isEmpty())) {
            FloatFallback.change(z, sum -> Addends.write(first, sum));
            parts.set(0, part(products.get(0), new Target(all, null, all, z), 0, mine));
        }
        for (int i = 1; i < products.size(); i++) {
            parts.add(part(products.get(i), new Target(all, null, all, z), i, mine));
        }
        return parts;
    }

    /** Where a product goes: z, a row and a matrix that are added to it, or null. */
    private record Target(MatrixOperand all, MatrixOperand row, MatrixOperand matrix, INDArray z) {}

    private Part part(Product product, Target to, int number, OfThread mine) {
        Term lies = new Term(
                (float) product.scale(),
                MatrixOperand.of(product.x()),
                MatrixOperand.of(product.w()),
                to.all(),
                to.row(),
                to.matrix(),
                product.overBatch());
        double kept = to.row() == null && to.matrix() == null ? 0 : 1;
        Part foreign = new Part(product, kept, null, 0, null, null);
        long all = to.z().size(0);
        boolean inExamples = to.z().rank() == BATCH_OF_BATCHES;
        if (!lies.isPlain()
                || inExamples && !isInPieces()
                || (mode != MathMode.BF16 || to.all().layout().isBatch()) && hasRounded(lies)) {
            return foreign;
        }
        long piece = inExamples ? 1 : isInPieces() && lies.isByRows() ? Math.min(ROWS, all) : all;
        long rest = all % piece;
        Term term = rounded(product, lies, number, mine);
        if (choice.library(term) == Library.OPENBLAS) {
            boolean added = to.row() != null || to.matrix() != null && to.matrix() != to.all();
            return added ? foreign : new Part(product, kept, term, piece, null, null);
        }
        if (packing) {
            term = packed(product, term, piece, rest, mine);
        }
        DnnlProduct compiled = mine.product(term.part(0, piece));
        DnnlProduct compiledRest = rest == 0 ? null : mine.product(term.part(0, rest));
        boolean fast = compiled.isFast() && (compiledRest == null || compiledRest.isFast());
        return fast ? new Part(product, kept, term, piece, compiled, compiledRest) : foreign;
    }

    /**
     * Some products, each added to the one before: so much of the first axis at a time, rows of a matrix or the heads of one example.
     * What was read and written for it is in the cache for the rest of the work on it.
     */
    private void run(List<Part> parts, INDArray z, OfThread mine) {
        Part first = parts.get(0);
        if (!first.isOurs()) {
            FloatFallback.multiply(first.product(), z, first.kept());
            return;
        }
        for (long from = 0; from < z.size(0); from += first.piece()) {
            long count = Math.min(first.piece(), z.size(0) - from);
            for (Part part : parts) {
                part.run(from, count, mine);
            }
        }
    }

    /** Several threads would wait for each other after each piece, and for the processor, if others use it. */
    private boolean isInPieces() {
        return isOne(threads);
    }

    private static boolean isOne(IntSupplier threads) {
        return threads.getAsInt() == 1;
    }

    /**
     * With BF16 in the place of a frozen weight, which is a matrix, if that is the mode, and of what is multiplied with activations
     * in BF16, or for them.
     */
    private Term rounded(Product product, Term term, int number, OfThread mine) {
        if (mode != MathMode.BF16 || term.isRounded() || term.z().layout().isBatch()) {
            return term;
        }
        if (product.w().frozen()) {
            return term.with(half(mine.stream, product.w(), term.w()));
        }
        return hasRounded(term) ? term.with(mine.rounded(number, term.w())) : term;
    }

    private static boolean hasRounded(Term term) {
        return Stream.of(term.x(), term.w(), term.z()).anyMatch(operand -> operand.form() == Form.BF16);
    }

    /** With a packed copy in the place of a frozen weight. A single row is multiplied in another way, which packs otherwise. */
    private Term packed(Product product, Term term, long piece, long rest, OfThread mine) {
        MatrixOperand lies = term.w();
        if (piece == 1 || rest == 1 || !product.w().frozen() || lies.layout().isBatch() || lies.form() != Form.F32) {
            return term;
        }
        Term asked = term.with(new MatrixOperand(NOWHERE, lies.layout(), Form.PACKED));
        return asked.with(packed(
                product.w().array(), lies, mine.product(asked.part(0, piece)).weights(), mine));
    }

    private MatrixOperand packed(INDArray array, MatrixOperand lies, memory.desc wanted, OfThread mine) {
        Packed packed = packs.get(lies);
        if (packed == null || !packed.original().isOf(array)) {
            // One thread makes it, and the others take it: a copy that the map does not hold is freed while it is read.
            packed = packs.compute(lies, (place, known) -> {
                if (known != null && known.original().isOf(array)) {
                    return known;
                }
                FloatPointer values = Lasting.of(new FloatPointer(wanted.get_size() / Float.BYTES));
                reorder(mine.stream, lies, wanted, Region.of(values));
                return new Packed(Original.of(array), values);
            });
        }
        return new MatrixOperand(Region.of(packed.values()), lies.layout(), Form.PACKED);
    }

    private void reorder(stream stream, MatrixOperand from, memory.desc wanted, Region into) {
        MemoryLayout layout = from.layout();
        try (memory.desc lies = new memory.desc(layout.sizes(), memory.data_type.f32, layout.strides());
                DnnlCall work =
                        DnnlCall.reorder(engine, lies, layout.length() * Form.F32.bytes(), wanted, wanted.get_size())) {
            work.run(stream, from.memory(), into);
        }
    }

    /** Stored as the weight lies, so that one copy serves both directions. */
    private MatrixOperand half(stream stream, Factor w, MatrixOperand single) {
        MemoryLayout layout = single.layout();
        MemoryLayout stored = layout.isByRows()
                ? MemoryLayout.rowMajor(layout.rows(), layout.columns())
                : MemoryLayout.rowMajor(layout.columns(), layout.rows()).transposed();
        INDArray array = w.array();
        Half half = halves.get(single.address());
        if (half == null || !half.original().isOf(array)) {
            half = halves.compute(single.address(), (place, known) -> {
                if (known != null && known.original().isOf(array)) {
                    return known;
                }
                ShortPointer values = Lasting.of(new ShortPointer(array.length()));
                convert(stream, single, Region.of(values), stored);
                return new Half(Original.of(array), values);
            });
        }
        return new MatrixOperand(Region.of(half.values()), stored, Form.BF16);
    }

    private void convert(stream stream, MatrixOperand from, Region into, MemoryLayout to) {
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
        Reference.reachabilityFence(array);
        return some;
    }
}
