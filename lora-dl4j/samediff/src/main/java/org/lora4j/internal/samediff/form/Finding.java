/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

/**
 * What a form says about one weight that an op reads.
 *
 * @apiNote Status: internal
 */
public sealed interface Finding permits Site, RefusedWeight {}
