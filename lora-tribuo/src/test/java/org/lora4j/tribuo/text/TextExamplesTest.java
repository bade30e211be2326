/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lora4j.text.LabeledText;
import org.lora4j.text.ScoredText;
import org.tribuo.Example;
import org.tribuo.Output;
import org.tribuo.classification.Label;
import org.tribuo.impl.ArrayExample;
import org.tribuo.multilabel.MultiLabel;
import org.tribuo.regression.Regressor;

class TextExamplesTest {

    private static <T extends Output<T>> Example<T> example(T output, String text) {
        Example<T> example = new ArrayExample<>(output, new String[] {"x"}, new double[] {1});
        if (text != null) {
            example.setMetadataValue("text", text);
        }
        return example;
    }

    @Test
    void examples_haveTheTextOfTheirMetadataAndTheirOutput() {
        assertThat(TextExamples.labeled(List.of(example(new Label("card"), "where?")), "text"))
                .containsExactly(new LabeledText("where?", "card"));
        MultiLabel both = new MultiLabel(Set.of(new Label("b"), new Label("a")));
        assertThat(TextExamples.multiLabeled(List.of(example(both, "what?")), "text"))
                .containsExactly(new LabeledText("what?", List.of("a", "b")));
        assertThat(TextExamples.scored(List.of(example(new Regressor("grade", 2.5), "good")), "text"))
                .containsExactly(new ScoredText("good", 2.5));
    }

    @Test
    void examples_withoutTheirText_areAllNamed() {
        List<Example<Label>> data = List.of(example(new Label("a"), "x"), example(new Label("b"), null));

        assertThatThrownBy(() -> TextExamples.labeled(data, "text"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("example 1 has no \"text\" in its metadata");
    }

    @Test
    void numbers_ofSeveralDimensions_areRefused() {
        Regressor two = new Regressor(new String[] {"a", "b"}, new double[] {1, 2});

        assertThatThrownBy(() -> TextExamples.scored(List.of(example(two, "x")), "text"))
                .hasMessageContaining("example 0: 2 numbers, expected one");
    }
}
