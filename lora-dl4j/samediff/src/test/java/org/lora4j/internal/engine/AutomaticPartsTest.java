/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.internal.engine.GradientCheck.values;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.presets.openblas_nolapack;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.ExecutionParts;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.NativeThreads;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.parts.ParallelExecutor;
import org.lora4j.method.UpdateDropout;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

class AutomaticPartsTest {

    /** 2 (rows) (512) (512) operations: two parts of 128 rows are worth it, two of 8 are not. */
    private static final int MANY = 256;

    private static final int FEW = 16;
    private static final int WIDTH = 512;
    private static final int RANK = 16;

    private final SameDiff graph = graph();
    private final SameDiffExecutor whole =
            SameDiffExecutor.forTraining(graph, List.of("w")).withKernels();

    private static SameDiff graph() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, WIDTH);
        SDVariable y = sd.math.tanh("y", x.mmul(sd.var("w", floats(1, WIDTH, WIDTH))));
        sd.math.square(y).mean().rename("loss");
        y.sum().rename("sum");
        sd.setLossVariables("loss");
        return sd;
    }

    private static INDArray floats(long seed, long... shape) {
        return values(seed, shape).castTo(DataType.FLOAT);
    }

    private static Map<String, INDArray> batch(int rows) {
        return Map.of("x", floats(2, rows, WIDTH));
    }

    @Test
    void gradientsAndOutputs_ofEnoughRows_haveTheBitsOfSoManyParts() {
        GraphExecutor automatic = whole.inParts(2);
        GraphExecutor two = ParallelExecutor.of(whole.fork(), 2);

        assertThat(automatic.parting(batch(MANY))).isEqualTo(new ExecutionParts(2, "rows share nothing"));
        assertThat(automatic.gradients(batch(MANY), 0).gradients().get("w"))
                .isEqualTo(two.gradients(batch(MANY), 0).gradients().get("w"));
        assertThat(automatic.output(batch(MANY), List.of("y")).get("y"))
                .isEqualTo(two.output(batch(MANY), List.of("y")).get("y"));
    }

    @Test
    void whatIsNotWorthItOrMixesRows_staysWhole() {
        GraphExecutor automatic = whole.inParts(2);

        assertThat(automatic.parting(batch(FEW))).isEqualTo(new ExecutionParts(1, "too little work to share"));
        double oneThread =
                NativeThreads.one(() -> whole.gradients(batch(FEW), 0).loss());
        assertThat(automatic.gradients(batch(FEW), 0).loss()).isEqualTo(oneThread);
        // Of parts it would be the mean of their sums, which is half of it.
        assertThat(automatic.output(batch(MANY), List.of("sum")).get("sum"))
                .isEqualTo(whole.output(batch(MANY), List.of("sum")).get("sum"));
    }

    @Test
    void batchWhoseRowsShareWhatIsLeftOfAnUpdate_staysWhole() {
        SameDiff training = SameDiff.create();
        SDVariable x = training.placeHolder("x", DataType.FLOAT, -1, WIDTH);
        SDVariable kept = training.placeHolder("kept", DataType.FLOAT, WIDTH);
        SDVariable w = training.var("w", graph.getVariable("w").getArr());
        training.math.square(x.mmul(w.mul(kept))).mean().rename("loss");
        training.setLossVariables("loss");
        SameDiffExecutor executor = SameDiffExecutor.forTraining(
                graph,
                training,
                List.of("w"),
                List.of(DropoutMask.ofUpdate("kept", WIDTH, new UpdateDropout(0.5, true, 0)::draw, List.of("w"))));

        assertThat(executor.inParts(2).parting(batch(MANY)))
                .isEqualTo(new ExecutionParts(1, "parts of updates are left out, for all rows at once"));
        INDArray gradient =
                executor.gradients(batch(MANY), 3).gradients().get("w").castTo(DataType.DOUBLE);
        INDArray ofOutputs = gradient.mul(gradient).sum(0);
        long none = IntStream.range(0, WIDTH)
                .filter(i -> ofOutputs.getDouble(i) == 0)
                .count();
        // Four standard deviations of 512 draws.
        assertThat(none).isBetween(256L - 46, 256L + 46);
    }

    @Test
    void oneGivenToAThread_staysWhole() {
        GraphExecutor automatic = whole.inParts(2);

        assertThat(automatic.mostParts()).isEqualTo(2);
        assertThat(automatic.inOnePart().mostParts()).isOne();
        assertThat(automatic.fork().mostParts()).isOne();
        assertThat(ParallelExecutor.of(automatic, 1).mostParts()).isOne();
        assertThat(ParallelExecutor.of(automatic, 3).mostParts()).isEqualTo(3);
        assertThat(automatic.inParts(1).parting(batch(MANY))).isEqualTo(new ExecutionParts(1, "one thread"));
        assertThatThrownBy(() -> whole.inParts(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at most 0 parts; expected 1 or more");
    }

    @Test
    void multiplier_isExchangedBeforeAndAfterParts() {
        GraphExecutor before =
                whole.withProducts(org.lora4j.exec.onednn.OneDnn.orNd4j()).inParts(2);
        GraphExecutor after = whole.inParts(2).withProducts(org.lora4j.exec.onednn.OneDnn.orNd4j());

        assertThat(after.products()).isEqualTo(before.products());
        assertThat(after.mostParts()).isEqualTo(2);
        assertThat(after.gradients(batch(MANY), 0).gradients().get("w"))
                .isEqualTo(before.gradients(batch(MANY), 0).gradients().get("w"));
    }

    @Test
    void wrongInputs_areToldAsWithoutParts() {
        assertThatThrownBy(() -> whole.inParts(2).gradients(Map.of("z", floats(1, 2, 2)), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"z\" is not a placeholder");
    }

    @Test
    void whatIsNotWorthTwoThreads_hasOneNativeThread_andTheRestAllOfThem() {
        NativeOps ops = NativeOpsHolder.getInstance().getDeviceNativeOps();
        int before = ops.ompGetMaxThreads();
        List<Integer> threads = new ArrayList<>();
        GraphExecutor automatic =
                whole.withProducts(new Watched(threads, ops::ompGetMaxThreads)).inParts(2);
        ops.setOmpNumThreads(2);
        try {
            automatic.output(batch(FEW), List.of("y"));
            automatic.output(batch(FEW), List.of("sum"));
            automatic.gradients(batch(FEW), 0);
            assertThat(threads).isNotEmpty().containsOnly(1);
            threads.clear();

            automatic.output(batch(MANY), List.of("sum"));
            assertThat(threads).containsOnly(2);
        } finally {
            ops.setOmpNumThreads(before);
        }
    }

    /** Notes how many threads each product may have. */
    private record Watched(List<Integer> found, IntSupplier threads) implements Multiplier {
        @Override
        public void multiply(Product product, INDArray z, double kept) {
            found.add(threads.getAsInt());
            Multiplier.nd4j().multiply(product, z, kept);
        }

        @Override
        public String description() {
            return "watched";
        }
    }

    /** 74 rows are 39 million operations without the adapter, and 41 with it: one thread or two. */
    @Test
    void graphWithAnAdapter_isSharedAsItsBase() {
        int rows = 74;
        SameDiff adapted = SameDiff.create();
        SDVariable x = adapted.placeHolder("x", DataType.FLOAT, -1, WIDTH);
        SDVariable sum = x.mmul(adapted.var("w", graph.getVariable("w").getArr()))
                .add(x.mmul(adapted.var("a", floats(3, WIDTH, RANK))).mmul(adapted.var("b", floats(4, RANK, WIDTH))));
        adapted.math.tanh("y", sum);
        List<String> y = List.of("y");

        assertThat(SameDiffExecutor.forInference(adapted)
                        .withKernels()
                        .partingOfOutputs(batch(rows), y, 2)
                        .parting()
                        .count())
                .isEqualTo(2);
        assertThat(SameDiffExecutor.forInference(adapted, graph)
                        .withKernels()
                        .fork()
                        .partingOfOutputs(batch(rows), y, 2))
                .isEqualTo(SameDiffExecutor.forInference(graph).withKernels().partingOfOutputs(batch(rows), y, 2))
                .matches(PartRule.Decision::little);
    }

    @Test
    void nativeThreads_areOneWhileWorkRuns_andAsBeforeAfterwards() {
        NativeOps ops = NativeOpsHolder.getInstance().getDeviceNativeOps();
        int before = ops.ompGetMaxThreads();
        int ofBlas = Nd4j.factory().blas().getMaxThreads();
        ops.setOmpNumThreads(2);
        Nd4j.factory().blas().setMaxThreads(2);
        AtomicInteger inside = new AtomicInteger();
        try {
            NativeThreads.one(() -> NativeThreads.one(() -> {
                inside.set(10 * ops.ompGetMaxThreads() + ofOpenBlas());
                return null;
            }));

            assertThat(inside.get()).isEqualTo(11);
            assertThat(ops.ompGetMaxThreads()).isEqualTo(2);
            assertThat(ofOpenBlas()).isEqualTo(2);
        } finally {
            ops.setOmpNumThreads(before);
            Nd4j.factory().blas().setMaxThreads(ofBlas);
        }
    }

    /** Asks the library itself: ND4J tells what it said last. */
    private static int ofOpenBlas() {
        try (GetThreads get = new GetThreads()) {
            return get.call(0);
        }
    }

    /** Of a type that there is, an int for an int; this function takes nothing. */
    private static final class GetThreads extends openblas_nolapack.MklSetNumThreadsLocal {
        GetThreads() {
            super();
            put(Loader.addressof("openblas_get_num_threads"));
        }
    }
}
