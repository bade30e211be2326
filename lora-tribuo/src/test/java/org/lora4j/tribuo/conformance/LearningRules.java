/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;
import org.lora4j.tribuo.conformance.Task.TrainTest;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Model;
import org.tribuo.Output;
import org.tribuo.WeightedExamples;
import org.tribuo.dataset.DatasetView;
import org.tribuo.dataset.MinimumCardinalityDataset;
import org.tribuo.provenance.DatasetProvenance;

/**
 * A trainer learns what it is given, all of it and nothing else.
 *
 * @param <T> the type of output
 */
interface LearningRules<T extends Output<T>> extends Subject<T> {

    /** The first example whose output other examples of the dense sets share in regression too. */
    int SHARED_OUTPUT = 3;

    @Test
    default void train_onDenseExamples_learnsThem() {
        Dataset<T> train = task().dense().train();

        Model<T> model = trained(train);

        assertThat(task().score(model, train)).isGreaterThanOrEqualTo(task().floor());
    }

    @Test
    default void train_onSparseExamples_learnsThem() {
        Dataset<T> train = task().sparse().train();

        Model<T> model = trained(train);

        assertThat(task().score(model, train)).isGreaterThanOrEqualTo(task().floor());
    }

    @Test
    default void train_onOneDraw_predictsAnotherDraw() {
        Model<T> model = trained(task().synthetic(60, 1));

        assertThat(task().score(model, task().synthetic(60, 2))).isGreaterThanOrEqualTo(task().floor());
    }

    @Test
    default void train_onExamplesInReverseOrder_learnsThemToo() {
        Dataset<T> reversed = Examples.reversed(task(), task().dense().train());

        Model<T> model = trained(reversed);

        assertThat(task().score(model, reversed)).isGreaterThanOrEqualTo(task().floor());
    }

    @Test
    default void train_onDenseExamples_knowsTheirFeaturesAndOutputs() {
        Dataset<T> train = task().dense().train();

        Model<T> model = trained(train);

        assertThat(model.getFeatureIDMap().keySet())
                .containsAll(train.getFeatureIDMap().keySet());
        assertThat(model.getOutputIDInfo().getDomain())
                .isEqualTo(train.getOutputIDInfo().getDomain());
        assertThat(model.validate(task().type())).isTrue();
    }

    @Test
    default void train_onViewOfOneOutput_keepsTheParentsOutputsAndPredictsTheOne() {
        Dataset<T> all = task().dense().train();
        T only = all.getExample(SHARED_OUTPUT).getOutput();
        DatasetView<T> view =
                DatasetView.createView(all, example -> example.getOutput().fullEquals(only), "one output");

        Model<T> model = trained(view);

        assertThat(model.getOutputIDInfo().getDomain())
                .isEqualTo(all.getOutputIDInfo().getDomain());
        assertThat(model.predict(view))
                .hasSameSizeAs(view.getData())
                .allSatisfy(prediction -> assertThat(task().distance(prediction.getOutput(), only))
                        .isLessThanOrEqualTo(task().near()));
        answers(model, all).assertFinite();
    }

    @Test
    default void train_onFeaturesOfMinimumCardinality_learnsFromThoseThatAreLeft() {
        TrainTest<T> sparse = task().sparse();
        MinimumCardinalityDataset<T> frequent = new MinimumCardinalityDataset<>(sparse.train(), 3);
        assertThat(frequent.getRemoved()).isNotEmpty();

        Model<T> model = trained(frequent);

        assertThat(task().score(model, frequent)).isGreaterThanOrEqualTo(task().floor());
        answers(model, sparse.train()).assertFinite();
    }

    @Test
    default void train_withEqualSeedAndEqualExamples_givesTheSameBits() {
        TrainTest<T> first = task().dense();
        TrainTest<T> second = task().dense();

        Model<T> one = trained(first.train());
        Model<T> other = trained(second.train());

        assertThat(answers(other, second.test())).isEqualTo(answers(one, first.test()));
    }

    @Test
    default void train_withAnotherSeed_givesAnotherModel() {
        TrainTest<T> dense = task().dense();

        Model<T> one = trainer(SEED).train(dense.train());
        Model<T> other = trainer(SEED + 1).train(dense.train());

        assertThat(answers(other, dense.test())).isNotEqualTo(answers(one, dense.test()));
    }

    @Test
    default void train_leavesTheDatasetAsItWas() {
        Dataset<T> train = task().dense().train();
        List<Example<T>> same = List.copyOf(train.getData());
        List<Example<T>> copies = new ArrayList<>();
        List<Float> weights = new ArrayList<>();
        for (Example<T> example : train) {
            copies.add(example.copy());
            weights.add(example.getWeight());
        }
        DatasetProvenance provenance = train.getProvenance();

        trained(train);

        assertThat(train.getData()).isEqualTo(copies);
        assertThat(train.getData()).extracting(Example::getWeight).isEqualTo(weights);
        assertThat(train.getData())
                .usingElementComparator((a, b) -> a == b ? 0 : 1)
                .isEqualTo(same);
        assertThat(train.getProvenance()).isEqualTo(provenance);
    }

    @Test
    default void train_leavesSharedRandomNumbersAlone() {
        TrainTest<T> dense = task().dense();
        double untouched = sharedRandomNumbers(SEED).getAsDouble();

        DoubleSupplier shared = sharedRandomNumbers(SEED);
        answers(trained(dense.train()), dense.test());

        assertThat(shared.getAsDouble()).isEqualTo(untouched);
    }

    @Test
    default void train_onWeightedExamples_followsTheHeavierOnes() {
        assertThat(trainer()).isInstanceOf(WeightedExamples.class);

        assertThat(nearestOpposite(1, 0.01f)).isZero();
        assertThat(nearestOpposite(0.01f, 1)).isEqualTo(1);
    }

    /** Trains with the same features for both opposites, in the same order whatever their weights, and returns the winner. */
    private int nearestOpposite(float firstWeight, float secondWeight) {
        T first = task().opposites().get(0);
        T second = task().opposites().get(1);
        Dataset<T> train = Examples.contradiction(task(), first, firstWeight, second, secondWeight);
        T found = trained(train).predict(train.getExample(0)).getOutput();
        return task().distance(found, first) < task().distance(found, second) ? 0 : 1;
    }
}
