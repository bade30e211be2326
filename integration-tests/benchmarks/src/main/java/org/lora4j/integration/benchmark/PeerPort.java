/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.lora4j.internal.http.FailureTable;
import org.lora4j.internal.http.HttpFront;
import org.lora4j.internal.http.HttpLimits;
import org.lora4j.internal.http.HttpRoute;
import org.lora4j.internal.http.HttpSettings;
import org.lora4j.internal.http.Metrics;

/** The HTTP layer of lora4j's server with routes of others behind it. */
final class PeerPort {

    private PeerPort() {}

    static HttpFront open(HttpRoute route) throws IOException {
        HttpFront front = HttpFront.listen(
                new HttpSettings(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        HttpLimits.usual(),
                        Set.of(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        line -> {},
                        false,
                        new FailureTable().andUsual(),
                        new Metrics("peer_")),
                List.of());
        front.serve(List.of(route));
        return front;
    }
}
