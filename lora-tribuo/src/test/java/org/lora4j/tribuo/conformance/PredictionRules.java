/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.tribuo.conformance.Task.TrainTest;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Feature;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.Output;
import org.tribuo.Prediction;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.EvaluationProvenance;

/**
 * A model answers the same, whatever happens around it: alone or in a batch, once or again, from one thread or from many.
 *
 * @param <T> the type of output
 */
interface PredictionRules<T extends Output<T>> extends Subject<T> {

    @Test
    default void predict_onTestSet_isFiniteAndInOrder() {
        TrainTest<T> dense = task().dense();
        Model<T> model = trained(dense.train());

        List<Prediction<T>> predictions = model.predict(dense.test());

        assertThat(predictions)
                .extracting(Prediction::getExample)
                .isEqualTo(dense.test().getData());
        Answers.of(task(), predictions).assertFinite();
    }

    @Test
    default void predict_ofFeatureThatTrainingHadNot_ignoresIt() {
        TrainTest<T> sparse = task().sparse();
        Model<T> model = trained(sparse.train());

        for (Example<T> example : sparse.train()) {
            Prediction<T> without = model.predict(example);
            Prediction<T> with = model.predict(Examples.withOneMore(example));
            assertThat(task().numbers(with.getOutput())).isEqualTo(task().numbers(without.getOutput()));
            assertThat(with.getNumActiveFeatures()).isEqualTo(without.getNumActiveFeatures());
            assertThat(with.getExampleSize()).isEqualTo(without.getExampleSize() + 1);
        }
    }

    @Test
    default void predict_onSparseTestSet_isFinite() {
        TrainTest<T> sparse = task().sparse();

        answers(trained(sparse.train()), sparse.test()).assertFinite();
    }

    @Test
    default void predict_inBatches_equalsOneByOne() {
        Model<T> model = trained(task().synthetic(60, 1));
        Dataset<T> many = task().synthetic(131, 2);
        List<Prediction<T>> oneByOne = new ArrayList<>();
        many.forEach(example -> oneByOne.add(model.predict(example)));

        Answers alone = Answers.of(task(), oneByOne);

        answers(model, many).assertClose(alone, batchTolerance());
        Answers.of(task(), model.predict((Iterable<Example<T>>) many)).assertClose(alone, batchTolerance());
    }

    @Test
    default void predict_ofNothing_isNothing() {
        assertThat(trained(task().dense().train()).predict(List.of())).isEmpty();
    }

    @Test
    default void predict_again_givesTheSameBits() {
        TrainTest<T> dense = task().dense();
        Model<T> model = trained(dense.train());
        Answers first = answers(model, dense.test());

        model.predict(dense.train());

        assertThat(answers(model, dense.test())).isEqualTo(first);
    }

    @Test
    default void predict_fromEightThreads_givesTheSameBits() throws Exception {
        TrainTest<T> dense = task().dense();
        Model<T> model = trained(dense.train());
        Answers alone = answers(model, dense.test());

        assertThat(Together.call(() -> answers(model, dense.test()))).containsOnly(alone);
    }

    @Test
    default void predict_leavesTheExamplesAsTheyWere() {
        TrainTest<T> sparse = task().sparse();
        Model<T> model = trained(sparse.train());
        List<Example<T>> copies = new ArrayList<>();
        sparse.test().forEach(example -> copies.add(example.copy()));

        model.predict(sparse.test());
        sparse.test().forEach(model::predict);

        assertThat(sparse.test().getData()).isEqualTo(copies);
    }

    @Test
    default void predict_ofProbabilities_staysWithinZeroAndOne() {
        TrainTest<T> dense = task().dense();
        Model<T> model = trained(dense.train());

        List<Prediction<T>> predictions = model.predict(dense.test());

        assertThat(predictions).extracting(Prediction::hasProbabilities).containsOnly(model.generatesProbabilities());
        if (model.generatesProbabilities()) {
            assertThat(predictions)
                    .allSatisfy(prediction -> assertThat(
                                    prediction.getOutputScores().values())
                            .isNotEmpty()
                            .allSatisfy(score -> assertThat(
                                            task().numbers(score).values())
                                    .allSatisfy(number -> assertThat(number).isBetween(0.0, 1.0))));
        }
    }

    @Test
    default void scores_whenTheCallerClearsThem_areAsBeforeInTheNextPrediction() {
        TrainTest<T> dense = task().dense();
        Model<T> model = trained(dense.train());
        Answers before = answers(model, dense.test());

        for (Prediction<T> prediction : model.predict(dense.test())) {
            clear(prediction.getOutputScores());
        }

        assertThat(answers(model, dense.test())).isEqualTo(before);
    }

    private void clear(Map<String, T> scores) {
        try {
            scores.clear();
        } catch (UnsupportedOperationException unmodifiable) {
            assertThat(scores).isNotNull();
        }
    }

    @Test
    default void model_whenItsTrainingSetChanges_staysAsItIs() {
        TrainTest<T> dense = task().dense();
        MutableDataset<T> train = Examples.of(task(), dense.train());
        Model<T> model = trained(train);
        Answers before = answers(model, dense.test());

        for (Example<T> example : train) {
            example.set(new Feature(example.iterator().next().getName(), 99));
        }
        train.add(new ArrayExample<>(train.getExample(0).getOutput(), new String[] {"new"}, new double[] {5}));

        assertThat(answers(model, dense.test())).isEqualTo(before);
        assertThat(model.getFeatureIDMap().keySet()).doesNotContain("new");
    }

    @Test
    default void model_copied_predictsTheSameUnderItsOwnName() {
        TrainTest<T> dense = task().dense();
        Model<T> model = trained(dense.train());
        String name = model.getName();

        Model<T> copy = model.copy();
        copy.setName("copy");

        assertThat(model.getName()).isEqualTo(name);
        assertThat(copy.getProvenance()).isEqualTo(model.getProvenance());
        assertThat(answers(copy, dense.test())).isEqualTo(answers(model, dense.test()));
    }

    @Test
    default void model_askedForReasons_givesSomeOrNone() {
        TrainTest<T> dense = task().dense();
        Model<T> model = trained(dense.train());

        assertThat(model.getTopFeatures(2).values())
                .allSatisfy(features -> assertThat(features).hasSizeLessThanOrEqualTo(2));
        assertThat(model.getTopFeatures(-1)).isNotNull();
        assertThat(model.getExcuse(dense.test().getExample(0))).isNotNull();
        assertThat(model.getExcuses(dense.test())).isNotNull();
    }

    @Test
    default void evaluation_namesTheModelThatItMeasured() {
        TrainTest<T> dense = task().dense();
        Model<T> model = trained(dense.train());

        EvaluationProvenance provenance =
                task().evaluator().evaluate(model, dense.test()).getProvenance();

        assertThat(provenance.getModelProvenance()).isEqualTo(model.getProvenance());
    }
}
