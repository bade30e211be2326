/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.oracle.labs.mlrg.olcut.util.Pair;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.tribuo.conformance.Task.TrainTest;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.Output;
import org.tribuo.Trainer;
import org.tribuo.ensemble.BaggingTrainer;
import org.tribuo.ensemble.WeightedEnsembleModel;
import org.tribuo.evaluation.CrossValidation;
import org.tribuo.evaluation.Evaluation;
import org.tribuo.evaluation.Evaluator;
import org.tribuo.hash.HashCodeHasher;
import org.tribuo.hash.HashedFeatureMap;
import org.tribuo.hash.HashingTrainer;
import org.tribuo.test.Helpers;
import org.tribuo.transform.TransformTrainer;
import org.tribuo.transform.TransformationMap;
import org.tribuo.transform.transformations.LinearScalingTransformation;

/**
 * A trainer works inside of what Tribuo builds from trainers.
 *
 * @param <T> the type of output
 */
interface CompositionRules<T extends Output<T>> extends Subject<T> {

    /** How many folds, and how many members of an ensemble. */
    int PARTS = 3;

    /** The salt of hashed feature names. */
    String SALT = "conformance-salt";

    @Test
    default void crossValidation_learnsInEveryFold() {
        List<Double> scores = new ArrayList<>();
        for (Pair<? extends Evaluation<T>, Model<T>> fold : folds(task().evaluator())) {
            scores.add(task().score(fold.getA()));
        }

        assertThat(scores).hasSize(PARTS).allSatisfy(score -> assertThat(score).isGreaterThanOrEqualTo(task().floor()));
    }

    @Test
    default void crossValidation_again_givesTheSameBits() {
        Dataset<T> test = task().synthetic(20, 6);

        List<Answers> first = new ArrayList<>();
        folds(task().evaluator()).forEach(fold -> first.add(answers(fold.getB(), test)));
        List<Answers> second = new ArrayList<>();
        folds(task().evaluator()).forEach(fold -> second.add(answers(fold.getB(), test)));

        assertThat(second).isEqualTo(first);
    }

    private <E extends Evaluation<T>> List<Pair<E, Model<T>>> folds(Evaluator<T, E> evaluator) {
        return new CrossValidation<>(trainer(), task().synthetic(90, 1), evaluator, PARTS, SEED).evaluate();
    }

    @Test
    default void bagging_learnsWithMembersThatDiffer() {
        Dataset<T> train = task().synthetic(60, 1);

        WeightedEnsembleModel<T> ensemble = bag(trainer(), train);

        assertThat(task().score(ensemble, train)).isGreaterThanOrEqualTo(task().floor());
        List<Answers> members = new ArrayList<>();
        ensemble.getModels().forEach(member -> members.add(answers(member, train)));
        assertThat(members).hasSize(PARTS).doesNotHaveDuplicates();
    }

    @Test
    default void bagging_countsItsMembersAsTrainings() {
        Trainer<T> inner = trainer();

        bag(inner, task().synthetic(60, 1));

        assertThat(inner.getInvocationCount()).isEqualTo(PARTS);
    }

    @Test
    default void bagging_again_givesTheSameBits() {
        Dataset<T> train = task().synthetic(60, 1);

        assertThat(answers(bag(trainer(), train), train)).isEqualTo(answers(bag(trainer(), train), train));
    }

    @Test
    default void bagging_readBack_predictsTheSameBits() {
        Dataset<T> train = task().synthetic(60, 1);
        WeightedEnsembleModel<T> ensemble = bag(trainer(), train);

        Model<T> back = Helpers.testModelProtoSerialization(ensemble, task().type(), train, 0.0);

        assertThat(answers(back, train)).isEqualTo(answers(ensemble, train));
    }

    private WeightedEnsembleModel<T> bag(Trainer<T> inner, Dataset<T> train) {
        return (WeightedEnsembleModel<T>) new BaggingTrainer<>(inner, task().combiner(), PARTS, SEED).train(train);
    }

    @Test
    default void hashing_keepsTheHashedNamesAndLearns() {
        Dataset<T> train = task().sparse().train();

        Model<T> model = hashed(train);

        assertThat(model.getFeatureIDMap()).isInstanceOf(HashedFeatureMap.class);
        assertThat(model.getFeatureIDMap().keySet()).doesNotContainAnyElementsOf(Task.FEATURE_NAMES);
        assertThat(task().score(model, train)).isGreaterThanOrEqualTo(task().floor());
    }

    @Test
    default void hashing_readBackWithItsSalt_predictsTheSameBits() {
        TrainTest<T> sparse = task().sparse();
        Model<T> model = hashed(sparse.train());

        Model<T> back = Model.deserialize(model.serialize()).castModel(task().type());
        ((HashedFeatureMap) back.getFeatureIDMap()).setSalt(SALT);

        assertThat(answers(back, sparse.test())).isEqualTo(answers(model, sparse.test()));
    }

    private Model<T> hashed(Dataset<T> train) {
        return new HashingTrainer<>(trainerOfHashedFeatures(), new HashCodeHasher(SALT)).train(train);
    }

    @Test
    default void transformation_learnsAndReadsBackTheSameBits() {
        Dataset<T> train = task().synthetic(60, 1);
        TransformationMap scaling = new TransformationMap(List.of(new LinearScalingTransformation(-1, 1)));

        Model<T> model = new TransformTrainer<>(trainer(), scaling).train(train);
        Model<T> back = Helpers.testModelProtoSerialization(model, task().type(), train, 0.0);

        assertThat(task().score(model, train)).isGreaterThanOrEqualTo(task().floor());
        assertThat(answers(back, train)).isEqualTo(answers(model, train));
    }
}
