/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import java.time.Duration;

/**
 * What one client may take.
 *
 * @param bodyBytes of a request
 * @param headerBytes of a request line with its headers
 * @param connections open at the same time
 * @param requests accepted and not answered
 * @param idle between an answer and the head of the next request
 * @param arrival from the head of a request to its last byte
 * @param answer from the last byte of a request to the last of its answer
 * @param stalled how long a client may take no byte of an answer
 * @param waitingBytes of events that a client has not taken
 * @apiNote Status: internal
 */
public record HttpLimits(
        int bodyBytes,
        int headerBytes,
        int connections,
        int requests,
        Duration idle,
        Duration arrival,
        Duration answer,
        Duration stalled,
        int waitingBytes) {

    /** What is usual. */
    public static HttpLimits usual() {
        return new HttpLimits(
                4 << 20,
                16 << 10,
                1024,
                512,
                Duration.ofSeconds(75),
                Duration.ofSeconds(30),
                Duration.ofMinutes(10),
                Duration.ofSeconds(60),
                4 << 20);
    }
}
