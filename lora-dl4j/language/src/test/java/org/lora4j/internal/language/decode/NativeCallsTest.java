/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.NativeThreads;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.kernel.Multiplier.Product;
import org.lora4j.exec.onednn.MathMode;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.onednn.NarrowType;
import org.lora4j.quant.HalfPrecision;
import org.lora4j.quant.Int8;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.Tiled;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Everything that calls oneDNN directly, while the collector runs all the time, arrays die at once, and models are closed,
 * exchanged and failed in the middle. Memory that is freed too early ends the JVM, or gives other numbers than in quiet: start it
 * with {@code MALLOC_PERTURB_=165}, which overwrites what is freed. {@code -Dstress.seconds=1800} is the long run.
 */
class NativeCallsTest {

    private static final int SEEDS = 6;
    private static final int THREADS = 3;
    private static final int SECONDS = Integer.getInteger("stress.seconds", 3);

    private final Map<String, float[]> quiet = new ConcurrentHashMap<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final AtomicInteger done = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();
    private volatile Shared shared;

    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(OneDnn.isAvailable(), "oneDNN has no natives here");
    }

    /** What computes numbers from a seed, with arrays that nobody has afterwards. */
    private interface Door {
        float[] enter(Random random);
    }

    /** What several threads use at a time, until others take its place while they still do. */
    private static final class Shared {
        private final Map<String, Multiplier> multipliers = multipliers();
        private final Map<String, DecodeModel> models = models();
        private final GraphExecutor executor = executor(multipliers.get("strict"));
        private final INDArray frozen = values(new Random(3), 96, 80);
    }

    private static Map<String, Multiplier> multipliers() {
        Map<String, Multiplier> all = new LinkedHashMap<>();
        all.put("strict", OneDnn.products(MathMode.STRICT_F32));
        all.put("packed", OneDnn.packedProducts());
        if (MathMode.BF16.isSupported()) {
            all.put("bf16", OneDnn.products(MathMode.BF16));
        }
        return all;
    }

    private static Map<String, DecodeModel> models() {
        GoldenModel golden = GoldenModel.of("llama-gqa");
        Map<String, DecodeModel> models = new LinkedHashMap<>();
        models.put("float", golden.model());
        models.put("bfloat16", golden.model(golden.stored(w -> HalfPrecision.of(w, DataType.BFLOAT16))));
        models.put("float16", golden.model(golden.stored(w -> HalfPrecision.of(w, DataType.FLOAT16))));
        models.put("int8", golden.model(golden.stored(w -> Int8.of(w, 0))));
        return models;
    }

    private static INDArray values(Random random, long... shape) {
        float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return Nd4j.create(values, shape, 'c');
    }

    private static float[] numbers(INDArray... arrays) {
        int length =
                Arrays.stream(arrays).mapToInt(array -> (int) array.length()).sum();
        float[] all = new float[length];
        int at = 0;
        for (INDArray array : arrays) {
            float[] some = array.castTo(DataType.FLOAT).dup('c').data().asFloat();
            System.arraycopy(some, 0, all, at, some.length);
            at += some.length;
        }
        return all;
    }

    private Map<String, Door> doors() {
        Map<String, Door> doors = new LinkedHashMap<>();
        for (String name : multipliers().keySet()) {
            doors.put("product " + name, random -> {
                INDArray z = values(random, 70, 80);
                Factor x = new Factor(values(random, 70, 96), false, false);
                multiplier(name).multiply(new Product(0.5, x, new Factor(shared.frozen, false, true)), z, 1);
                return numbers(z);
            });
            doors.put("gradient " + name, random -> {
                INDArray z = Nd4j.createUninitialized(DataType.FLOAT, 96, 8);
                Factor x = new Factor(values(random, 1 + random.nextInt(300), 96), true, false);
                Factor g = new Factor(values(random, x.array().size(0), 8), false, false);
                multiplier(name).multiply(new Product(1, x, g, true), z, 0);
                return numbers(z);
            });
            doors.put("row " + name, random -> {
                INDArray z = values(random, 1, 48);
                Factor x = new Factor(values(random, 1, 1500), false, false);
                multiplier(name).multiply(x, new Factor(values(random, 48, 1500), true, false), z, 1);
                return numbers(z);
            });
            doors.put("sum " + name, random -> {
                INDArray z = Nd4j.createUninitialized(DataType.FLOAT, 300, 80);
                Product layer = new Product(
                        new Factor(values(random, 300, 96), false, false), new Factor(shared.frozen, false, true));
                Product update = new Product(
                        2,
                        new Factor(values(random, 300, 4), false, false),
                        new Factor(values(random, 4, 80), false, false));
                multiplier(name).sum(List.of(values(random, 80), values(random, 300, 80)), List.of(layer, update), z);
                return numbers(z);
            });
            doors.put("attention " + name, random -> attention(multiplier(name), random));
            doors.put("graph " + name, random -> graph(executor(multiplier(name)), random));
        }
        for (String kernel : List.of("gelu", "softmax", "layer_norm")) {
            doors.put(kernel, random -> rows(kernel, random));
        }
        doors.put("shared graph", random -> graph(shared.executor, random));
        doors.put("graph in parts", random -> {
            GraphExecutor parts = executor(multiplier("strict")).inParts(2);
            float[] found = graph(parts, random);
            parts.release();
            return found;
        });
        for (String form : models().keySet()) {
            doors.put("decoder " + form, random -> decode(shared.models.get(form), random));
        }
        for (DataType type : List.of(DataType.FLOAT, DataType.BFLOAT16, DataType.FLOAT16)) {
            doors.put("matrix " + type, random -> matrix(values(random, 64, 192).castTo(type), null, random));
        }
        doors.put("matrix INT8", random -> matrix(null, Int8.of(values(random, 64, 192), 0), random));
        doors.put("matrix in tiles", random -> {
            StoredWeight bytes = Int8.of(values(random, 64, 192), 0);
            int rows = DecodeModel.rowsOfTile(bytes);
            return matrix(null, rows == 0 ? bytes : Tiled.overwriting(bytes, rows), random);
        });
        return doors;
    }

    private Multiplier multiplier(String name) {
        return shared.multipliers.get(name);
    }

    private static Kernel kernel(Multiplier multiplier, String name) {
        return multiplier.kernel(name, Kernel.of((in, out) -> out.forEach(array -> array.assign(7))));
    }

    private float[] rows(String name, Random random) {
        INDArray x = values(random, 33, 48);
        List<INDArray> in = switch (name) {
            case "layer_norm" -> List.of(x, values(random, 48), values(random, 48));
            default -> List.of(x);
        };
        INDArray y = x.ulike();
        INDArray dx = x.ulike();
        Multiplier multiplier = multiplier("strict");
        kernel(multiplier, name).run(in, List.of(y));
        List<INDArray> inBack = new ArrayList<>(in);
        if (name.equals("softmax")) {
            inBack.set(0, y);
        }
        inBack.add(values(random, 33, 48));
        List<INDArray> out = name.equals("layer_norm")
                ? List.of(
                        dx, Nd4j.createUninitialized(DataType.FLOAT, 48), Nd4j.createUninitialized(DataType.FLOAT, 48))
                : List.of(dx);
        kernel(multiplier, name + "_bp").run(inBack, out);
        return numbers(y, dx);
    }

    private static float[] attention(Multiplier multiplier, Random random) {
        List<INDArray> in = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            in.add(values(random, 2, 3, 10 + (i > 0 ? 4 : 0), 16));
        }
        in.add(Nd4j.scalar(0.25f));
        INDArray context = Nd4j.createUninitialized(DataType.FLOAT, 2, 3, 10, 16);
        kernel(multiplier, "attention").run(in, List.of(context));
        in.add(values(random, 2, 3, 10, 16));
        List<INDArray> out = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            out.add(in.get(i).ulike());
        }
        out.add(null);
        kernel(multiplier, "attention_bp").run(in, out);
        return numbers(context, out.get(0), out.get(1), out.get(2));
    }

    /** Two layers with a nonlinearity and a normalization, and a frozen weight. */
    private static GraphExecutor executor(Multiplier multiplier) {
        Random random = new Random(5);
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 40);
        SDVariable hidden = sd.nn().gelu(x.mmul(sd.constant("frozen", values(random, 40, 64))));
        SDVariable norm = sd.nn().layerNorm(hidden, sd.constant("gain", values(random, 64)), true, 1);
        SDVariable y = norm.mmul(sd.var("a", values(random, 64, 4)))
                .mmul(sd.var("b", values(random, 4, 24)))
                .rename("y");
        y.mul(y).mean().rename("loss");
        sd.setLossVariables("loss");
        return SameDiffExecutor.forTraining(sd, List.of("a", "b")).withProducts(multiplier);
    }

    private static float[] graph(GraphExecutor executor, Random random) {
        Map<String, INDArray> inputs = Map.of("x", values(random, 1 + random.nextInt(400), 40));
        INDArray y = executor.output(inputs, List.of("y")).get("y");
        LossAndGradients pass = executor.gradients(inputs, 1);
        float[] found =
                numbers(y, pass.gradients().get("a"), pass.gradients().get("b"), Nd4j.scalar((float) pass.loss()));
        if (random.nextBoolean()) {
            pass.gradients().values().forEach(executor::takeBack);
            y.close();
        }
        return found;
    }

    private static float[] decode(DecodeModel model, Random random) {
        try (DecodeSession session = new DecodeSession(model, ModuleUpdates.NONE, 2)) {
            int[] which = {session.add(), session.add()};
            int[][] prompts = new int[2][];
            for (int i = 0; i < prompts.length; i++) {
                prompts[i] = random.ints(1 + random.nextInt(20), 0, 30).toArray();
            }
            float[] first = session.feed(which, prompts)[0].clone();
            session.remove(which[0]);
            float[] second = session.feed(new int[] {which[1]}, new int[][] {{3}})[0];
            return numbers(Nd4j.createFromArray(first), Nd4j.createFromArray(second));
        }
    }

    /** A matrix of a decoder that dies with this call; what it is made of has died before. */
    private static float[] matrix(INDArray array, StoredWeight stored, Random random) {
        LinearWeight weight = LinearWeight.of("w", array, Optional.ofNullable(stored), false);
        int rows = new int[] {1, 5, 20, 70}[random.nextInt(4)];
        HiddenRows x = new HiddenRows().toBeWritten(rows, weight.inputs());
        System.arraycopy(numbers(values(random, rows, weight.inputs())), 0, x.values(), 0, x.length());
        float[] found = new float[rows * weight.outputs()];
        try (Staging staging = new Staging();
                Workspace space = new Workspace()) {
            // As sessions do.
            return NativeThreads.one(() -> {
                staging.prepare(x, weight.form(rows), weight.outputs(), space);
                for (int piece = 0; piece < weight.pieces(staging.form(), rows); piece++) {
                    weight.multiply(staging, 0, rows, piece, space);
                }
                staging.outputs().get(0, found);
                return found;
            });
        }
    }

    private void enter(Map<String, Door> doors, String name, int seed, boolean isQuiet) {
        float[] found = doors.get(name).enter(new Random(seed));
        String key = name + " " + seed;
        if (isQuiet) {
            assertThat(found).isNotEmpty().doesNotContain(Float.NaN);
            quiet.put(key, found);
        } else if (!Arrays.equals(found, quiet.get(key))) {
            throw new AssertionError(key + " gives other numbers than in quiet");
        }
        done.incrementAndGet();
    }

    /** A factor that reaches beyond its memory is refused on its way. */
    private void fail(Random random) {
        INDArray memory = values(random, 3, 40);
        INDArray damaged = Nd4j.create(memory.data(), new long[] {70, 96}, new long[] {96, 1}, 0, 'c');
        for (Multiplier multiplier : shared.multipliers.values()) {
            assertThatThrownBy(() -> multiplier.multiply(
                            new Factor(damaged, false, false),
                            new Factor(shared.frozen, false, true),
                            Nd4j.createUninitialized(DataType.FLOAT, 70, 80),
                            0))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
        assertThatThrownBy(() -> shared.executor.output(Map.of("x", values(random, 3, 39)), List.of("y")))
                .isInstanceOf(IllegalArgumentException.class);
        refused.incrementAndGet();
    }

    private void work(long until, int number) {
        Map<String, Door> doors = doors();
        List<String> names = List.copyOf(doors.keySet());
        Random random = new Random(number);
        try {
            while (System.nanoTime() < until && failure.get() == null) {
                if (random.nextInt(40) == 0) {
                    fail(random);
                }
                String name = names.get(random.nextInt(names.size()));
                if (random.nextInt(10) == 0) {
                    // Of a caller, who knows nothing of what the library keeps.
                    PointerScope ofCaller = new PointerScope();
                    try {
                        enter(doors, name, random.nextInt(SEEDS), false);
                    } finally {
                        ofCaller.close();
                    }
                } else {
                    enter(doors, name, random.nextInt(SEEDS), false);
                }
            }
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        }
    }

    /** Takes what others work with away from them, and has the collector run. */
    private void disturb(long until) throws InterruptedException {
        Random random = new Random(99);
        while (System.nanoTime() < until && failure.get() == null) {
            if (random.nextInt(4) == 0) {
                shared.executor.release();
            }
            if (random.nextInt(20) == 0) {
                shared = new Shared();
            }
            System.gc();
            Thread.sleep(random.nextInt(5));
        }
    }

    @Test
    void everyDoor_whileArraysDieAndModelsClose_givesWhatItGivesInQuiet() throws Exception {
        run(Math.min(SECONDS, 3));
    }

    @Test
    @Tag("thorough")
    void everyDoor_forLong_givesWhatItGivesInQuiet() throws Exception {
        run(Math.max(SECONDS, 60));
    }

    private void run(int seconds) throws InterruptedException {
        assumeTrue(NarrowType.INT8.isFast(), "without AVX2 sessions do not call oneDNN");
        shared = new Shared();
        Map<String, Door> doors = doors();
        for (String name : doors.keySet()) {
            for (int seed = 0; seed < SEEDS; seed++) {
                enter(doors, name, seed, true);
            }
        }
        done.set(0);
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            int number = i;
            workers.add(new Thread(() -> work(until, number), "stress-" + i));
        }
        workers.forEach(Thread::start);
        disturb(until);
        for (Thread worker : workers) {
            worker.join();
        }
        assertThat(failure.get()).isNull();
        assertThat(done).hasPositiveValue();
        org.slf4j.LoggerFactory.getLogger(NativeCallsTest.class)
                .info("{} calls, {} refusals in {} s", done, refused, seconds);
    }
}
