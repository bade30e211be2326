/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.train.ValidationAnswers;

/** How wrong single examples are, by hand. */
class HeadAnswersTest {

    private record Head(HeadKind kind, int outputs) implements HeadTask {

        @Override
        public String metric() {
            return "accuracy";
        }

        @Override
        public String inWords(float[] target, float[] numbers) {
            return Arrays.toString(target) + Arrays.toString(numbers);
        }

        @Override
        public double score(List<EncodedText> examples, float[][] logits) {
            throw new AssertionError("nobody asked for a score");
        }
    }

    private static ValidationAnswers answers(HeadKind kind, int outputs, float[] target, float... logits) {
        TokenizedText tokens = new TokenizedText(new int[] {1}, new int[] {0}, new int[] {0}, false);
        return new HeadAnswers(
                new Head(kind, outputs), List.of(new EncodedText(tokens, target)), new float[][] {logits});
    }

    @Test
    void loss_isThatOfTheHead() {
        float three = (float) Math.log(3);
        // softmax(0, ln 3) = (1/4, 3/4)
        assertThat(answers(HeadKind.ONE_CLASS, 2, new float[] {1, 0}, 0, three).loss(0))
                .isEqualTo(Math.log(4), within(1e-6));
        assertThat(answers(HeadKind.ANY_CLASSES, 2, new float[] {1, 0}, 0, 0).loss(0))
                .isEqualTo(Math.log(2), within(1e-6));
        assertThat(answers(HeadKind.NUMBERS, 1, new float[] {1}, 3).loss(0)).isEqualTo(4, within(1e-6));
    }

    @Test
    void tokensWithoutAClass_doNotCount() {
        float three = (float) Math.log(3);
        float[] target = {0, 0, 1, 0, 0, 1, 0, 0};
        // The second token has 1/4, the third 3/4 of what is right.
        ValidationAnswers answers = answers(HeadKind.CLASS_OF_EACH_TOKEN, 2, target, 9, 9, 0, three, 0, three, 5, 5);
        assertThat(answers.loss(0)).isEqualTo((Math.log(4) + Math.log(4.0 / 3)) / 2, within(1e-6));
        assertThat(answers(HeadKind.CLASS_OF_EACH_TOKEN, 2, new float[2], 1, 2).loss(0))
                .isZero();
    }

    @Test
    void words_areThoseOfTheTask() {
        ValidationAnswers answers = answers(HeadKind.ONE_CLASS, 2, new float[] {1, 0}, 2, 3);
        assertThat(answers.right(0)).isEqualTo("[1.0, 0.0][1.0, 0.0]");
        assertThat(answers.given(0)).isEqualTo("[1.0, 0.0][2.0, 3.0]");
        assertThat(answers.size()).isEqualTo(1);
        assertThat(answers.input(0)).isEmpty();
    }
}
