/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.lora4j.internal.encoder.EncoderActivation;
import org.lora4j.internal.encoder.EncoderBlock;
import org.lora4j.internal.encoder.EncoderPart;
import org.lora4j.internal.encoder.EncoderShape;
import org.lora4j.internal.encoder.EncoderShape.RelativeTerms;
import org.lora4j.internal.encoder.EncoderShape.Sizes;
import org.lora4j.internal.encoder.HeadForm;

/** The layers of a vision transformer as the pass of all encoders takes them. */
final class ImageLayers {

    private static final Set<EncoderPart> PROJECTIONS =
            EnumSet.of(EncoderPart.QUERY, EncoderPart.KEY, EncoderPart.VALUE);

    private ImageLayers() {}

    static EncoderShape of(ImageConfig config) {
        Set<EncoderPart> parts = config.family().parts(config.gated()).keySet();
        Set<EncoderPart> biased = EnumSet.copyOf(parts);
        if (!config.bias()) {
            biased.removeAll(PROJECTIONS);
        }
        int hidden = config.hidden();
        int size = hidden / config.heads();
        // A gate goes through SiLU whatever the config says.
        EncoderActivation activation = config.gated() ? EncoderActivation.SILU : config.activation();
        List<EncoderBlock> blocks = IntStream.range(0, config.layers())
                .mapToObj(layer -> new EncoderBlock(
                        ImageTensor.LAYERS + layer + ".", OptionalInt.empty(), OptionalInt.empty(), true))
                .toList();
        return new EncoderShape(
                config.family().layers(config.gated()),
                new Sizes(
                        0, 0, 0, hidden, hidden, config.intermediate(), config.heads(), config.heads(), size, 0, 0, 1),
                Set.copyOf(parts),
                biased,
                Set.of(),
                config.epsilon(),
                Map.of("hidden_act", activation),
                OptionalInt.empty(),
                new RelativeTerms(Optional.empty(), Optional.empty(), false, false, false),
                List.of(),
                1 / Math.sqrt(size),
                blocks,
                HeadForm.Input.FIRST,
                OptionalInt.empty(),
                Set.of());
    }
}
