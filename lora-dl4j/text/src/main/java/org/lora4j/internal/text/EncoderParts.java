/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedHead;

/**
 * What a task takes of an encoder.
 *
 * @param name what it is called, for the adapter's file; perhaps empty
 * @param weights the weights, shared
 * @param pooling how a text becomes one vector
 * @param tokenTypes whether the second text of a pair is told from the first
 * @param head the head of a checkpoint whose layers before the last one are kept; empty for a linear head over the vectors
 * @apiNote Status: internal
 */
public record EncoderParts(
        String name, EncoderWeights weights, Pooling pooling, boolean tokenTypes, Optional<PretrainedHead> head) {

    /** The parts for a linear head. */
    public EncoderParts(String name, EncoderWeights weights, Pooling pooling, boolean tokenTypes) {
        this(name, weights, pooling, tokenTypes, Optional.empty());
    }

    /** The placeholders of its graph. */
    RowInputs inputs(HeadKind kind) {
        return RowInputs.of(weights.dataType(), tokenTypes, pooling(kind));
    }

    /** How a text becomes one vector; a head over tokens needs none. */
    Pooling pooling(HeadKind kind) {
        return kind.isPerToken() ? Pooling.MEAN : pooling;
    }

    /** The steps of a head over tokens; none if it is linear. */
    Optional<Pooling> tokenSteps(HeadKind kind) {
        return kind.isPerToken()
                ? head.map(PretrainedHead::pooling)
                        .filter(steps -> !steps.steps().isEmpty())
                : Optional.empty();
    }

    /**
     * A config that adapts the encoder alone: the modules of its pooling are in no Python class that an adapter is loaded onto, and stay as
     * they are unless all weights learn.
     */
    AdapterConfig ofEncoder(AdapterConfig config) {
        Stream<Pooling> poolings = Stream.concat(Stream.of(pooling), head.map(PretrainedHead::pooling).stream());
        List<String> others = poolings.flatMap(of -> of.linears().stream())
                .map(Pooling.Linear::module)
                .filter(module -> !module.startsWith(EncoderClassifier.HEAD + "."))
                .distinct()
                .toList();
        if (others.isEmpty()) {
            return config;
        }
        List<String> excluded = new ArrayList<>(others);
        if (config.excludeModules() instanceof ModuleSelector.Suffixes own) {
            excluded.addAll(own.names());
        } else if (config.excludeModules() instanceof ModuleSelector.Regex) {
            return config;
        }
        return config.toBuilder()
                .excludeModules(excluded.toArray(String[]::new))
                .build();
    }

    /** The length of what the last linear module gets. */
    int features(HeadKind kind) {
        int width = weights.config().hidden();
        return kind.isPerToken()
                ? tokenSteps(kind).map(steps -> steps.dimension(width)).orElse(width)
                : pooling.dimension(width);
    }

    /** The path of the last linear module. */
    String lastModule() {
        return head.flatMap(PretrainedHead::last).map(Pooling.Linear::module).orElse(EncoderClassifier.HEAD);
    }
}
