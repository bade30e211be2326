/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.stream;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.GrowingMemory;
import org.lora4j.internal.array.Lasting;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.array.SoftmaxRows;
import org.lora4j.internal.array.ThreadArrays;
import org.lora4j.internal.onednn.DnnlRowWork.Kind;
import org.lora4j.internal.onednn.DnnlRowWork.Sizes;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Attention and its backward by oneDNN, one example after the other, whose scores lie in memory that is used again for the next one
 * and so stays in the cache. What its fast kernels do not take is left to others.
 *
 * @apiNote Status: internal
 */
public final class DnnlAttention {

    /** Positions among the inputs and the gradients. */
    private static final int QUERIES = 0;

    private static final int KEYS = 1;
    private static final int VALUES = 2;
    private static final int FACTOR = 3;
    private static final int MASK = 4;
    private static final int OF_MASK = 3;
    /** Values of a cache line. */
    private static final long LINE = 16;

    private final engine engine;
    private final ThreadLocal<OfThread> ofThread = ThreadLocal.withInitial(this::ofThread);

    /** What decides the code; the form is that of all but scores and mask. A mask of one row for all queries is a bias, of more an addend. */
    private record Shape(
            MemoryLayout queries,
            MemoryLayout keys,
            MemoryLayout values,
            MemoryLayout context,
            Form form,
            float factor,
            MemoryLayout row,
            MemoryLayout mask) {

        /** oneDNN 3.11 takes some batches of outer products wrongly (its pull request 6015). */
        boolean isTaken() {
            return queries.rows() > 1
                    && keys.rows() > 1
                    && queries.columns() > 1
                    && values.columns() > 1
                    && queries.isByRows()
                    && keys.isByRows()
                    && values.isByRows()
                    && context.isByRows()
                    && (mask == null || mask.isByRows());
        }

        MemoryLayout scores() {
            long heads = queries.sizes()[0];
            return new MemoryLayout(
                    new long[] {heads, queries.rows(), keys.rows()},
                    new long[] {queries.rows() * keys.rows(), keys.rows(), 1});
        }

        boolean isRounded() {
            return form == Form.BF16;
        }

        Sizes rows() {
            return new Sizes(queries.sizes()[0] * queries.rows(), keys.rows(), Form.F32);
        }
    }

    /** The work on one example of a shape; that of the backward pass is compiled when it is asked for. */
    private static final class Work {
        private final engine engine;
        private final DnnlProduct scores;
        private final DnnlRowWork softmax;
        /** Of shares, or of gradients of scores; null if these are multiplied as they are. */
        private final DnnlRounding rounding;

        private final DnnlProduct context;
        private final Shape shape;
        private Backward backward;

        Work(Shape shape, engine engine) {
            this.shape = shape;
            this.engine = engine;
            MemoryLayout square = shape.scores();
            scores = new DnnlProduct(
                    new DnnlProduct.Key(
                            shape.queries(),
                            shape.keys().transposed(),
                            square,
                            shape.row(),
                            false,
                            shape.form(),
                            Form.F32,
                            shape.factor(),
                            shape.mask()),
                    engine);
            softmax = new DnnlRowWork(new DnnlRowWork.Key(Kind.SOFTMAX, shape.rows()), engine);
            rounding = shape.isRounded()
                    ? new DnnlRounding(MemoryLayout.rowMajor(1, shape.rows().length()), engine)
                    : null;
            context = product(engine, square, shape.values(), shape.context(), shape.form(), shape.form(), 1);
        }

        boolean isFast() {
            return softmax.isFast() && scores.isFast() && context.isFast();
        }

        Backward backward() {
            if (backward == null) {
                backward = new Backward(shape, engine);
            }
            return backward;
        }
    }

    private static DnnlProduct product(
            engine engine, MemoryLayout x, MemoryLayout w, MemoryLayout z, Form form, Form formOfZ, float factor) {
        return new DnnlProduct(new DnnlProduct.Key(x, w, z, null, false, form, formOfZ, factor, null), engine);
    }

    /** What follows from the shares of an example and the gradient of its context. */
    private static final class Backward {
        private final DnnlProduct ofShares;
        private final Sizes scores;
        private final DnnlRowWork softmax;
        private final DnnlProduct ofQueries;
        private final DnnlProduct ofKeys;
        private final DnnlProduct ofValues;

        Backward(Shape shape, engine engine) {
            MemoryLayout square = shape.scores();
            scores = shape.rows();
            softmax = new DnnlRowWork(new DnnlRowWork.Key(Kind.SOFTMAX_BACKWARD, scores), engine);
            Form form = shape.form();
            ofShares = product(engine, shape.context(), shape.values().transposed(), square, form, Form.F32, 1);
            ofQueries = product(engine, square, shape.keys(), shape.queries(), form, form, shape.factor());
            ofKeys = product(engine, square.transposed(), shape.queries(), shape.keys(), form, form, shape.factor());
            ofValues = product(engine, square.transposed(), shape.context(), shape.values(), form, form, 1);
        }

