/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.Map;

/**
 * The shapes of a graph's variables for some inputs.
 *
 * @param shapes by variable
 * @param ofValues whether they may be others for inputs of the same shapes and other values
 * @apiNote Status: internal
 */
public record KnownShapes(Map<String, long[]> shapes, boolean ofValues) {}
