/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import org.lora4j.config.LoraConfig;
import org.lora4j.train.Batch;

/**
 * A start value of LoRA that comes from data or from the weight: how it is found for the linear modules of a graph.
 *
 * <pre>{@code
 * StartedAdapter start = LoraStart.eva().of(model, config, batches);
 * model.startAdapter("eva", start);
 * }</pre>
 *
 * <p><b>State.</b> Values; the model is only read. <b>Threads.</b> Safe, one call at a time for a model.
 *
 * @apiNote Status: experimental
 */
public sealed interface LoraStart permits CordaStart, EvaStart, LoraGaStart, PissaNiterStart {

    /**
     * Finds the start.
     *
     * @param model the model; adapters that it has do not matter
     * @param config targets, ranks and alphas; plain LoRA on linear modules whose weight lies beside their input
     * @param batches what the base is shown, with the placeholders of its outputs, and of its loss where gradients are
     *     needed; may be gone through several times; not looked at by {@link #pissa}
     * @return the start
     * @throws IllegalArgumentException if the config cannot have such a start on this graph, there is no batch where one is
     *     needed, or numbers are not finite; the message lists everything
     */
    StartedAdapter of(AdaptedSameDiff model, LoraConfig config, Iterable<Batch> batches);

    /**
     * EVA with the defaults of PEFT: equal ranks, scaling kept, no whitening.
     *
     * @return the start
     */
    static EvaStart eva() {
        return new EvaStart(1, 0.99, false, true);
    }

    /**
     * CorDA for what is to be learned: the components along which the data move the outputs most.
     *
     * @return the start
     */
    static CordaStart cordaForInstructions() {
        return new CordaStart(CordaStart.Mode.INSTRUCTION_PREVIEWED);
    }

    /**
     * CorDA for what is to be kept: the components that the data shown use least, so that what they use stays.
     *
     * @return the start
     */
    static CordaStart cordaForKnowledge() {
        return new CordaStart(CordaStart.Mode.KNOWLEDGE_PRESERVED);
    }

    /**
     * LoRA-GA with the defaults of PEFT: direction {@code ArB2r}, stable scale with gamma 16.
     *
     * @return the start
     */
    static LoraGaStart loraGa() {
        return new LoraGaStart(LoraGaStart.Direction.A_R_B_2R, LoraGaStart.Scale.STABLE, 16);
    }

    /**
     * PiSSA by a randomized decomposition, for weights whose exact one takes too long (PEFT: {@code pissa_niter_*}).
     *
     * @param iterations of the subspace, 0 or more; PEFT's examples have 4 and 16
     * @param seed of the random directions
     * @return the start
     */
    static PissaNiterStart pissa(int iterations, long seed) {
        return new PissaNiterStart(iterations, seed);
    }
}