        boolean isFast() {
            return List.of(ofShares, ofQueries, ofKeys, ofValues).stream().allMatch(DnnlProduct::isFast);
        }

        /** Gradients of shares become those of scores. Without AVX-512 oneDNN has no vector code for it. */
        void throughSoftmax(stream stream, Region shares, Region gradients) {
            if (softmax.isFast()) {
                softmax.run(stream, shares, gradients, gradients);
            } else {
                inJava(shares, gradients);
            }
        }

        private void inJava(Region shares, Region gradients) {
            int width = Math.toIntExact(scores.width());
            Blocks.run(scores.length(), width, (block, from, length) -> {
                float[] y = ThreadArrays.array(0, length);
                float[] dy = ThreadArrays.array(1, length);
                Region place = gradients.from(from * Float.BYTES);
                shares.from(from * Float.BYTES).read(y, length);
                place.read(dy, length);
                SoftmaxRows.backward(y, dy, width, length);
                place.write(dy, length);
            });
        }
    }

    /** What a thread must not share. */
    private static final class OfThread {
        private final engine engine;
        private final stream stream;
        private final Cache<Shape, Work> works = new Cache<>();
        private final GrowingMemory scratch = new GrowingMemory();

        OfThread(engine engine) {
            this.engine = engine;
            this.stream = Lasting.of(new stream(engine));
        }

        Work work(Shape shape) {
            return works.computeIfAbsent(shape, sizes -> new Work(sizes, engine));
        }

        /** At the begin of a cache line, as vectors across two take twice as long. */
        Region scratch(long length) {
            long line = LINE * Float.BYTES;
            Region all = scratch.atLeast((length + LINE) * Float.BYTES);
            return all.from((line - all.address() % line) % line);
        }
    }

    /** The operands of one batch. */
    private final class Batch {
        private final OfThread mine = ofThread.get();
        private final MatrixOperand queries;
        private final MatrixOperand keys;
        private final MatrixOperand values;
        private final MatrixOperand context;
        private final MatrixOperand mask;
        private final float factor;
        private final boolean oneRow;
        private final Shape shape;

        /** Queries, keys, values, factor, mask or nothing; and the context or its gradient. */
        Batch(List<INDArray> in, boolean masked, INDArray context) {
            this.queries = MatrixOperand.of(in.get(QUERIES));
            this.keys = MatrixOperand.of(in.get(KEYS));
            this.values = MatrixOperand.of(in.get(VALUES));
            this.context = MatrixOperand.of(context);
            this.factor = in.get(FACTOR).getFloat(0);
            this.mask = masked ? MatrixOperand.of(in.get(MASK)) : null;
            this.oneRow = masked && mask.layout().rows() == 1;
            MemoryLayout ofMask = masked ? mask.layout().first(1) : null;
            long width = keys.layout().rows();
            MemoryLayout row = new MemoryLayout(new long[] {1, 1, width}, new long[] {width, width, 1});
            this.shape = new Shape(
                    queries.layout().first(1),
                    keys.layout().first(1),
                    values.layout().first(1),
                    this.context.layout().first(1),
                    queries.form(),
                    factor,
                    oneRow ? row : null,
                    oneRow ? null : ofMask);
        }

        Work work() {
            boolean ofOneForm = Stream.of(queries, keys, values, context)
                    .allMatch(o -> o.form() == shape.form() && o.layout().sizes()[0] == examples());
            boolean masksAll = mask == null
                    || mask.layout().sizes()[0] == 1
                    || mask.layout().sizes()[0] == examples();
            if (!ofOneForm
                    || !masksAll
                    || !shape.isTaken()
                    || oneRow
                            && (factor == 0
                                    || mask.layout().sizes()[1] != 1
                                    || !mask.layout().isByRows())) {
                return null;
            }
            Work work = mine.work(shape);
            return work.isFast() ? work : null;
        }

        long examples() {
            return queries.layout().sizes()[0];
        }

        /** Memory for so many arrays like the scores of an example, a place for each, and one behind them for a row of a mask. */
        Region[] scratch(int arrays) {
            long length = shape.rows().length();
            Region first = mine.scratch(arrays * length + shape.keys().rows());
            return IntStream.rangeClosed(0, arrays)
                    .mapToObj(i -> first.from(i * length * Float.BYTES))
                    .toArray(Region[]::new);
        }

        /** An array as it is multiplied, itself or in other memory. */
        Region factor(Work work, Region array, Region other) {
            if (work.rounding == null) {
                return array;
            }
            work.rounding.run(mine.stream, array, other);
            return other;
        }

