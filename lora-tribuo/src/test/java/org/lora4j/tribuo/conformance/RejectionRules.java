/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.Output;

/**
 * What cannot be learned or predicted is an {@link IllegalArgumentException} that says why, and nothing else.
 *
 * @param <T> the type of output
 */
interface RejectionRules<T extends Output<T>> extends Subject<T> {

    @Test
    default void train_onUnknownOutputs_isRejected() {
        MutableDataset<T> train = Examples.of(task(), task().dense().train());
        Example<T> unknown =
                Examples.withOutput(train.getExample(0), task().factory().getUnknownOutput());
        train.add(unknown);

        assertRejected(() -> trained(train));
    }

    @Test
    default void train_onNoExamples_isRejected() {
        assertRejected(() -> trained(Examples.none(task())));
    }

    @Test
    default void train_onNaN_isRejected() {
        assertRejected(() -> trained(Examples.spoiled(task(), task().dense().train(), Double.NaN)));
    }

    @Test
    default void train_onNaNInSparseExamples_isRejected() {
        assertRejected(() -> trained(Examples.spoiled(task(), task().sparse().train(), Double.NaN)));
    }

    @Test
    default void train_onInfinity_isRejected() {
        assertRejected(() -> trained(Examples.spoiled(task(), task().dense().train(), Double.POSITIVE_INFINITY)));
    }

    @Test
    default void train_onNegativeInfinityInSparseExamples_isRejected() {
        assertRejected(() -> trained(Examples.spoiled(task(), task().sparse().train(), Double.NEGATIVE_INFINITY)));
    }

    @Test
    default void train_onZeroValuesOnly_isRejectedOrGivesFiniteAnswers() {
        MutableDataset<T> zeros = Examples.none(task());
        task().dense().train().forEach(example -> zeros.add(Examples.withZeros(example)));

        if (!learnsZeroValues()) {
            assertRejected(() -> trained(zeros));
        } else if (predictsZeroValues()) {
            answers(trained(zeros), zeros).assertFinite();
        } else {
            assertThat(trained(zeros)).isNotNull();
        }
    }

    @Test
    default void predict_withoutFeatures_isRejected() {
        assertPredictionRejected(Examples::withoutFeatures);
    }

    @Test
    default void predict_withUnknownFeaturesOnly_isRejected() {
        assertPredictionRejected(Examples::withUnknownFeatures);
    }

    @Test
    default void predict_withUnknownFeaturesOnly_saysWhichTheyAre() {
        Dataset<T> train = task().dense().train();
        Model<T> model = trained(train);
        Example<T> example = Examples.withUnknownFeatures(train.getExample(0).getOutput());

        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> model.predict(example))
                .withMessageContaining(example.iterator().next().getName());
    }

    @Test
    default void predict_ofNaN_isRejected() {
        assertPredictionRejected(output -> withFirstValue(Double.NaN));
    }

    @Test
    default void predict_ofInfinity_isRejected() {
        assertPredictionRejected(output -> withFirstValue(Double.NEGATIVE_INFINITY));
    }

    @Test
    default void predict_ofZeroValuesOnly_isRejectedOrFinite() {
        Dataset<T> train = task().dense().train();
        Model<T> model = trained(train);
        Example<T> zeros = Examples.withZeros(train.getExample(0));

        if (predictsZeroValues()) {
            Answers.of(task(), model.predict(zeros)).assertFinite();
        } else {
            assertRejected(() -> model.predict(zeros));
        }
    }

    @Test
    default void predict_ofManyWithOneInvalid_isRejected() {
        Dataset<T> train = task().dense().train();
        Model<T> model = trained(train);
        List<Example<T>> examples = new ArrayList<>(train.getData());
        examples.add(2, Examples.withUnknownFeatures(train.getExample(0).getOutput()));

        assertRejected(() -> model.predict(examples));
    }

    private Example<T> withFirstValue(double value) {
        return Examples.withFirstValue(task().dense().test().getExample(0), value);
    }

    private void assertPredictionRejected(Function<T, Example<T>> invalid) {
        Dataset<T> train = task().dense().train();
        Model<T> model = trained(train);
        Example<T> example = invalid.apply(train.getExample(0).getOutput());

        assertRejected(() -> model.predict(example));
        assertRejected(() -> model.predict(List.of(example)));
    }

    private void assertRejected(ThrowingCallable call) {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(call)
                .satisfies(refusal -> assertThat(refusal.getMessage()).isNotBlank());
    }
}
