/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.cache.BatchIdentity;
import org.lora4j.train.cache.PrefixCache;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class PrefixRefusalTest {

    private static final PrefixCache CACHE = PrefixCache.inMemory(1L << 20);

    /** {@code mean((relu(frozen(x w0)) w1 - y)^2)}, of which w1 trains. */
    private static Trainable net(UnaryOperator<SDVariable> frozen) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 2);
        SDVariable y = sd.placeHolder("y", DataType.DOUBLE, -1, 1);
        SDVariable w0 = sd.constant("w0", Nd4j.createFromArray(new double[][] {{1, 2, -1}, {0.5, 1, 3}}));
        SDVariable w1 = sd.var("w1", Nd4j.createFromArray(new double[][] {{0.1}, {0.2}, {0.3}}));
        SDVariable h = sd.nn().relu(frozen.apply(x.mmul(w0)), 0);
        SDVariable error = h.mmul(w1).sub(y);
        error.mul(error).mean().rename("loss");
        sd.setLossVariables("loss");
        return TrainableGraph.of(sd, List.of("w1"));
    }

    private static Batch batch(double shift) {
        INDArray x = Nd4j.createFromArray(new double[][] {{1 + shift, 2}, {3, 4}, {5, 7}});
        return Batch.of(Map.of("x", x, "y", Nd4j.createFromArray(new double[][] {{1}, {2}, {3}})), 3);
    }

    private static void train(Trainable model, Batches batches) {
        Trainer.builder(model)
                .plan(TrainingPlan.builder().epochs(2).seed(1).build())
                .cacheFrozenPrefix(CACHE)
                .build()
                .train(batches);
    }

    private static Batches source(List<Batch> first, List<Batch> later) {
        return (epoch, seed) -> (epoch == 1 ? first : later).iterator();
    }

    private static void assertRefused(Trainable model, Batches batches, String... words) {
        List<INDArray> before =
                model.trainableParameters().stream().map(p -> p.value().dup()).toList();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> train(model, batches))
                .satisfies(e -> assertThat(e.getMessage()).contains(words));
        for (int i = 0; i < before.size(); i++) {
            assertThat(model.trainableParameters().get(i).value()).isEqualTo(before.get(i));
        }
    }

    @Test
    void train_whenNothingHeavyLiesBelow_isRefusedWithTheSizeOfWhatWouldBeKept() {
        // 4 rows of 6 tokens, 12 features and the token's share of the mean, of 4 bytes each.
        assertRefused(
                Encoders.adapted(".*(query|dense)", 0),
                Batches.inOrder(Encoders.batches()),
                "no product",
                "embeddings.LayerNorm",
                4 * 6 * (12 + 1) * 4 + " bytes");
    }

    @Test
    void train_whenEverythingTrains_isRefused() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 2);
        x.mmul(sd.var("w", Nd4j.ones(DataType.DOUBLE, 2, 1))).mean().rename("loss");
        sd.setLossVariables("loss");

        assertRefused(
                TrainableGraph.of(sd, List.of("w")), Batches.inOrder(List.of(batch(0))), "nothing frozen lies below");
    }

    @Test
    void train_withARandomOpBelow_isRefusedByName() {
        Trainable model = net(h -> h.add(h.getSameDiff().random().normal("noise", 0, 1, DataType.DOUBLE, 1, 3)));

        assertRefused(model, Batches.inOrder(List.of(batch(0))), "distribution_gaussian", "random numbers");
    }

    @Test
    void train_withDropoutBelow_isRefused() {
        Trainable model = net(h -> h.getSameDiff().nn().dropout("dropped", h, 0.5));

        assertRefused(model, Batches.inOrder(List.of(batch(0))), "dropout", "random numbers");
    }

    @Test
    void train_onBatchesWithoutIdentity_isRefused() {
        List<Batch> batches = List.of(batch(0));

        assertRefused(net(h -> h), source(batches, batches), "no identity", "identifiedBy");
    }

    @Test
    void train_whenABatchComesBackChanged_isRefused() {
        BatchIdentity identity = new BatchIdentity.OfBatch(3);
        Trainable model = net(h -> h);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> train(
                        model,
                        source(
                                List.of(batch(0).identifiedBy(identity)),
                                List.of(batch(1e-9).identifiedBy(identity)))))
                .withMessageContaining("OfBatch[number=3]")
                .withMessageContaining("not what it was")
                .withMessageContaining("augmentation");
    }

    @Test
    void train_whenExamplesDependOnTheirBatch_isRefused() {
        Trainable model = net(h -> h.getSameDiff().cumsum("sums", h, false, false, 0));
        Batch batch = batch(0).identifiedBy(new BatchIdentity.OfExamples(List.of(1L, 2L, 3L)));

        assertRefused(model, source(List.of(batch), List.of(batch)), "depends on the other examples");
    }

    @Test
    void train_whenAnActivationHasNoRows_isRefusedForExamplesAndNotForBatches() {
        UnaryOperator<SDVariable> sum = h -> h.sum(true, 0);
        Batch batch = batch(0).identifiedBy(new BatchIdentity.OfExamples(List.of(1L, 2L, 3L)));

        assertRefused(net(sum), source(List.of(batch), List.of(batch)), "[1, 3]", "not rows of examples");
        train(net(sum), Batches.inOrder(List.of(batch(0))));
    }

    @Test
    void train_whenNumbersAreNotOnePerExample_isRefused() {
        Batch batch = batch(0).identifiedBy(new BatchIdentity.OfExamples(List.of(1L, 2L)));

        assertRefused(net(h -> h), source(List.of(batch), List.of(batch)), "3 examples has numbers for 2");
    }

    @Test
    void train_whenALossIsFrozen_isRefusedByName() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 2);
        SDVariable h = sd.nn().relu(x.mmul(sd.constant("w0", Nd4j.ones(DataType.DOUBLE, 2, 2))), 0);
        h.mmul(sd.var("w1", Nd4j.ones(DataType.DOUBLE, 2, 1))).mean().rename("loss");
        h.mean().rename("fixed");
        sd.setLossVariables("loss", "fixed");

        assertRefused(
                TrainableGraph.of(sd, List.of("w1")), Batches.inOrder(List.of(batch(0))), "\"fixed\" does not depend");
    }

    @Test
    void gradients_thatAreAnActivationItself_leaveTheCacheWhole() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 2);
        SDVariable h = sd.nn().relu(x.mmul(sd.constant("w0", Nd4j.ones(DataType.DOUBLE, 2, 2))), 0);
        h.mul(sd.var("w1", Nd4j.ones(DataType.DOUBLE, 3, 2))).sum().rename("loss");
        sd.setLossVariables("loss");
        Trainable model = TrainableGraph.of(sd, List.of("w1"));
        Map<String, INDArray> placeholders = Map.of("x", batch(0).placeholders().get("x"));
        // relu(x w0): the gradient of w1.
        double[] expected = {3, 3, 7, 7, 12, 12};

        try (CachedPrefix cache = new CachedPrefix(model.executor().split(), CACHE)) {
            List<double[]> found = new ArrayList<>();
            for (int pass = 0; pass < 2; pass++) {
                INDArray gradient = cache.gradients(Optional.of(new BatchIdentity.OfBatch(0)), 3, placeholders, 0)
                        .gradients()
                        .get("w1");
                found.add(gradient.dup('c').data().asDouble());
                gradient.assign(-1);
            }
            assertThat(found).containsExactly(expected, expected);
        }
    }
}
