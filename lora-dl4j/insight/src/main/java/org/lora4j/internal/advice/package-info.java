/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What advice is measured by, over rows of numbers and plain texts: out-of-fold predictions of a head, confident learning, nearest
 * rows, areas under curves, words that tell two sets of texts apart. It knows nothing of sentences, thresholds or what to do.
 */
package org.lora4j.internal.advice;
