/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

/**
 * In how many parts an executor runs a batch, and why.
 *
 * @param count number of parts, each on a thread of its own; 1 if the batch stays whole
 * @param reason words for reports, such as why the batch stays whole
 * @apiNote Status: stable
 */
public record ExecutionParts(int count, String reason) {

    /** The reason if a batch could be cut, but is too small to be worth it. */
    public static final String TOO_LITTLE = "too little work to share";
}
