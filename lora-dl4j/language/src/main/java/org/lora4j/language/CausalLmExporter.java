/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Arguments;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Writes a language model as a directory of Hugging Face. The artifact {@code lora-dl4j-export} has one, which {@link
 * CausalLm#export} finds by {@link java.util.ServiceLoader}.
 *
 * @apiNote Status: stable
 */
public interface CausalLmExporter {

    /**
     * A model as exports see it.
     *
     * @param directory of the base: config, tokenizer, templates; and its weights, unless all were trained
     * @param weights all weights, if they were trained, by the names of the files and in their layout; not to be written to
     * @param adapters those that act, to be merged one after the other
     * @apiNote Status: stable
     */
    record Parts(Path directory, Optional<ModelWeights> weights, List<Adapter> adapters) {

        /**
         * Copies the list.
         *
         * @param directory as in the record
         * @param weights as in the record
         * @param adapters as in the record
         */
        public Parts {
            Arguments.required(directory, "CausalLmExporter.Parts: directory", "that of the base");
            Arguments.required(weights, "CausalLmExporter.Parts: weights", "trained weights, or none");
            adapters = List.copyOf(Arguments.allRequired(adapters, "CausalLmExporter.Parts: adapters", "an adapter"));
        }

        static Parts of(CausalLm model) {
            List<Adapter> adapters = new ArrayList<>();
            model.adapted().filter(adapted -> adapted.isEnabled()).ifPresent(adapted -> {
                Set<String> names = new LinkedHashSet<>(adapted.mergedAdapters());
                names.addAll(adapted.activeAdapters());
                names.forEach(name -> adapters.add(adapted.plainAdapter(name)));
            });
            return new Parts(
                    model.directory(),
                    model.hasOwnWeights() ? Optional.of(trained(model.weights())) : Optional.empty(),
                    adapters);
        }

        private static ModelWeights trained(DecoderWeights weights) {
            Map<String, INDArray> arrays = new LinkedHashMap<>();
            weights.names().forEach(name -> arrays.put(name, weights.array(name)));
            return ModelWeights.of(arrays);
        }
    }

    /**
     * Writes a model.
     *
     * @param model the model
     * @param directory where to; must not exist
     * @throws IOException if it exists or cannot be written; nothing is left behind then
     */
    void export(CausalLm model, Path directory) throws IOException;
}