        /** The shares of an example go to {@code scores}. */
        void shares(Work work, long example, Region scores, Region row) {
            Region given = mask == null ? null : at(mask, mask.layout().sizes()[0] == 1 ? 0 : example);
            if (oneRow) {
                divide(given, row, Math.toIntExact(shape.keys().rows()));
            }
            work.scores.run(mine.stream, at(queries, example), at(keys, example), scores, row, given);
            work.softmax.run(mine.stream, scores, scores);
        }

        /** By the factor that a bias is multiplied with. */
        private void divide(Region from, Region to, int length) {
            float[] values = new float[length];
            from.read(values, length);
            for (int i = 0; i < length; i++) {
                values[i] /= factor;
            }
            to.write(values, length);
        }
    }

    public DnnlAttention(engine engine) {
        this.engine = engine;
    }

    private OfThread ofThread() {
        return new OfThread(engine);
    }

    public Kernel kernel(String name, Kernel java) {
        return switch (name) {
            case "attention" ->
                java.computedBy((in, out) -> {
                    if (!forward(in, out.get(0))) {
                        FloatFallback.run(java, in, out);
                    }
                });
            case "attention_bp" ->
                java.computedBy((in, out) -> {
                    if (!backward(in, out)) {
                        FloatFallback.run(java, in, out);
                    }
                });
            default -> java;
        };
    }

    private boolean forward(List<INDArray> in, INDArray context) {
        Batch batch = new Batch(in, in.size() > MASK, context);
        Work work = batch.work();
        if (work == null) {
            return false;
        }
        Region[] scratch = batch.scratch(2);
        Region scores = scratch[0];
        for (long i = 0; i < batch.examples(); i++) {
            batch.shares(work, i, scores, scratch[2]);
            Region shares = batch.factor(work, scores, scratch[1]);
            work.context.run(batch.mine.stream, shares, at(batch.values, i), at(batch.context, i), null, null);
        }
        return true;
    }

    /** The last input is the gradient of the context; outputs that are null are not wanted, the fourth is the gradient of the mask. */
    private boolean backward(List<INDArray> in, List<INDArray> out) {
        Batch batch = new Batch(in, in.size() > MASK + 1, in.get(in.size() - 1));
        Work work = batch.work();
        if (work == null
                || !work.backward().isFast()
                || !liesLike(out.get(QUERIES), batch.queries)
                || !liesLike(out.get(KEYS), batch.keys)
                || !liesLike(out.get(VALUES), batch.values)
                || !liesLikeScores(out.get(OF_MASK), batch)) {
            return false;
        }
        Region[] scratch = batch.scratch(3);
        Region shares = scratch[0];
        stream stream = batch.mine.stream;
        Backward back = work.backward();
        for (long i = 0; i < batch.examples(); i++) {
            batch.shares(work, i, shares, scratch[3]);
            Region ofContext = at(batch.context, i);
            if (out.get(VALUES) != null) {
                Region factor = batch.factor(work, shares, scratch[2]);
                back.ofValues.run(stream, factor, ofContext, at(MatrixOperand.of(out.get(VALUES)), i), null, null);
            }
            // The gradient of scores is that of the mask, which is added to them.
            Region ofScores = out.get(OF_MASK) == null ? scratch[1] : at(MatrixOperand.of(out.get(OF_MASK)), i);
            back.ofShares.run(stream, ofContext, at(batch.values, i), ofScores, null, null);
            back.throughSoftmax(stream, shares, ofScores);
            Region factor = batch.factor(work, ofScores, scratch[2]);
            if (out.get(QUERIES) != null) {
                back.ofQueries.run(
                        stream, factor, at(batch.keys, i), at(MatrixOperand.of(out.get(QUERIES)), i), null, null);
            }
            if (out.get(KEYS) != null) {
                back.ofKeys.run(
                        stream, factor, at(batch.queries, i), at(MatrixOperand.of(out.get(KEYS)), i), null, null);
            }
        }
        return true;
    }

    private static boolean liesLike(INDArray gradient, MatrixOperand operand) {
        return gradient == null
                || MatrixOperand.formOf(gradient) == operand.form()
                        && MemoryLayout.of(gradient).equals(operand.layout());
    }

    private static boolean liesLikeScores(INDArray gradient, Batch batch) {
        if (gradient == null) {
            return true;
        }
        MemoryLayout layout = MemoryLayout.of(gradient);
        return MatrixOperand.formOf(gradient) == Form.F32
                && layout.sizes()[0] == batch.examples()
                && layout.first(1).equals(batch.shape.scores());
    }

    private static Region at(MatrixOperand operand, long example) {
        return operand.memory()
                .from(example * operand.layout().strides()[0] * operand.form().bytes());
    }
}
