/**
 * The cache of frozen prefixes: what lies below everything that trains is computed once for each example or batch.
 *
 * <p>{@link org.lora4j.train.cache.PrefixCache} says how much may be kept and where, {@link
 * org.lora4j.train.cache.BatchIdentity} what a batch is known by from one epoch to the next. Batches without identities
 * are known by their content ({@link org.lora4j.internal.cache.BatchMemory}). The training loop and the Deeplearning4j
 * host use it.
 */
package org.lora4j.train.cache;
