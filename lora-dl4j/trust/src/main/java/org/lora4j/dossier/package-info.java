/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What travels with an adapter: a model card, a bill of materials and a signature, in one call
 * ({@link org.lora4j.dossier.Dossier}). And the gate between a candidate and what is in use
 * ({@link org.lora4j.dossier.PromotionGate}).
 */
package org.lora4j.dossier;
