/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tribuo.Model;
import org.tribuo.classification.Label;

/**
 * A model of version 0 of the proto, self-contained, which has to load for ever. It was written by the release of that version
 * after ten epochs on {@link Data#corners}; the numbers are those that it gave then.
 */
class GoldenModelTest {

    private static LoraModel<Label> golden() throws IOException {
        try (InputStream in = GoldenModelTest.class.getResourceAsStream("/golden/label-model-0.tribuo")) {
            return (LoraModel<Label>) Model.deserializeFromStream(in).castModel(Label.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"a, 0.4295993447303772", "b, 0.11783389747142792", "c, 0.4525667428970337"})
    void modelOfVersion0_predictsAsItDid(String label, double probability) throws IOException {
        Map<String, Label> scores =
                golden().predict(Data.example("a", 1, 0.5, -1, 2)).getOutputScores();

        assertThat(scores.get(label).getScore()).isEqualTo(probability, within(1e-5));
    }

    @Test
    void modelOfVersion0_hasItsProvenanceAndBase() throws IOException {
        LoraModel<Label> model = golden();

        assertThat(model.isAttached()).isTrue();
        assertThat(model.baseContentHash())
                .isEqualTo("ab61e270f33baf774ee907befbd3f480a3e3d2c340e3bad9233cd3248df10891");
        assertThat(model.getProvenance().getTrainerProvenance().getClassName()).isEqualTo(LoraTrainer.class.getName());
    }
}
