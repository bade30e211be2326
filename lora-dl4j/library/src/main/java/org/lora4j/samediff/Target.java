/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

/**
 * A module, or a parameter seen as one, that an adapter gives factors.
 *
 * @param path the path under which the adapter holds the factors: the module's own, except where PEFT wraps modules in
 *     one another
 * @param module what is adapted
 * @param rank rank of the update
 * @param scaling factor on the update
 */
record Target(String path, GraphModule module, int rank, double scaling) {}
