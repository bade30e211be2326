/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

/**
 * Who may ask.
 *
 * @apiNote Status: internal
 */
public enum Access {
    /** Everybody who reaches the address, as probes of a cluster do. */
    OPEN,
    /** Who has the token of callers, if the server has one. */
    CALLER,
    /** Who has the token of administrators; nobody without one. */
    ADMIN
}
