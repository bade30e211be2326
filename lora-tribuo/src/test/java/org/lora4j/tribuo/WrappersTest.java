/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.classification.Label;
import org.tribuo.classification.ensemble.AdaBoostTrainer;
import org.tribuo.classification.ensemble.VotingCombiner;
import org.tribuo.classification.evaluation.LabelEvaluator;
import org.tribuo.ensemble.BaggingTrainer;
import org.tribuo.evaluation.CrossValidation;
import org.tribuo.hash.HashingTrainer;
import org.tribuo.hash.MessageDigestHasher;
import org.tribuo.test.Helpers;
import org.tribuo.transform.TransformTrainer;
import org.tribuo.transform.TransformationMap;
import org.tribuo.transform.transformations.LinearScalingTransformation;

/** Tribuo's own wrappers around a {@link LoraTrainer}. */
class WrappersTest {

    private final Dataset<Label> data = Data.corners(10, 1, "a", "b", "c");
    private final Dataset<Label> others = Data.corners(10, 2, "a", "b", "c");
    private final LoraTrainer<Label> trainer = LoraTrainer.builder(
                    BaseNetwork.of(Bases.mlp(4, 3, 1)), new LabelConverter())
            .inputs(new DenseInputConverter(Bases.FEATURES))
            .spec(new LoraSpec(2, 4))
            .learningRate(0.03)
            .epochs(12)
            .build();

    private void assertLearned(Model<Label> model) {
        assertThat(new LabelEvaluator().evaluate(model, others).accuracy()).isGreaterThan(0.9);
    }

    @Test
    void hashing_findsTheFeaturesByTheirHashes() {
        HashingTrainer<Label> hashing =
                new HashingTrainer<>(trainer, new MessageDigestHasher("SHA-256", "a salt that is long enough"));

        assertLearned(hashing.train(data));
    }

    @Test
    void transformation_trainsOnWhatItIsGiven() {
        TransformTrainer<Label> transforming =
                new TransformTrainer<>(trainer, new TransformationMap(List.of(new LinearScalingTransformation(-1, 1))));

        assertLearned(transforming.train(data));
    }

    @Test
    void crossValidation_trainsOnEachFold() {
        var folds = new CrossValidation<>(trainer, data, new LabelEvaluator(), 3).evaluate();

        assertThat(folds)
                .hasSize(3)
                .allSatisfy(fold -> assertThat(fold.getA().accuracy()).isGreaterThan(0.8));
    }

    @Test
    void bagging_comesBackFromItsProto() {
        Model<Label> bag = new BaggingTrainer<>(trainer, new VotingCombiner(), 3).train(data);

        assertLearned(bag);
        Helpers.testModelProtoSerialization(bag, Label.class, others);
    }

    @Test
    void boosting_passesItsWeightsOn() {
        assertLearned(new AdaBoostTrainer(trainer, 2).train(data));
    }
}
