/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.languagetasks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lora4j.examples.MedQuad.Answer;

class MedicalSearchTest {

    @Test
    void questions_areAskedOnce_andAllTheirAnswersAreRight() {
        List<Answer> held = List.of(
                new Answer("1/1", "gout", "causes", "What causes Gout ?", "crystals"),
                new Answer("1/1", "gout", "treatment", "What are the treatments for Gout ?", "colchicine"),
                new Answer("2/9", "gout", "causes", "what causes gout ?", "uric acid"));

        MedicalSearch.Test test = MedicalSearch.Test.of(held, 10, 3);

        assertThat(test.passages()).containsExactly("crystals", "colchicine", "uric acid");
        assertThat(test.queries())
                .containsExactlyInAnyOrder("what causes gout ?", "what are the treatments for gout ?");
        assertThat(test.relevant().get(test.queries().indexOf("what causes gout ?")))
                .isEqualTo(Set.of(0, 2));
        assertThat(MedicalSearch.Test.of(held, 1, 3).queries()).hasSize(1);
    }
}
