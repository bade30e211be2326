/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

/**
 * What a form says about one weight that an op reads.
 *
 * @apiNote Status: experimental
 */
public interface Finding {}
