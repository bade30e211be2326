/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;

class StoryTest {

    @Test
    void shuffled_changesTheLabelsOfTheFirstIntent_andNothingElse() {
        List<LabeledText> texts = List.of(
                new LabeledText("one", "balance"),
                new LabeledText("two", "balance"),
                new LabeledText("three", "transfer"),
                new LabeledText("four", "freeze"));

        assertThat(Story.shuffled(texts))
                .containsExactly(
                        new LabeledText("one", "transfer"),
                        new LabeledText("two", "freeze"),
                        texts.get(2),
                        texts.get(3));
    }

    @Test
    void same_allowsLastDigits_andNothingElse() {
        Prediction balance = said(0.9, 0.1);

        assertThat(Client.same(balance, said(0.90001, 0.09999))).isTrue();
        assertThat(Client.same(balance, said(0.91, 0.09))).isFalse();
        assertThat(Client.same(balance, new Prediction(List.of("freeze"), Map.of("freeze", 0.9, "transfer", 0.1))))
                .isFalse();
    }

    private static Prediction said(double balance, double transfer) {
        return new Prediction(List.of("balance"), Map.of("balance", balance, "transfer", transfer));
    }
}
