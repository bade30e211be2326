/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Optional;
import java.util.OptionalDouble;
import org.lora4j.exec.ExecutionParts;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.cache.CachedPrefix;
import org.lora4j.train.cache.PrefixCache;
import org.lora4j.train.cache.PrefixReport;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Where the gradients of a run come from: an executor, perhaps with a frozen prefix that is kept. */
final class RunGradients implements AutoCloseable {

    private final Optional<PrefixCache> cache;
    private GraphExecutor executor;
    private Optional<CachedPrefix> prefix;
    private OptionalDouble productsBefore;
    private ExecutionParts parting = new ExecutionParts(1, "no batch yet");

    RunGradients(Trainable model, TrainingPlan plan, Optional<PrefixCache> cache) {
        this.cache = cache;
        GraphExecutor own = model.executor();
        use(plan.parts().isPresent() ? own.inParts(plan.parts().getAsInt()) : own);
    }

    private void use(GraphExecutor chosen) {
        executor = chosen;
        prefix = cache.map(settings -> new CachedPrefix(chosen.split(), settings));
        productsBefore = chosen.productSeconds();
    }

    /** The largest number of parts of a batch, on which rounding depends. */
    int mostParts() {
        return executor.mostParts();
    }

    /** Goes on with the number of an earlier run, whatever this machine has. */
    void inParts(int most) {
        if (most != executor.mostParts()) {
            close();
            use(executor.inParts(most));
        }
    }

    /** Which library computes which products, on which rounding depends; empty if there is nothing to choose. */
    String productChoice() {
        return executor.multiplier().choice();
    }

    /** Goes on with the choice of an earlier run, whatever is the fastest here. */
    void multiplyAs(String choice) {
        if (!productChoice().isEmpty() && !choice.isEmpty() && !choice.equals(productChoice())) {
            close();
            use(executor.withProducts(executor.multiplier().withChoice(choice)));
        }
    }

    /** What is known when the first batch is there. */
    Computation computation(Batch first, Batches batches) {
        parting = executor.parting(first.placeholders());
        return new Computation(
                executor.products(), mostParts(), parting, batches.description(), OptionalDouble.empty());
    }

    /** What is known at the end of steps that took so long. */
    Computation computation(Batches batches, double seconds) {
        OptionalDouble products = executor.productSeconds();
        OptionalDouble share = products.isPresent() && seconds > 0
                ? OptionalDouble.of((products.getAsDouble() - productsBefore.orElse(0)) / (seconds * parting.count()))
                : OptionalDouble.empty();
        return new Computation(executor.products(), mostParts(), parting, batches.description(), share);
    }

    LossAndGradients of(Batch batch, long seed) {
        return prefix.isPresent()
                ? prefix.get().gradients(batch.identity(), batch.examples(), batch.placeholders(), seed)
                : executor.gradients(batch.placeholders(), seed);
    }

    /** Takes an array of what it gave, for the memory of a later gradient. */
    void takeBack(INDArray gradient) {
        if (prefix.isPresent()) {
            gradient.close();
        } else {
            executor.takeBack(gradient);
        }
    }

    /** What the cache of the prefix did. */
    Optional<PrefixReport> report() {
        return prefix.map(CachedPrefix::report);
    }

    /** Frees what the run alone needed. */
    @Override
    public void close() {
        prefix.ifPresent(CachedPrefix::close);
    }
}
