/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;

/**
 * How a server is reached, and by whom.
 *
 * @param address where it listens
 * @param limits what a client may take
 * @param hosts names, in lower case, by which clients call it, besides those of this machine alone and the address that they
 *     connected to
 * @param token what callers bring; empty if nobody has to
 * @param adminToken what administrators bring; empty if nobody may
 * @param tls what encrypts; empty for plain HTTP
 * @param accessLog takes a line for each request
 * @param logBodies whether these lines have what was asked
 * @param failures what clients are told of exceptions
 * @param metrics where requests are counted
 * @apiNote Status: internal
 */
public record HttpSettings(
        InetSocketAddress address,
        HttpLimits limits,
        Set<String> hosts,
        Optional<BearerToken> token,
        Optional<BearerToken> adminToken,
        Optional<SSLContext> tls,
        Consumer<String> accessLog,
        boolean logBodies,
        FailureTable failures,
        Metrics metrics) {}
