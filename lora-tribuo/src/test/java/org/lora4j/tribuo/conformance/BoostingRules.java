/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.ensemble.AdaBoostTrainer;
import org.tribuo.ensemble.WeightedEnsembleModel;
import org.tribuo.test.Helpers;

/** Boosting, which Tribuo has for labels only. */
interface BoostingRules extends Subject<Label> {

    /** How many rounds, which the first must not make needless. */
    int ROUNDS = 4;

    @Test
    default void boosting_learnsWithMembersThatDiffer() {
        Dataset<Label> train = contradictory();

        WeightedEnsembleModel<Label> ensemble = boosted(train);

        assertThat(task().score(ensemble, train)).isGreaterThanOrEqualTo(task().floor());
        List<Answers> members = new ArrayList<>();
        for (Model<Label> member : ensemble.getModels()) {
            members.add(answers(member, train));
        }
        assertThat(members).hasSize(ROUNDS).doesNotHaveDuplicates();
    }

    @Test
    default void boosting_readBack_predictsTheSameBits() {
        Dataset<Label> train = contradictory();
        WeightedEnsembleModel<Label> ensemble = boosted(train);

        Model<Label> back = Helpers.testModelProtoSerialization(ensemble, Label.class, train, 0.0);

        assertThat(answers(back, train)).isEqualTo(answers(ensemble, train));
    }

    private WeightedEnsembleModel<Label> boosted(Dataset<Label> train) {
        return new AdaBoostTrainer(trainer(), ROUNDS, SEED).train(train);
    }

    /** Returns examples of which no model gets all right: the first is there once more with another label. */
    private MutableDataset<Label> contradictory() {
        MutableDataset<Label> examples = Examples.of(task(), task().dense().train());
        Example<Label> first = examples.getExample(0);
        examples.add(Examples.withOutput(first, new Label("Bar")));
        return examples;
    }
}
