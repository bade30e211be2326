/**
 * Text classification tasks out of WordNet 3.1: the category of a noun or a verb from its gloss.
 *
 * <p>WordNet's licence is in the data files themselves (Princeton University; use, copy and redistribution allowed with
 * its notice). Uses the public API of {@code lora-dl4j} only.
 */
package org.lora4j.integration.wordnet;
