/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

/**
 * How the hidden states of a sequence become one vector.
 *
 * @apiNote Status: stable
 */
public enum Pooling {
    /**
     * The mean over the tokens that the attention mask keeps, as sentence encoders do (Reimers and Gurevych 2019,
     * arXiv:1908.10084, section 3). A sequence without any kept token gives zeros.
     */
    MEAN,
    /**
     * {@link #MEAN}, divided by its Euclidean length: what sentence encoders give that end in the module {@code Normalize},
     * such as all-MiniLM-L6-v2. A head on it needs a larger learning rate than one on {@link #MEAN}, as its inputs are
     * smaller.
     */
    NORMALIZED_MEAN,
    /** The hidden state of the first token. */
    CLS,
    /** {@link #CLS}, divided by its Euclidean length: what the BGE models give. */
    NORMALIZED_CLS,
    /**
     * BERT's pooler: a trained linear module {@code pooler.dense} over the hidden state of the first token, then tanh
     * (Devlin et al. 2018, arXiv:1810.04805, whose code trains it with the next sentence task). Needs weights that have
     * one, see {@link EncoderWeights#hasPooler}.
     */
    POOLER
}
