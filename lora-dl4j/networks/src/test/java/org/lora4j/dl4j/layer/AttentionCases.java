/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.lora4j.dl4j.layer.LayerCase.Surroundings;
import org.nd4j.linalg.activations.Activation;

/** Layers of attention. */
final class AttentionCases {

    private static final Surroundings UNMASKED = Surroundings.of(
                    InputType.recurrent(3, 4), LayerCase.features(3, 3, 4), LayerCase.classesOfSteps(4))
            .below(() -> RecurrentCases.rnn(4).build())
            .above(() -> List.of(RecurrentCases.output()));

    private static final Surroundings MASKED =
            UNMASKED.masks(() -> Masks.lengths(4, 4, 3, 1), () -> Masks.lengths(4, 4, 3, 1));

    private AttentionCases() {}

    static List<LayerCase> all() {
        LayerCase self = LayerCase.kind(
                        "self-attention",
                        MASKED,
                        () -> new SelfAttentionLayer.Builder()
                                .nIn(4)
                                .nOut(5)
                                .nHeads(2)
                                .headSize(3)
                                .projectInput(true)
                                .build())
                .rounded()
                .settingNOut((layer, size) -> ((SelfAttentionLayer) layer).setNOut(size));
        LayerCase recurrent = LayerCase.kind(
                        "recurrent attention",
                        MASKED,
                        () -> new RecurrentAttentionLayer.Builder()
                                .nIn(4)
                                .nOut(5)
                                .nHeads(2)
                                .headSize(3)
                                .build())
                .rounded()
                .settingNOut((layer, size) -> ((RecurrentAttentionLayer) layer).setNOut(size));
        return List.of(
                self,
                self.variant(
                        "without masks",
                        UNMASKED,
                        () -> new SelfAttentionLayer.Builder()
                                .nIn(4)
                                .nOut(6)
                                .nHeads(3)
                                .projectInput(true)
                                .build()),
                recurrent,
                recurrent.variant(
                        "one head, no projection, no bias",
                        () -> new RecurrentAttentionLayer.Builder()
                                .nIn(4)
                                .nOut(4)
                                .nHeads(1)
                                .projectInput(false)
                                .hasBias(false)
                                .activation(Activation.SIGMOID)
                                .build()));
    }
}
