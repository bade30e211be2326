/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import java.time.Duration;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * What clients may take of a server.
 *
 * @param bodyBytes of one request; a longer one is answered with 413
 * @param connections open at the same time; further ones are closed
 * @param requests accepted and not answered; further ones are answered with 429
 * @param arrival how long the body of a request may take to come, answered with 408
 * @param answer how long an answer may take, answered with 504
 * @param stalled how long a client may read nothing of an answer before it is given up
 * @apiNote Status: experimental
 */
public record ServerLimits(
        int bodyBytes, int connections, int requests, Duration arrival, Duration answer, Duration stalled) {

    /**
     * Checks the values.
     *
     * @param bodyBytes as in the record
     * @param connections as in the record
     * @param requests as in the record
     * @param arrival as in the record
     * @param answer as in the record
     * @param stalled as in the record
     * @throws IllegalArgumentException if one is below 1, or a time is not positive; the message lists all
     */
    public ServerLimits {
        Problems problems = new Problems();
        problems.atLeast("bodyBytes", bodyBytes, 1);
        problems.atLeast("connections", connections, 1);
        problems.atLeast("requests", requests, 1);
        positive(problems, "arrival", arrival);
        positive(problems, "answer", answer);
        positive(problems, "stalled", stalled);
        problems.throwIfAny("ServerLimits");
    }

    private static void positive(Problems problems, String name, Duration time) {
        Arguments.required(time, "ServerLimits: " + name, "a time, such as Duration.ofSeconds(30)");
        problems.check(!time.isZero() && !time.isNegative(), name + " = " + time + ", expected more than nothing");
    }

    /**
     * What is usual: 4 MiB, 1,024 connections, 512 requests, 30 seconds, 10 minutes, 60 seconds.
     *
     * @return the limits
     */
    public static ServerLimits usual() {
        return new ServerLimits(
                4 << 20, 1024, 512, Duration.ofSeconds(30), Duration.ofMinutes(10), Duration.ofSeconds(60));
    }

    /**
     * The same with longer or shorter bodies.
     *
     * @param bytes 1 or more
     * @return the limits
     */
    public ServerLimits withBodyBytes(int bytes) {
        return new ServerLimits(bytes, connections, requests, arrival, answer, stalled);
    }

    /**
     * The same with more or fewer connections.
     *
     * @param count 1 or more
     * @return the limits
     */
    public ServerLimits withConnections(int count) {
        return new ServerLimits(bodyBytes, count, requests, arrival, answer, stalled);
    }

    /**
     * The same with more or fewer requests at a time.
     *
     * @param count 1 or more
     * @return the limits
     */
    public ServerLimits withRequests(int count) {
        return new ServerLimits(bodyBytes, connections, count, arrival, answer, stalled);
    }

    /**
     * The same with more or less time for a body to come.
     *
     * @param time more than nothing
     * @return the limits
     */
    public ServerLimits withArrival(Duration time) {
        return new ServerLimits(bodyBytes, connections, requests, time, answer, stalled);
    }

    /**
     * The same with more or less time for an answer.
     *
     * @param time more than nothing
     * @return the limits
     */
    public ServerLimits withAnswer(Duration time) {
        return new ServerLimits(bodyBytes, connections, requests, arrival, time, stalled);
    }

    /**
     * The same with more or less time in which a client reads nothing.
     *
     * @param time more than nothing
     * @return the limits
     */
    public ServerLimits withStalled(Duration time) {
        return new ServerLimits(bodyBytes, connections, requests, arrival, answer, time);
    }
}
