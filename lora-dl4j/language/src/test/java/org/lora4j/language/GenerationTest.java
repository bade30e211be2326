/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.language.sampling.Candidates;
import org.lora4j.internal.language.sampling.EndReason;
import org.lora4j.internal.language.sampling.GenerationState;
import org.lora4j.internal.language.sampling.TextPieces;

class GenerationTest {

    private static Generation generation(int best) {
        GenerationConfig config =
                GenerationConfig.greedy(1).toBuilder().logProbabilities(true).build();
        GenerationState state =
                new GenerationState(config.values(), new int[] {1}, 0, 10, TextPieces.none(), new Candidates());
        float[] logits = new float[4];
        logits[best] = 100;
        state.accept(logits);
        return Generation.of(state);
    }

    @Test
    void generation_hasWhatTheSequenceCameTo() {
        Generation generation = generation(3);

        assertThat(generation.promptIds()).containsExactly(1);
        assertThat(generation.newIds()).containsExactly(3);
        assertThat(generation.text()).isEmpty();
        assertThat(generation.finishReason()).isEqualTo(FinishReason.LENGTH);
        // The others have e^-100 each.
        assertThat(generation.logProbabilities()).containsExactly(0.0);
        assertThat(generation)
                .isEqualTo(generation(3))
                .hasSameHashCodeAs(generation(3))
                .isNotEqualTo(generation(2));
    }

    @Test
    void generation_isNotChangedThroughItsArrays() {
        Generation generation = generation(3);

        generation.newIds()[0] = 9;
        generation.promptIds()[0] = 9;
        generation.logProbabilities()[0] = 9;

        assertThat(generation).isEqualTo(generation(3));
    }

    @Test
    void reasons_areThoseOfTheSequence() {
        assertThat(Arrays.stream(FinishReason.values()).map(Enum::name))
                .containsExactlyElementsOf(
                        Arrays.stream(EndReason.values()).map(Enum::name).toList());
    }
}
