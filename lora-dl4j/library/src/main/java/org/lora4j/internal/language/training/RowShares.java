/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.training;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.NativeThreads;
import org.lora4j.exec.Parting;
import org.lora4j.method.StepRule;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A decoder whose rows learn side by side, each share of them in a thread of its own. Its loss is a sum over rows, so that loss and
 * gradients of the shares are added; native libraries have one thread in each, since the ops of a decoder are short.
 *
 * @param model the model, whose loss is a sum over the rows of a batch
 * @apiNote Status: internal
 */
public record RowShares(Trainable model) implements Trainable {

    private static final ExecutorService THREADS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "lora4j-rows");
        thread.setDaemon(true);
        return thread;
    });

    @Override
    public List<TrainableParameter> trainableParameters() {
        return model.trainableParameters();
    }

    @Override
    public List<StepRule> stepRules() {
        return model.stepRules();
    }

    @Override
    public GraphExecutor executor() {
        return new Adding(model.executor(), Runtime.getRuntime().availableProcessors());
    }

    private static final class Adding implements GraphExecutor {

        private final GraphExecutor whole;
        private final List<GraphExecutor> shares = new ArrayList<>();
        private final int most;

        Adding(GraphExecutor whole, int most) {
            this.whole = whole;
            this.most = most;
        }

        private int count(Map<String, INDArray> placeholders) {
            long rows = rows(placeholders);
            return (int) Math.min(most, rows);
        }

        private static long rows(Map<String, INDArray> placeholders) {
            return placeholders.values().iterator().next().size(0);
        }

        @Override
        public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
            int count = count(placeholders);
            if (count == 1) {
                return whole.gradients(placeholders, seed);
            }
            while (shares.size() < count) {
                shares.add(shares.isEmpty() ? whole.inOnePart() : whole.fork());
            }
            List<CompletableFuture<LossAndGradients>> others = new ArrayList<>();
            for (int i = 1; i < count; i++) {
                int share = i;
                others.add(CompletableFuture.supplyAsync(() -> share(placeholders, share, count, seed), THREADS));
            }
            try {
                LossAndGradients sum = share(placeholders, 0, count, seed);
                for (CompletableFuture<LossAndGradients> other : others) {
                    sum = sum(sum, other.join());
                }
                return sum;
            } catch (CompletionException e) {
                throw e.getCause() instanceof RuntimeException cause ? cause : e;
            } finally {
                // None may still run when the caller goes on, after a failure either.
                others.forEach(other -> other.handle((result, failure) -> null).join());
            }
        }

        private LossAndGradients share(Map<String, INDArray> placeholders, int share, int count, long seed) {
            long rows = rows(placeholders);
            Map<String, INDArray> own = new LinkedHashMap<>();
            placeholders.forEach((name, array) -> own.put(
                    name,
                    array.get(NDArrayIndex.interval(share * rows / count, (share + 1) * rows / count))
                            .dup('c')));
            try {
                // Shares must not drop the same places.
                long ofShare = seed ^ (0x9E3779B97F4A7C15L * share);
                return NativeThreads.one(() -> shares.get(share).gradients(own, ofShare));
            } finally {
                own.values().forEach(INDArray::close);
            }
        }

        private static LossAndGradients sum(LossAndGradients one, LossAndGradients other) {
            Map<String, INDArray> gradients = new LinkedHashMap<>(one.gradients());
            other.gradients().forEach((name, gradient) -> {
                INDArray sum = gradients.putIfAbsent(name, gradient);
                if (sum != null) {
                    sum.addi(gradient);
                    gradient.close();
                }
            });
            return new LossAndGradients(
                    one.loss() + other.loss(),
                    gradients,
                    Stream.concat(one.unreached().stream(), other.unreached().stream())
                            .filter(name -> !gradients.containsKey(name))
                            .collect(Collectors.toSet()));
        }

        @Override
        public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
            return whole.output(placeholders, outputs);
        }

        @Override
        public GraphExecutor fork() {
            return whole.fork();
        }

        @Override
        public void release() {
            whole.release();
            shares.forEach(GraphExecutor::release);
        }

        @Override
        public GraphExecutor inParts(int largest) {
            return new Adding(whole, largest);
        }

        @Override
        public int mostParts() {
            return most;
        }

        @Override
        public Parting parting(Map<String, INDArray> placeholders) {
            return new Parting(count(placeholders), "the loss is a sum over the rows");
        }

        @Override
        public String products() {
            return whole.products();
        }

        @Override
        public OptionalDouble productSeconds() {
            return whole.productSeconds();
        }
    }
}
