/**
 * Tribuo trainers, models and provenance over adapted networks. This package may use the public API of
 * {@code lora-dl4j} and of Tribuo, nothing internal of either.
 */
package org.lora4j.tribuo;
