/**
 * Six text tasks over one encoder: an adapter for each, shared and own factors together, and full fine-tuning.
 *
 * <p>Uses the public API of {@code lora-dl4j} only.
 */
package org.lora4j.integration.multitask;
