/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;

/**
 * What a task takes of an encoder.
 *
 * @param name what it is called, for the adapter's file; perhaps empty
 * @param weights the weights, shared
 * @param pooling how a text becomes one vector
 * @param tokenTypes whether the second text of a pair is told from the first
 * @apiNote Status: internal
 */
public record EncoderParts(String name, EncoderWeights weights, Pooling pooling, boolean tokenTypes) {}
