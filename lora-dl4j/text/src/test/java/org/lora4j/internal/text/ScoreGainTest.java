/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.train.ScoreInterval;

class ScoreGainTest {

    private static final long SEED = 3;

    /** The share of examples whose number is their target. */
    private static final HeadTask SHARE = new HeadTask() {
        @Override
        public HeadKind kind() {
            return HeadKind.NUMBERS;
        }

        @Override
        public int outputs() {
            return 1;
        }

        @Override
        public String metric() {
            return "share";
        }

        @Override
        public double score(List<EncodedText> examples, float[][] logits) {
            int right = 0;
            for (int i = 0; i < logits.length; i++) {
                right += logits[i][0] == examples.get(i).target()[0] ? 1 : 0;
            }
            return (double) right / logits.length;
        }
    };

    @Test
    void gainOfAFewExamples_isAsWideAsStudentsInterval() {
        // Differences 1, 1, 0, 0: mean 0.5; leaving one out gives 1/3, 1/3, 2/3, 2/3, so the deviation is sqrt(3/4 *
        // 4/36).
        ScoreInterval gain = gain(new int[] {0, 0, 1, 1}, new int[] {1, 1, 1, 1});

        double half = 3.182 * Math.sqrt(3.0 / 4 * 4 / 36);
        assertThat(gain.value()).isEqualTo(0.5);
        assertThat(gain.low()).isCloseTo(0.5 - half, within(1e-9));
        assertThat(gain.high()).isCloseTo(0.5 + half, within(1e-9));
        assertThat(gain.isUncertain()).isTrue();
    }

    @Test
    void gainOfManyExamples_isAboutTheBinomialInterval() {
        // 300 of 1,000 texts only the second tells right: 1.96 sqrt(0.3 * 0.7 / 1000) = 0.0284.
        int[] first = new int[1000];
        int[] second = new int[1000];
        for (int i = 0; i < 1000; i++) {
            first[i] = i < 500 ? 1 : 0;
            second[i] = i < 800 ? 1 : 0;
        }

        ScoreInterval gain = gain(first, second);

        assertThat(gain.value()).isCloseTo(0.3, within(1e-9));
        assertThat(gain.high() - gain.value()).isBetween(0.018, 0.045);
        assertThat(gain.isUncertain()).isFalse();
    }

    @Test
    void modelsThatAgree_mayStillDifferByAnExample() {
        ScoreInterval gain = gain(new int[] {1, 0, 1, 0, 1}, new int[] {1, 0, 1, 0, 1});

        assertThat(gain).isEqualTo(new ScoreInterval(0, -0.2, 0.2));
        assertThat(gain(new int[] {1}, new int[] {1})).isEqualTo(new ScoreInterval(0, -1, 1));
    }

    /** Of models that are right where there is a 1. */
    private static ScoreInterval gain(int[] first, int[] second) {
        List<EncodedText> examples = new ArrayList<>();
        float[][] ofFirst = new float[first.length][];
        float[][] ofSecond = new float[first.length][];
        TokenizedText tokens = new TokenizedText(new int[] {1}, new int[1], new int[1], false);
        for (int i = 0; i < first.length; i++) {
            examples.add(new EncodedText(tokens, new float[] {1}));
            ofFirst[i] = new float[] {first[i]};
            ofSecond[i] = new float[] {second[i]};
        }
        return ScoreGain.of(SHARE, examples, ofFirst, ofSecond, SEED);
    }
}
