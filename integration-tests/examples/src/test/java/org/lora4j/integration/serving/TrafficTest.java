/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TextTokenizer;
import org.nd4j.linalg.api.ndarray.INDArray;

class TrafficTest {

    /** As many tokens as letters. */
    private static final TextTokenizer LETTERS = new TextTokenizer() {
        @Override
        public int[] encode(String text) {
            return text.chars().toArray();
        }

        @Override
        public int maxLength() {
            return 64;
        }
    };

    private static List<Question> questions(String adapter, String text, int count) {
        List<TextExample> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(new TextExample(text, i));
        }
        return Question.of(adapter, texts, LETTERS);
    }

    @Test
    void mixed_asksEveryQuestionOnce_inGroupsOfOneLength() {
        List<Question> all = questions("a", "short", 40);
        all.addAll(questions("b", "a text of more than sixteen letters", 30));
        all.addAll(questions("c", "brief", 10));

        Traffic traffic = Traffic.mixed(all, 1);

        assertThat(traffic.groups())
                .hasSize(3)
                .allSatisfy(group -> assertThat(group)
                        .hasSizeLessThanOrEqualTo(32)
                        .extracting(Question::length)
                        .containsOnly(group.get(0).length()));
        assertThat(traffic.groups().stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(all);
        assertThat(traffic.size()).isEqualTo(80);
        assertThat(traffic.groups())
                .anySatisfy(
                        group -> assertThat(group).extracting(Question::adapter).contains("a", "c"));
    }

    @Test
    void inputs_arePaddedWithZerosThatTheMaskTells() {
        Map<String, INDArray> inputs = Question.inputs(questions("a", "AB", 1));

        assertThat(inputs.get(EncoderGraph.INPUT_IDS).shape()).containsExactly(1, 16);
        assertThat(inputs.get(EncoderGraph.INPUT_IDS).toIntMatrix()[0])
                .startsWith(65, 66, 0)
                .endsWith(0);
        assertThat(inputs.get(EncoderGraph.ATTENTION_MASK).sumNumber().intValue())
                .isEqualTo(2);
    }

    @Test
    void best_isTheFirstOfTheLargest() {
        assertThat(Answers.best(new float[] {-1, 3, 3, 2})).isEqualTo(1);
    }
}
