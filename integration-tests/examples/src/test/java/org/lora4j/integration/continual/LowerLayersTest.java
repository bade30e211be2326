/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.continual.ContinualTask;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.integration.datasets.SharedFiles;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The shortcut of the example is none: what learns above the lower layers belongs to the whole encoder. */
@Tag("thorough")
class LowerLayersTest {

    // Rows of products are summed alike, but in batches of other widths.
    private static final float ROUNDING = 1e-4f;

    private static final Settings SETTINGS = new Settings(2, 1, 1, 1, 1, 1);

    @Test
    void adapterLearnedAbove_isOneOfTheWholeEncoder_andTouchesNoOtherHead() throws IOException {
        Clinc150 clinc = new Clinc150(SharedFiles.folder("clinc150"));
        EncoderWeights weights = MiniLm.weights();
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(Settings.LONGEST)) {
            Intents intents = new Intents(clinc, clinc.domains().subList(0, 2), SETTINGS, tokenizer);
            SameDiff whole = HeadsGraph.create(weights, intents.names(), intents.classesOfTask(), 1);
            LowerLayers lower = new LowerLayers(whole);
            lower.add(intents.all(), line -> {});
            ContinualTask<LabeledText> task = intents.tasks().get(0);
            AdaptedSameDiff model = AdaptedSameDiff.of(LowerLayers.upper(whole));
            model.addAdapter("a", SETTINGS.config(intents.names().toArray(String[]::new)), 1);
            model.activate("a");
            Adapter before = model.adapter("a");

            new Training(SETTINGS)
                    .adapters(model, intents.batches(task.training()).batches(lower), List.of());

            AdaptedSameDiff onWhole = AdaptedSameDiff.of(whole);
            onWhole.addAdapter("a", model.adapter("a"));
            onWhole.activate("a");
            float[][] above =
                    Logits.of(model.graph(), lower, intents.test(task)).rows();
            float[][] all =
                    Logits.of(onWhole.graph(), Inputs.WHOLE, intents.test(task)).rows();
            for (int i = 0; i < all.length; i++) {
                assertThat(above[i]).containsExactly(all[i], within(ROUNDING));
            }
            Map<String, INDArray> saved = model.adapter("a").savedParameters();
            assertThat(saved.get("heads.credit_cards.weight"))
                    .isEqualTo(before.savedParameters().get("heads.credit_cards.weight"));
            assertThat(saved.get("heads.banking.weight"))
                    .isNotEqualTo(before.savedParameters().get("heads.banking.weight"));
        }
    }
}
