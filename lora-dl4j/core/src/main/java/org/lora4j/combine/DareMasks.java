/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Locale;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Masks for the DARE family that come from elsewhere, to repeat a run of PEFT for instance.
 *
 * <p>Masks as PEFT drew them, kept under names of one's own: <pre>{@code
 * DareMasks masks = (module, part, adapter) -> stored.get(module + "." + part.peftName() + "." + adapter);
 * }</pre>
 *
 * <p><b>Threads.</b> Called on the thread that combines.
 *
 * @apiNote Status: stable
 */
@FunctionalInterface
public interface DareMasks {

    /**
     * What a mask is for.
     *
     * @apiNote Status: stable
     */
    enum Part {
        /** The factor next to the input; masks of {@code DARE_LINEAR} and {@code DARE_TIES}. */
        A("lora_A"),
        /** The factor next to the output; masks of {@code DARE_LINEAR} and {@code DARE_TIES}. */
        B("lora_B"),
        /** The update; masks of {@code DARE_LINEAR_SVD} and {@code DARE_TIES_SVD}. */
        UPDATE("delta");

        private final String peftName;

        Part(String peftName) {
            this.peftName = peftName;
        }

        /**
         * The name that PEFT's people use.
         *
         * @return {@code lora_A}, {@code lora_B} or {@code delta}
         */
        public String peftName() {
            return peftName;
        }

        /**
         * The part in words.
         *
         * @return {@code A}, {@code B} or {@code update}
         */
        @Override
        public String toString() {
            return this == UPDATE ? name().toLowerCase(Locale.ROOT) : name();
        }
    }

    /**
     * The elements that stay.
     *
     * @param modulePath dotted path of the module
     * @param part what the mask is for
     * @param adapter position of the adapter in the list that is combined, from 0
     * @return 1 for an element that stays and 0 for one that goes, in the shape of the factor as the adapter holds it;
     *     for an update linear [outputs, inputs], embedding [vocabulary, dimension], convolution [outputs, inputs,
     *     kernel...]. Only read
     */
    INDArray keep(String modulePath, Part part, int adapter);
}
