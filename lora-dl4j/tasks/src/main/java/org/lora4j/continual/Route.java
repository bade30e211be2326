/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

/**
 * Where a {@link TaskRouter} sends an input.
 *
 * @param task the task whose prototype is closest
 * @param distance how far away it is, 0 or more; squared
 * @param known whether that is close enough to be of a known task; true as long as the router has no threshold
 * @apiNote Status: experimental
 */
public record Route(String task, double distance, boolean known) {}
