/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

/**
 * In which part an adapter answers.
 *
 * @apiNote Status: experimental
 */
public enum RouteRole {
    /** It was asked for by its own name. */
    DIRECT,
    /** An alias points to it. */
    CURRENT,
    /** A candidate that got the request for a part of the keys; its answer is returned. */
    CANARY,
    /** A candidate that answers too; its answer is compared and dropped. */
    SHADOW
}
