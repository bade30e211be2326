/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.text.HeadSearch.Found;
import org.lora4j.internal.text.HeadSearch.Rows;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.train.Progress;

class HeadSearchTest {

    private static final int INPUTS = 20;
    private static final long SEED = 5;

    private static final HeadTask TWO_CLASSES = new HeadTask() {
        @Override
        public HeadKind kind() {
            return HeadKind.ONE_CLASS;
        }

        @Override
        public int outputs() {
            return 2;
        }

        @Override
        public String metric() {
            return "accuracy";
        }

        @Override
        public double score(List<EncodedText> examples, float[][] logits) {
            int right = 0;
            for (int i = 0; i < logits.length; i++) {
                right += (logits[i][0] > logits[i][1]) == (examples.get(i).target()[0] > 0) ? 1 : 0;
            }
            return (double) right / logits.length;
        }
    };

    @Test
    void cost_byCrossValidation_hasNotSeenWhatItIsScoredOn() {
        Rows noise = rows(40, 1, true);
        HeadSearch search =
                new HeadSearch(TWO_CLASSES, INPUTS, true, SEED, Progress.none().stage("", "iterations", 0));

        LinearHead sure = search.solved(noise, 1000, LinearHead.zeros(INPUTS, 2));
        double known = TWO_CLASSES.score(noise.examples(), HeadSearch.logits(sure, noise.vectors()));

        assertThat(known).isEqualTo(1);
        assertThat(search.byFolds(noise, noise).score()).isLessThan(known - 0.1);
    }

    @Test
    void cost_byValidation_isTheBestOfThoseTried() {
        Rows train = rows(60, 2, false);
        Rows validation = rows(200, 3, false);
        HeadSearch search =
                new HeadSearch(TWO_CLASSES, INPUTS, true, SEED, Progress.none().stage("", "iterations", 0));

        Found found = search.byValidation(train, validation);

        for (double cost : HeadSearch.COSTS) {
            LinearHead head = search.solved(train, cost, LinearHead.zeros(INPUTS, 2));
            double score = TWO_CLASSES.score(validation.examples(), HeadSearch.logits(head, validation.vectors()));
            // Heads are compared nearly solved: a text or two may lie on the other side.
            assertThat(found.score()).isGreaterThanOrEqualTo(score - 0.01);
        }
        assertThat(found.score()).isGreaterThan(0.8);
    }

    @Test
    void headToGoOnFrom_isOfTheCostChosen_orOfTen() {
        HeadSearch search =
                new HeadSearch(TWO_CLASSES, INPUTS, true, SEED, Progress.none().stage("", "iterations", 0));
        for (boolean noise : new boolean[] {true, false}) {
            Rows train = rows(60, 4, noise);

            Found found = search.byFolds(train, train);

            LinearHead expected = search.solved(train, Math.min(found.cost(), 10), LinearHead.zeros(INPUTS, 2));
            for (int i = 0; i < expected.weight().length; i++) {
                // Nearly solved: weights are of the size of 1.
                assertThat(found.soft().weight()[i]).isCloseTo(expected.weight()[i], within(0.05f));
            }
        }
    }

    /** Vectors whose first number tells the class, or nothing does. */
    private static Rows rows(int count, long seed, boolean noise) {
        Random random = new Random(seed);
        TokenizedText tokens = new TokenizedText(new int[] {1}, new int[1], new int[1], false);
        List<EncodedText> examples = new ArrayList<>();
        float[][] vectors = new float[count][INPUTS];
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < INPUTS; j++) {
                vectors[i][j] = (float) random.nextGaussian();
            }
            boolean first = noise ? random.nextBoolean() : vectors[i][0] > 0;
            examples.add(new EncodedText(tokens, new float[] {first ? 1 : 0, first ? 0 : 1}));
        }
        return new Rows(examples, vectors);
    }
}
